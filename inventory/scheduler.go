package inventory

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Scheduler opens drops when their time has come. It is a service: see Serve. Every node has one;
// the database lets one of them do it, whichever planned the drop, and whatever their clocks say.
type Scheduler struct {
	server *Server
	open   func(context.Context, Drop) error
	log    *slog.Logger
	wake   chan struct{} // buffer 1: one token says that plans may have changed
}

// NewScheduler makes a scheduler of the drops in the store of s. open opens a drop that is due,
// unless that was done, or it is not due after all. [Scheduler.Watch] must be among the watchers of
// s.
func NewScheduler(s *Server, open func(context.Context, Drop) error, log *slog.Logger) *Scheduler {
	return &Scheduler{server: s, open: open, log: log, wake: make(chan struct{}, 1)}
}

// String names the service in logs.
func (s *Scheduler) String() string { return "inventory.Scheduler" }

// Watch is told of changes, and makes Serve look at the plans again if a product was among them:
// products show when they are to be released.
func (s *Scheduler) Watch(_ context.Context, n Notice) {
	if len(n.Products) == 0 {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Serve waits for the next drop and opens it, until ctx ends. It asks the database for its time and
// how long it has to wait, also now and then meanwhile: other nodes plan, and clocks drift. When
// the wait is over, it asks no more and opens the drop: whether that is due is decided there. A
// drop that can't be opened at the moment does not keep the others waiting.
func (s *Scheduler) Serve(ctx context.Context) error {
	const (
		look  = 2 * time.Second       // between two looks, and after a failure
		again = 50 * time.Millisecond // a drop is held, or the wait was a little short
	)
	var (
		held    []DropID // due, and not opened in this round
		pause   = again  // after the round
		failing bool
	)
	for ctx.Err() == nil {
		next, wait, err := s.next(ctx, held)
		none := errors.Is(err, ErrNotFound)
		switch {
		case len(held) > 0 && (none || err == nil && wait > 0):
			s.sleep(ctx, pause)
			held, pause = nil, again
			continue
		case none:
			s.sleep(ctx, look)
			err = nil
		case err != nil:
			s.sleep(ctx, look)
		case wait > look:
			s.sleep(ctx, look)
		case s.sleep(ctx, wait):
			if err = s.open(ctx, next); err != nil {
				held = append(held, next.ID)
			}
		}
		if errors.Is(err, ErrNotDue) {
			continue
		}
		if err != nil && ctx.Err() == nil {
			pause = look
			if !failing {
				s.log.Error("drops, will try again until they are open", "err", err)
			}
		}
		failing = err != nil
	}
	return context.Cause(ctx)
}

// sleep reports whether the time has passed: not if plans may have changed before, or ctx has
// ended.
func (s *Scheduler) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.wake:
	case <-ctx.Done():
	}
	return false
}

// next returns the next drop but for some, and how long it is until then.
func (s *Scheduler) next(ctx context.Context, but []DropID) (Drop, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.server.store.readTime(ctx, &s.server.clock); err != nil {
		return Drop{}, 0, err
	}
	return s.server.store.NextDrop(ctx, but...)
}
