package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pollEvery is how often a waiting call looks at what happens in other processes.
const pollEvery = 10 * time.Millisecond

// lockLimit bounds the wait for another process that is starting or stopping the same server:
// its own limit and some more.
const lockLimit = readyLimit + 30*time.Second

// lock takes the file lock at path, shared or exclusive, and waits for it as long as ctx and
// lockLimit allow. Closing the file gives it back; so does the death of the process.
func lock(ctx context.Context, path string, how int, owner account) (*os.File, error) {
	f, err := openLock(path, owner)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockLimit, fmt.Errorf(
		"another process has been starting or stopping this PostgreSQL for %v: see what holds that file, and end it", lockLimit))
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := tryLock(f, how)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("postgres: lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("postgres: wait for the lock %s: %w", path, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// openLock opens a lock file, and makes it where it is missing.
func openLock(path string, owner account) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("postgres: the user %v may not write where the data is to be: choose another data directory, "+
			"or give it to him: %w", ownAccount(), err)
	}
	if err != nil {
		return nil, fmt.Errorf("postgres: open a lock file: %w", err)
	}
	if err := owner.own(path); err != nil { // for the day when the owner runs the node himself
		f.Close()
		return nil, fmt.Errorf("postgres: open a lock file: %w", err)
	}
	return f, nil
}

// tryLock does not wait: it returns syscall.EWOULDBLOCK if another holder has the lock.
func tryLock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// locked says whether anybody holds the lock at path.
func locked(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(tryLock(f, syscall.LOCK_SH), syscall.EWOULDBLOCK)
}
