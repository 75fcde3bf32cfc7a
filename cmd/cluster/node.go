package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// node is a node of the cluster: a process, if it runs. Its methods are called by one goroutine.
type node struct {
	name    string
	url     string
	devices string // host:port at which they connect
	command []string
	env     []string
	term    *terminal

	process *os.Process   // nil before the first start
	up      chan struct{} // closed when it says that it is ready
	ended   chan struct{} // closed when it is gone
}

// stopWithin is more than a node takes by default to stop in an orderly way.
const stopWithin = 40 * time.Second

// running tells whether the process is there.
func (n *node) running() bool {
	if n.process == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// start runs the process. It returns before the node is ready.
func (n *node) start() error {
	if n.running() {
		return fmt.Errorf("node %s runs already", n.name)
	}
	cmd := exec.Command(n.command[0], n.command[1:]...)
	cmd.Env = n.env
	cmd.SysProcAttr = attributes()
	log := n.term.lines(n.name)
	cmd.Stderr = log
	cmd.WaitDelay = time.Second // whatever may have inherited its streams
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	up, ended := make(chan struct{}), make(chan struct{})
	started := make(chan error) // unbuffered: start waits for it
	// The goroutine ends with the process, for which gone waits.
	go func() {
		runtime.LockOSThread() // the kernel ends the process with the thread that has started it, see attributes
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		defer close(ended)
		if json.NewDecoder(out).Decode(new(struct{})) == nil {
			close(up)
			n.term.line(n.name, fmt.Sprintf("is up at %s, process %d", n.url, cmd.Process.Pid))
		}
		_, _ = io.Copy(io.Discard, out)
		err = cmd.Wait()
		log.flush()
		n.term.line(n.name, n.ending(err))
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("node %s: %w", n.name, err)
	}
	n.process, n.up, n.ended = cmd.Process, up, ended
	return nil
}

// ready waits until the node is ready.
func (n *node) ready(ctx context.Context) error {
	select {
	case <-n.up:
		return nil
	case <-n.ended:
		return fmt.Errorf("node %s did not start: its log says why", n.name)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// stop tells the node to stop in an orderly way, and does not wait for it.
func (n *node) stop() { n.signal(syscall.SIGTERM) }

// kill ends the node as bad luck would.
func (n *node) kill() { n.signal(syscall.SIGKILL) }

func (n *node) signal(s syscall.Signal) {
	if n.running() {
		_ = n.process.Signal(s) // it may be gone by now
	}
}

// gone waits for the end of the process, and forces it after a time that is enough for an orderly
// one.
func (n *node) gone() error {
	if n.process == nil {
		return nil
	}
	select {
	case <-n.ended:
		return nil
	case <-time.After(stopWithin):
		n.kill()
		<-n.ended
		return fmt.Errorf("node %s did not stop within %v and was killed", n.name, stopWithin)
	}
}

// ending says how the process ended.
func (n *node) ending(err error) string {
	if err == nil {
		return "has stopped"
	}
	return fmt.Sprintf("is gone: %v; start %s starts it again", err, n.name)
}
