// Package initdbtest makes the clusters of tests by copying one that initdb has made: initdb takes
// more than a second of CPU, a copy takes a twentieth of that.
//
// It stands in for initdb outside of the program: a directory of PostgreSQL's programs in which
// initdb is a script that copies. So everything else in package postgres runs as it does for a
// node, and a test that is about initdb itself uses the real directory.
//
// The copied cluster is kept in a directory of the user under os.TempDir, one for each installation
// of PostgreSQL and each day: what systems delete there is days old. [Prepare] says what differs
// from a new one.
package initdbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Maker makes a cluster somewhere below the empty directory dir, which every user may pass
// through, runs [Prepare] in it, shuts it down, and returns its data directory.
type Maker = func(dir string) (data string, err error)

// prepare is what is done once in the cluster that is copied. Every file costs, so only the
// database stays that a node connects to. No test takes the power from a machine: what a killed
// server has written is in the kernel's memory, and survives without fsync.
var prepare = []string{
	`ALTER DATABASE template0 IS_TEMPLATE false`,
	`ALTER DATABASE template1 IS_TEMPLATE false`,
	`DROP DATABASE template0`,
	`DROP DATABASE template1`,
	`DROP DATABASE postgres`,
	`ALTER SYSTEM SET fsync = off`,
}

// Prepare makes of a new cluster, whose database sneakers23 is at url, one that can be copied.
func Prepare(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("initdbtest: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range prepare {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("initdbtest: %s: %w", sql, err)
		}
	}
	return nil
}

// BinDir returns a directory that stands for bin, a directory of PostgreSQL's programs of that
// version. Its initdb copies a cluster. The first call on a machine makes the cluster; callers in
// other processes wait for that.
func BinDir(bin, version string, maker Maker) (string, error) {
	home, err := ownHome()
	if err != nil {
		return "", fmt.Errorf("initdbtest: %w", err)
	}
	postgres, err := os.Stat(filepath.Join(bin, "postgres"))
	if err != nil {
		return "", fmt.Errorf("initdbtest: %w", err)
	}
	sum := sha256.Sum256(fmt.Append(nil, bin, version, postgres.Size(), postgres.ModTime().UnixNano(), prepare, script))
	made := filepath.Join(home, time.Now().UTC().Format(time.DateOnly)+"-"+hex.EncodeToString(sum[:8]))
	lock, err := os.OpenFile(made+".lock", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", fmt.Errorf("initdbtest: %w", err)
	}
	defer lock.Close()
	if err := wait(lock); err != nil {
		return "", fmt.Errorf("initdbtest: lock %s: %w", lock.Name(), err)
	}
	if _, err := os.Stat(filepath.Join(made, "bin", "initdb")); err == nil {
		return filepath.Join(made, "bin"), nil
	}
	removeOld(home)
	if err := build(made, bin, maker); err != nil {
		return "", fmt.Errorf("initdbtest: %w", errors.Join(err, os.RemoveAll(made)))
	}
	return filepath.Join(made, "bin"), nil
}

// ownHome is where this user's clusters are kept. A directory of that name that another user has
// made is refused.
func ownHome() (string, error) {
	home := filepath.Join(os.TempDir(), fmt.Sprintf("sneakers23-initdb-%d", os.Geteuid()))
	if err := os.Mkdir(home, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	fi, err := os.Lstat(home)
	if err != nil {
		return "", err
	}
	if !fi.IsDir() || int(fi.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() || fi.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s was made by somebody else: remove it", home)
	}
	return home, os.Chmod(home, 0o755) // whatever the umask was
}

// removeOld removes what no test uses any more: none takes two days.
func removeOld(home string) {
	entries, err := os.ReadDir(home)
	if err != nil {
		return // nothing to remove, or build will say why
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > 48*time.Hour {
			os.RemoveAll(filepath.Join(home, e.Name())) // what stays is tried again tomorrow
		}
	}
}

// wait takes the lock. It goes with the file.
func wait(lock *os.File) error {
	for {
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// script is the initdb of a stand-in. It is run by the user who will own the cluster.
const script = `#!/bin/sh
# A stand-in of the tests: it copies a cluster that initdb has made before.
for arg; do
	case $arg in --pgdata=*) data=${arg#--pgdata=} ;; esac
done
exec cp -R %s/. "$data/"
`

// build makes the cluster and the directory of programs. initdb comes last: the directory is whole
// when it is there.
func build(made, bin string, maker Maker) error {
	if err := os.RemoveAll(made); err != nil { // left by a process that was killed
		return err
	}
	for _, dir := range []string{made, filepath.Join(made, "cluster"), filepath.Join(made, "bin")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	data, err := maker(filepath.Join(made, "cluster"))
	if err != nil {
		return err
	}
	programs, err := os.ReadDir(bin)
	if err != nil {
		return err
	}
	for _, p := range programs {
		if p.Name() == "initdb" {
			continue
		}
		if err := os.Symlink(filepath.Join(bin, p.Name()), filepath.Join(made, "bin", p.Name())); err != nil {
			return err
		}
	}
	initdb := filepath.Join(made, "bin", "initdb")
	if err := os.WriteFile(initdb+".new", fmt.Appendf(nil, script, quote(data)), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(initdb+".new", 0o755); err != nil {
		return err
	}
	return os.Rename(initdb+".new", initdb)
}

// quote makes one word of the shell.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
