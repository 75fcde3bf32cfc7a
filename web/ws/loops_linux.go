package ws

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// HaveLoops reports whether this platform has Loops.
const HaveLoops = true

// Loops wait for the connections of a server by Linux's epoll, so that a quiet one needs no
// goroutine. There is one for each processor; a connection stays with its loop.
type Loops struct {
	silent time.Duration // for how long a client may be
	log    *slog.Logger

	started sync.Once // by the first connection
	all     []*loop
	next    atomic.Uint32
}

// NewLoops returns loops for connections whose [Limits.Silent] is silent: they look eight times in
// that time for clients that are. They start with the first connection.
func NewLoops(silent time.Duration, log *slog.Logger) *Loops {
	return &Loops{silent: silent, log: log}
}

// Add hands a connection to a loop. False means that it is to be parked: it is not a plain TCP
// connection, or has ended.
func (s *Loops) Add(c *Conn) bool {
	if c.out.Raw() == nil {
		return false
	}
	s.started.Do(s.start)
	if len(s.all) == 0 {
		return false
	}
	return s.all[int(s.next.Add(1))%len(s.all)].add(c)
}

func (s *Loops) start() {
	for range runtime.GOMAXPROCS(0) {
		l, err := newLoop(s.silent)
		if err != nil {
			s.log.Error("no epoll: sockets wait in goroutines", "err", err)
			s.stopAll()
			return
		}
		s.all = append(s.all, l)
	}
}

// Stop ends the loops. By then all connections must have left them.
func (s *Loops) Stop() {
	s.started.Do(func() {}) // never more
	s.stopAll()
}

func (s *Loops) stopAll() {
	for _, l := range s.all {
		l.stop()
	}
	s.all = nil
}
