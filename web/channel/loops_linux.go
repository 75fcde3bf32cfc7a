package channel

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// loops wait for the wires of a server by Linux's epoll, so that a quiet one needs
// no goroutine. There is one for each processor; a wire stays with its loop.
type loops struct {
	wanted bool          // Config.Epoll
	silent time.Duration // for how long a client may be
	log    *slog.Logger

	started sync.Once // by the first wire
	all     []*loop
	next    atomic.Uint32
}

const haveLoops = true

// add hands a wire to a loop. False means that the wire is to be parked.
func (s *loops) add(w *wire) bool {
	if !s.wanted || w.out.Raw() == nil {
		return false
	}
	s.started.Do(s.start)
	if len(s.all) == 0 {
		return false
	}
	return s.all[int(s.next.Add(1))%len(s.all)].add(w)
}

func (s *loops) start() {
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

// stop ends the loops. By then all wires must have left them.
func (s *loops) stop() {
	s.started.Do(func() {}) // never more
	s.stopAll()
}

func (s *loops) stopAll() {
	for _, l := range s.all {
		l.stop()
	}
	s.all = nil
}
