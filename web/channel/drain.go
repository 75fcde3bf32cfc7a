package channel

import (
	"context"
	"math"
	"time"

	"github.com/gorilla/websocket"
)

// Drain closes the sockets with 1012 (service restart), a slice every second, so
// that their clients do not all come back at once elsewhere; new ones are refused
// with 503. When ctx ends, the others are closed at once, the contexts of callbacks
// are cancelled, and Drain returns ctx's cause. It always waits for the goroutines
// of all sockets, and so for callbacks that do not heed their context.
func (s *Server) Drain(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	slice := max(s.cfg.DrainLeast, int(s.cfg.DrainShare*float64(len(s.conns))))
	s.mu.Unlock()

	err := inSlices(ctx, slice, s.closeSome)
	stop := context.AfterFunc(ctx, func() { s.cancel(ErrSocketClosed) })
	defer stop()
	s.running.Wait()
	s.flusher.stop()
	s.loops.stop()
	s.cancel(ErrSocketClosed)
	return err
}

// Close is Drain without patience.
func (s *Server) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Drain(ctx)
}

// closeSome closes up to n sockets, and reports whether there are others.
func (s *Server) closeSome(n int) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if n == 0 {
			return true
		}
		if c.close(websocket.CloseServiceRestart, "", false) {
			n--
		}
	}
	return false
}

// inSlices calls closeSome for a slice every second, as long as there are more. When
// ctx ends before, it is called for all the others, and ctx's cause is returned.
func inSlices(ctx context.Context, slice int, closeSome func(n int) (more bool)) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for closeSome(slice) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			closeSome(math.MaxInt)
			return context.Cause(ctx)
		}
	}
	return nil
}
