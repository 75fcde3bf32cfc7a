package channel

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

// loop is a goroutine that reads what comes on many wires, and an epoll that tells
// it where. The epoll's descriptor is watched by Go's own poller in its turn, so that
// no thread waits in a system call.
type loop struct {
	epoll *os.File
	fd    int           // of it
	sweep time.Duration // between looks for silent clients
	done  chan struct{} // closed by run at its end

	mu    sync.Mutex
	wires map[int32]*wire // by descriptor
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
		wires: make(map[int32]*wire),
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
			if w := l.find(events[i].Fd); w != nil {
				w.serve(reader, now)
			}
		}
		if now.Sub(swept) >= l.sweep {
			l.closeSilent(now)
			swept = now
			l.epoll.SetReadDeadline(now.Add(l.sweep))
		}
	}
}

// add lets the loop read from a wire. False means that the wire is to be parked.
func (l *loop) add(w *wire) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing || w.out.Raw().Control(func(fd uintptr) { w.fd = int32(fd) }) != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: w.fd}
	if unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, int(w.fd), &event) != nil {
		return false
	}
	l.wires[w.fd] = w
	w.loop, w.polled, w.heard = l, true, time.Now()
	return true
}

// remove takes a wire off the loop. Its descriptor may be another's by now.
func (l *loop) remove(w *wire) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wires[w.fd] == w {
		delete(l.wires, w.fd)
		unix.EpollCtl(l.fd, unix.EPOLL_CTL_DEL, int(w.fd), nil)
	}
}

func (l *loop) find(fd int32) *wire {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wires[fd]
}

// closeSilent closes those from which nothing came for too long, up to an eighth
// later than it could.
func (l *loop) closeSilent(now time.Time) {
	var silent []*wire
	l.mu.Lock()
	for _, w := range l.wires {
		if now.Sub(w.heard) >= w.silent {
			silent = append(silent, w)
		}
	}
	l.mu.Unlock()
	for _, w := range silent {
		w.closeSilent()
	}
}

// serve reads once what has come, on the loop's goroutine.
func (w *wire) serve(r *conns.RawReader, now time.Time) {
	w.mu.Lock()
	w.busy = w.polled
	w.mu.Unlock()
	if !w.busy {
		return
	}
	w.alive = false
	data, err := r.Read(w.out.Raw())
	if err == nil {
		err = w.handleBytes(data)
	}
	if w.alive {
		w.heard = now
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	if err == nil && w.closing {
		err = conns.ErrShut
	}
	if err != nil {
		w.leaveLoop(err)
	}
}
