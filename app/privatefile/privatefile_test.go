package privatefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "secret")
	if _, err := Read(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for _, text := range []string{"one\n", "another\n"} {
		if err := Write(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(name); err != nil || string(got) != text {
			t.Errorf("got %q, %v, want %q", got, err, text)
		}
	}
	if is, err := os.Lstat(name); err != nil || is.Mode() != 0o600 {
		t.Errorf("made with %v, %v", is.Mode(), err)
	}
	if left, _ := filepath.Glob(name + ".*"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestFilesThatOthersMayUse(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "it's a secret")
	if err := Write(name, []byte("text")); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[fs.FileMode]bool{
		0o600: true, 0o400: true, 0o700: true, 0o711: true,
		0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o644: false, 0o666: false,
	} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Read(name)
		if good && err != nil {
			t.Errorf("%v: %v", mode, err)
		}
		mends := "`chmod 600 '" + strings.ReplaceAll(name, "'", `'\''`) + "'`"
		if !good && (err == nil || !strings.Contains(err.Error(), mends)) {
			t.Errorf("%v: %v, want the command %s", mode, err, mends)
		}
	}
}

// A link that another writer of the directory laid in the place of the file is not followed.
func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("unharmed"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secret", "other"} {
		for _, link := range []string{".part", ""} {
			if err := os.Symlink(victim, filepath.Join(dir, name+link)); err != nil {
				t.Fatal(err)
			}
		}
		name = filepath.Join(dir, name)
		if err := Write(name, []byte("text")); err != nil {
			t.Fatal(err)
		}
		if is, err := os.Lstat(name); err != nil || is.Mode() != 0o600 {
			t.Errorf("made as %v, %v", is.Mode(), err)
		}
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "unharmed" {
		t.Errorf("what a link led to holds %q, %v", text, err)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, "long")
	if err := os.WriteFile(long, make([]byte, longest+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, dir, long} {
		if _, err := Read(name); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// TestReadUpTo reads files that are longer than secrets, up to a bound.
func TestReadUpTo(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "long")
	if err := Write(name, make([]byte, longest+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(name); err == nil {
		t.Error("Read took a file that is too long for a secret")
	}
	if text, err := ReadUpTo(name, longest+1); err != nil || len(text) != longest+1 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if _, err := ReadUpTo(name, longest); err == nil {
		t.Error("ReadUpTo took more than it was to")
	}
}
