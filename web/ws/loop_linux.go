package ws

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"sneakers23/web/conns"

	"golang.org/x/sys/unix"
)

// loop is a goroutine that reads what comes on many connections, and an epoll that tells it where.
// The epoll's descriptor is watched by Go's own poller in its turn, so that no thread waits in a
// system call.
type loop struct {
	epoll *os.File
	fd    int           // of it
	sweep time.Duration // between looks for silent clients
	done  chan struct{} // closed by run at its end

	mu    sync.Mutex
	conns map[int32]*Conn // by descriptor
}

func newLoop(silent time.Duration) (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // else Go would not watch it
		unix.Close(fd)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	l := &loop{
		epoll: os.NewFile(uintptr(fd), "epoll"),
		fd:    fd,
		sweep: max(silent/8, 10*time.Millisecond),
		done:  make(chan struct{}),
		conns: make(map[int32]*Conn),
	}
	raw, err := l.epoll.SyscallConn()
	if err == nil {
		err = l.epoll.SetReadDeadline(time.Now().Add(l.sweep))
	}
	if err != nil {
		l.epoll.Close()
		return nil, fmt.Errorf("epoll: %w", err)
	}
	go l.run(raw)
	return l, nil
}

// stop ends the loop, and waits for that.
func (l *loop) stop() {
	l.epoll.Close() // wakes run
	<-l.done
}

// run reads where there is something to read, a little from each in turn.
func (l *loop) run(raw syscall.RawConn) {
	defer close(l.done)
	reader := conns.NewRawReader(false)
	defer reader.Release()
	var n int
	events := make([]unix.EpollEvent, 256)
	ready := func(fd uintptr) bool {
		n, _ = unix.EpollWait(int(fd), events, 0)
		return n != 0 // nor if the call was interrupted
	}
	swept := time.Now()
	for {
		n = 0
		if err := raw.Read(ready); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return // stopped
		}
		now := time.Now()
		for i := range max(n, 0) {
			if c := l.find(events[i].Fd); c != nil {
				c.serve(reader, now)
			}
		}
		if now.Sub(swept) >= l.sweep {
			l.closeSilent(now)
			swept = now
			l.epoll.SetReadDeadline(now.Add(l.sweep))
		}
	}
}

// add lets the loop read from a connection. False means that it is to be parked.
func (l *loop) add(c *Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.out.Raw().Control(func(fd uintptr) { c.fd = int32(fd) }) != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: c.fd}
	if unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, int(c.fd), &event) != nil {
		return false
	}
	l.conns[c.fd] = c
	c.loop, c.polled, c.heard = l, true, time.Now()
	return true
}

// remove takes a connection off the loop. Its descriptor may be another's by now.
func (l *loop) remove(c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns[c.fd] == c {
		delete(l.conns, c.fd)
		unix.EpollCtl(l.fd, unix.EPOLL_CTL_DEL, int(c.fd), nil)
	}
}

func (l *loop) find(fd int32) *Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conns[fd]
}

// closeSilent closes those from which nothing came for too long, up to an eighth later than it
// could.
func (l *loop) closeSilent(now time.Time) {
	var silent []*Conn
	l.mu.Lock()
	for _, c := range l.conns {
		if now.Sub(c.heard) >= c.silent {
			silent = append(silent, c)
		}
	}
	l.mu.Unlock()
	for _, c := range silent {
		c.closeSilent()
	}
}

// serve reads once what has come, on the loop's goroutine.
func (c *Conn) serve(r *conns.RawReader, now time.Time) {
	c.mu.Lock()
	c.busy = c.polled
	c.mu.Unlock()
	if !c.busy {
		return
	}
	c.alive = false
	data, err := r.Read(c.out.Raw())
	if err == nil {
		err = c.handleBytes(data)
	}
	if c.alive {
		c.heard = now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	if err == nil && c.closing {
		err = conns.ErrShut
	}
	if err != nil {
		c.leaveLoop(err)
	}
}
