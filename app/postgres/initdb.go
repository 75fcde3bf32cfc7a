package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// initialize makes a new cluster under a temporary name and moves it into its place when it is
// whole. So what a killed initdb left behind is never taken for a cluster. The caller holds the
// start lock.
func initialize(ctx context.Context, bin binaries, p place) error {
	if err := removeHalves(ctx, p.data); err != nil {
		return err
	}
	half, err := os.MkdirTemp(filepath.Dir(p.data), filepath.Base(p.data)+halfPattern)
	if err != nil {
		return fmt.Errorf("postgres: make the data directory: %w", err)
	}
	defer removeAll(context.WithoutCancel(ctx), half) // nothing is there any more when all went well
	if err := p.owner.own(half); err != nil {
		return fmt.Errorf("postgres: make the data directory: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readyLimit, fmt.Errorf("not ready after %v", readyLimit))
	defer cancel()
	cmd := command(ctx, p.owner, filepath.Join(bin.dir, "initdb"), "--pgdata="+half,
		"--username="+superuser, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--no-locale", "--data-checksums")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := runLocked(cmd, p.owner); err != nil {
		return fmt.Errorf("postgres: initdb in %s as the user %v: %w",
			filepath.Dir(p.data), p.owner, errors.Join(err, context.Cause(ctx), lastLines(out.Bytes())))
	}
	// an empty directory may have been there
	if err := os.Remove(p.data); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("postgres: move the new data directory to its place: %w", err)
	}
	if err := os.Rename(half, p.data); err != nil {
		return fmt.Errorf("postgres: move the new data directory to its place: %w", err)
	}
	return syncDir(filepath.Dir(p.data))
}

// halfPattern is in the names of the directories that initdb works in.
const halfPattern = ".initdb-"

// removeHalves removes what killed initdbs left behind. Their children may be at work for a moment
// more.
func removeHalves(ctx context.Context, data string) error {
	halves, err := filepath.Glob(escapeGlob(data) + halfPattern + "*")
	if err != nil {
		return fmt.Errorf("postgres: look for half-written data directories: %w", err)
	}
	for _, half := range halves {
		if err := removeAll(ctx, half); err != nil {
			return fmt.Errorf("postgres: remove a half-written data directory: %w", err)
		}
	}
	return nil
}

// removeAll removes a directory in which a process may still be writing: it retries for a while.
func removeAll(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := os.RemoveAll(dir)
		if err == nil || !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// escapeGlob makes a pattern that matches just path.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// runLocked runs a command that is killed with this process, however that ends.
func runLocked(cmd *exec.Cmd, owner account) error {
	cmd.SysProcAttr = attributes(owner, true)
	done := make(chan error, 1) // one answer
	go func() {
		runtime.LockOSThread() // the kernel means the thread when it says parent
		defer runtime.UnlockOSThread()
		done <- cmd.Run()
	}()
	return <-done
}

// syncDir makes the names in a directory last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("postgres: sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("postgres: sync %s: %w", dir, err)
	}
	return nil
}
