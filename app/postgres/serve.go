package postgres

import (
	"context"
	"time"

	"sneakers23/app/sleep"
)

const (
	watchEvery = 200 * time.Millisecond // a dead server is noticed this soon
	calm       = time.Minute            // a server that ran as long died of something new
	backoffMin = time.Second
	backoffMax = 30 * time.Second
)

// Serve keeps the server running until ctx ends: it restarts it, at the same address, when it has
// died or was stopped from outside. The first time it does so at once, then with growing pauses. It
// returns ctx's error.
func (s *Server) Serve(ctx context.Context) error {
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	var pause time.Duration
	since := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-watch.C:
		}
		if _, up := running(s.place); up {
			continue
		}
		if time.Since(since) > calm {
			pause = 0
		}
		s.cfg.Log.Error("PostgreSQL is gone; starting it again", "dir", s.place.data, "pause", pause)
		if err := sleep.For(ctx, pause); err != nil {
			return err
		}
		pause = min(max(2*pause, backoffMin), backoffMax)
		if err := s.Ensure(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("PostgreSQL does not start", "dir", s.place.data, "err", err)
		}
		since = time.Now()
	}
}

// String names the service for its supervisor.
func (s *Server) String() string { return "PostgreSQL in " + s.place.data }
