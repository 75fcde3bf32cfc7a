package postgres

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestSocketElsewhere(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{
		"long":  strings.Repeat("/a-rather-long-name", 6),
		"comma": "/shoes,socks",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mustStart(t, dataDir(t)+dir)
			if s.socketDir == s.Dir() {
				t.Fatalf("the socket is in %s", s.socketDir)
			}
			query[int](t, s, "SELECT 1")
			fi, err := os.Stat(s.socketDir)
			if err != nil || fi.Mode().Perm() != 0o700 || ownerOf(fi).uid != s.place.owner.uid {
				t.Errorf("the socket's directory: %v, %v", fi, err)
			}
			mustStop(t, s)
			if _, err := os.Stat(s.socketDir); err == nil {
				t.Errorf("%s is left", s.socketDir)
			}
		})
	}
}

// TestSocketsLongestPath tries the lengths at the limit: what is chosen works.
func TestSocketsLongestPath(t *testing.T) {
	t.Parallel()
	for _, length := range []int{93, 94} {
		dir := dataDir(t)
		dir += "/" + strings.Repeat("x", length-len(dir)-len("/")-len("/postgres"))
		s := mustStart(t, dir)
		if len(s.Dir()) != length {
			t.Fatalf("the data directory's name has %d bytes, want %d", len(s.Dir()), length)
		}
		if inside, want := s.socketDir == s.Dir(), length+len("/"+socketName) <= 107; inside != want &&
			runtime.GOOS == "linux" {
			t.Errorf("%d bytes: the socket is in %s", length, s.socketDir)
		}
		query[int](t, s, "SELECT 1")
		mustStop(t, s)
	}
}

func TestSocketDirectoryOfAStranger(t *testing.T) {
	t.Parallel()
	dir := dataDir(t) + strings.Repeat("/a-rather-long-name", 6)
	taken := socketDir(dir + "/postgres")
	if err := os.Mkdir(taken, 0o755); err != nil { // others can get in
		t.Fatal(err)
	}
	defer os.Remove(taken)
	if err := someOwner(t).own(taken); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), config(t, dir))
	if err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("got %v, want that %s is not ours", err, taken)
	}
	t.Logf("says: %v", err)
}
