package postgres

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// command is a program of PostgreSQL's, run as owner, in a directory that he can enter, with
// nothing of this process's environment that would change what it does.
func command(ctx context.Context, owner account, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + filepath.Dir(program) + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attributes(owner, false)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with what it has started
	cmd.WaitDelay = time.Second
	return cmd
}

// A child is a server that this process has started.
type child struct {
	pid   int
	ended chan struct{} // closed when it has ended and is reaped
	err   error         // why; to be read after ended
	from  int64         // where its part of the log begins
}

// launch starts the server. The goroutine that reaps it ends with it. The server and all its
// processes inherit the run lock: it is free when the last of them has ended, and tells so in every
// container and under every user.
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
	// These settings win over the files of the cluster, so they are few: the way to the server is
	// what makes it ours. Everything else is PostgreSQL's default or the operator's choice, and
	// durability is not touched.
	cmd := command(context.Background(), p.owner, filepath.Join(bin.dir, "postgres"), "-D", p.data,
		"-c", "listen_addresses=", "-c", "port="+port,
		"-c", "unix_socket_directories="+quoteDirs(socketDir), "-c", "unix_socket_permissions=0700",
		"-c", "logging_collector=off", "-c", "log_destination=stderr")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{run}
	cmd.SysProcAttr = attributes(p.owner, dieWithParent)
	c := &child{ended: make(chan struct{}), from: from}
	if err := c.start(cmd, dieWithParent); err != nil {
		return nil, fmt.Errorf("postgres: start the server: %w", err)
	}
	return c, nil
}

// start starts the program and leaves a goroutine behind that reaps it.
func (c *child) start(cmd *exec.Cmd, dieWithParent bool) error {
	started := make(chan error, 1) // one answer; then c.pid is set
	go func() {
		if dieWithParent {
			runtime.LockOSThread() // the kernel means the thread when it says parent
			defer runtime.UnlockOSThread()
		}
		defer close(c.ended)
		err := cmd.Start()
		if err != nil {
			started <- err
			return
		}
		c.pid = cmd.Process.Pid
		started <- nil
		c.err = cmd.Wait()
	}()
	return <-started
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
