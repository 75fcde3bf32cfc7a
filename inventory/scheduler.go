package inventory

import (
	"context"
	"log/slog"
	"time"
)

// Scheduler releases products when their time has come. It is a service: see Serve. Every node has
// one; the database lets one of them do it.
type Scheduler struct {
	server *Server
	log    *slog.Logger
	wake   chan struct{} // buffer 1: one token says that schedules may have changed
}

// NewScheduler makes a scheduler that releases through s. [Scheduler.Watch] must be among the
// watchers of s.
func NewScheduler(s *Server, log *slog.Logger) *Scheduler {
	return &Scheduler{server: s, log: log, wake: make(chan struct{}, 1)}
}

// String names the service in logs.
func (s *Scheduler) String() string { return "inventory.Scheduler" }

// Watch is told of changes, and makes Serve look at the schedules again if a product was among
// them.
func (s *Scheduler) Watch(_ context.Context, n Notice) {
	if len(n.Products) == 0 {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Serve waits for the next scheduled time and releases what is due, until ctx ends.
func (s *Scheduler) Serve(ctx context.Context) error {
	const (
		again = 200 * time.Millisecond // the database's clock is behind ours
		later = 2 * time.Second        // the database is away
		idle  = time.Hour
	)
	failing := false
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		at, ok := next(s.server.Catalog())
		wait := min(time.Until(at), idle) // a wall clock may be set: look again now and then
		switch {
		case !ok:
			wait = idle
		case wait <= 0:
			wait = again
			err := s.server.ReleaseDue(ctx)
			if err != nil {
				wait = later
				if !failing {
					s.log.Error("scheduled release, will try again until it is done", "err", err)
				}
			}
			failing = err != nil
		}
		timer.Reset(wait)
	}
}

// next is the first scheduled time in the catalog.
func next(c *Catalog) (first time.Time, ok bool) {
	for p := range c.Products() {
		if p.ReleaseAt != nil && (!ok || p.ReleaseAt.Before(first)) {
			first, ok = *p.ReleaseAt, true
		}
	}
	return first, ok
}
