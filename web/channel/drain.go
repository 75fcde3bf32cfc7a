package channel

import (
	"context"
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

	err := s.closeInSlices(ctx, slice)
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

func (s *Server) closeInSlices(ctx context.Context, slice int) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil && s.closeSome(slice) {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	if s.closeSome(-1) {
		return context.Cause(ctx)
	}
	return nil
}

// closeSome closes up to n sockets, all if n is negative, and reports whether
// there were any to close.
func (s *Server) closeSome(n int) (any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if n == 0 {
			return true
		}
		if c.close(websocket.CloseServiceRestart, "", false) {
			any = true
			n--
		}
	}
	return any
}
