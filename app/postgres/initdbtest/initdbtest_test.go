package initdbtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// installation is a directory of programs that do nothing.
func installation(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres", "pg_ctl"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\necho "+name+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

func TestBinDir(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir()))
	bin, made := installation(t), 0
	maker := func(dir string) (string, error) {
		made++
		data := filepath.Join(dir, "bo's cluster")
		return data, errors.Join(os.Mkdir(data, 0o700),
			os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("15\n"), 0o600))
	}
	failed := errors.New("no room")
	if _, err := BinDir(bin, "15.18", func(string) (string, error) { return "", failed }); !errors.Is(err, failed) {
		t.Errorf("got %v, want what the maker says", err)
	}
	for range 2 {
		got, err := BinDir(bin, "15.18", maker)
		if err != nil {
			t.Fatal(err)
		}
		data := filepath.Join(t.TempDir(), "new")
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(filepath.Join(got, "initdb"), "--encoding=UTF8", "--pgdata="+data,
			"--no-locale").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if version, err := os.ReadFile(filepath.Join(data, "PG_VERSION")); string(version) != "15\n" {
			t.Errorf("the copy has version %q, %v", version, err)
		}
		for _, name := range []string{"postgres", "pg_ctl"} {
			if out, err := exec.Command(filepath.Join(got, name)).Output(); err != nil || string(out) != name+"\n" {
				t.Errorf("%s says %q, %v", name, out, err)
			}
		}
	}
	if made != 1 {
		t.Errorf("%d clusters were made, want one", made)
	}
	home, err := ownHome()
	if err != nil {
		t.Fatal(err)
	}
	old, yesterday := filepath.Join(home, "old"), filepath.Join(home, "yesterday")
	for dir, age := range map[string]time.Duration{old: 49 * time.Hour, yesterday: 24 * time.Hour} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := BinDir(bin, "16.1", maker); err != nil || made != 2 {
		t.Errorf("another version: %d clusters were made, %v, want two", made, err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is older than two days is there: %v", err)
	}
	if _, err := os.Stat(yesterday); err != nil {
		t.Errorf("removed what a test may use: %v", err)
	}
}

func TestHomeOfAStranger(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	home, err := ownHome()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0o777); err != nil { // others can write here
		t.Fatal(err)
	}
	if _, err := BinDir(installation(t), "15.18", nil); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("got %v, want that it is not ours", err)
	}
}
