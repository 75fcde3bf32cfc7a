package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sneakers23/app/postgres"
)

// prefix of the directories that this package makes.
const prefix = "sneakers23-pgtest-"

// DataDir returns a temporary directory for a node that runs a private PostgreSQL in it. Unlike
// t.TempDir it can be reached by the unprivileged user who runs root's server. When the test is
// over, it is removed; a server that a killed node has left behind in it is stopped.
func DataDir(t testing.TB) string {
	t.Helper()
	dir, err := makeDir()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := stopOrphan(dir); err != nil {
			t.Errorf("pgtest: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return dir
}

// stopOrphan takes over a server and stops it.
func stopOrphan(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "postgres", "postmaster.pid")); err != nil {
		return nil
	}
	ctx, cancel := within("stop what a killed node has left")
	defer cancel()
	cfg, err := config(ctx, dir)
	if err != nil {
		return err
	}
	s, err := postgres.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("stop what a killed node has left: %w", err)
	}
	return s.Stop(ctx)
}

func makeDir() (string, error) {
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// removeOld removes the directories of tests that were killed: no test takes a day.
func removeOld() {
	old, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return // there is no such pattern, or nothing to remove
	}
	for _, dir := range old {
		if fi, err := os.Stat(dir); err == nil && time.Since(fi.ModTime()) > 24*time.Hour {
			os.RemoveAll(dir) // another user's stays
		}
	}
}
