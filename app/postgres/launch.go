package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// logLimit is how large the server's log may be when the server starts: a larger one becomes the old log, and the old
// one goes.
const logLimit = 8 << 20

// command is a program of PostgreSQL's, run as owner, in a directory that he can enter, with nothing of this process's
// environment that would change what it does.
func command(ctx context.Context, owner account, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + filepath.Dir(program) + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attributes(owner, false)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with what it has started
	cmd.WaitDelay = time.Second
	return cmd
}

// initialize makes a new cluster under a temporary name and moves it into its place when it is whole. So what a killed
// initdb left behind is never taken for a cluster. The caller holds the start lock.
func initialize(ctx context.Context, bin binaries, p place) error {
	if err := removeHalves(p.data); err != nil {
		return err
	}
	half, err := os.MkdirTemp(filepath.Dir(p.data), filepath.Base(p.data)+halfPattern)
	if err != nil {
		return fmt.Errorf("postgres: make the data directory: %w", err)
	}
	defer os.RemoveAll(half) // nothing is there any more when all went well
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
	if err := os.Remove(p.data); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty directory may have been there
		return fmt.Errorf("postgres: move the new data directory to its place: %w", err)
	}
	if err := os.Rename(half, p.data); err != nil {
		return fmt.Errorf("postgres: move the new data directory to its place: %w", err)
	}
	return syncDir(filepath.Dir(p.data))
}

// halfPattern is in the names of the directories that initdb works in.
const halfPattern = ".initdb-"

// removeHalves removes what killed initdbs left behind.
func removeHalves(data string) error {
	halves, err := filepath.Glob(escapeGlob(data) + halfPattern + "*")
	if err != nil {
		return fmt.Errorf("postgres: look for half-written data directories: %w", err)
	}
	for _, half := range halves {
		if err := os.RemoveAll(half); err != nil {
			return fmt.Errorf("postgres: remove a half-written data directory: %w", err)
		}
	}
	return nil
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

// A child is a server that this process has started.
type child struct {
	ended chan struct{} // closed when it has ended and is reaped
	err   error         // why; to be read after ended
	from  int64         // where its part of the log begins
}

// launch starts the server. The goroutine that reaps it ends with it. The server and all its processes inherit the run
// lock: it is free when the last of them has ended, and tells so in every container and under every user.
func launch(bin binaries, p place, socketDir string, dieWithParent bool) (*child, error) {
	log, err := openLog(p)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	from, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("postgres: open the log: %w", err)
	}
	run, err := openLock(p.runLock(), p.owner)
	if err != nil {
		return nil, err
	}
	defer run.Close() // the server's processes keep theirs
	if err := tryLock(run, syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("postgres: lock %s: %w", p.runLock(), err)
	}
	// These settings win over the files of the cluster, so they are few: the way to the server is what makes it ours.
	// Everything else is PostgreSQL's default or the operator's choice, and durability is not touched.
	cmd := command(context.Background(), p.owner, filepath.Join(bin.dir, "postgres"), "-D", p.data,
		"-c", "listen_addresses=", "-c", "port="+port,
		"-c", "unix_socket_directories="+quoteDirs(socketDir), "-c", "unix_socket_permissions=0700",
		"-c", "logging_collector=off", "-c", "log_destination=stderr")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{run}
	cmd.SysProcAttr = attributes(p.owner, dieWithParent)
	c := &child{ended: make(chan struct{}), from: from}
	started := make(chan error, 1) // one answer
	go func() {
		if dieWithParent {
			runtime.LockOSThread() // the kernel means the thread when it says parent
			defer runtime.UnlockOSThread()
		}
		defer close(c.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("postgres: start the server: %w", err)
	}
	return c, nil
}

// running says whether the child has not ended.
func (c *child) running() bool {
	if c == nil {
		return false
	}
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// openLog opens the log for a server that is to start.
func openLog(p place) (*os.File, error) {
	if fi, err := os.Stat(p.log()); err == nil && fi.Size() > logLimit {
		if err := os.Rename(p.log(), p.log()+".old"); err != nil {
			return nil, fmt.Errorf("postgres: put the old log away: %w", err)
		}
	}
	f, err := os.OpenFile(p.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("postgres: open the log: %w", err)
	}
	if err := p.owner.own(p.log()); err != nil {
		f.Close()
		return nil, fmt.Errorf("postgres: open the log: %w", err)
	}
	return f, nil
}

// logTail returns the last lines that a server wrote after a place in the log.
func logTail(path string, from int64) []byte {
	const enough = 4 << 10
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		from = max(from, end-enough)
	}
	text := make([]byte, enough)
	n, _ := f.ReadAt(text, from)
	return text[:n]
}

// lastLines makes an error of the end of a program's output; nil, if it said nothing.
func lastLines(out []byte) error {
	const enough = 8
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return errors.New(strings.Join(lines[max(0, len(lines)-enough):], "\n"))
}
