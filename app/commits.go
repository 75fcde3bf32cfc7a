package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sneakers23/app/sleep"
)

// commits knows whether the database commits orders. A purchase that fails sets it off: until
// something is committed again, it tries a small write itself, once a second, and a node at which
// nothing was committed for commitPatience is not ready. So one cart that cannot be written for a
// reason of its own makes no node unready. It is a service.
type commits struct {
	try   func(context.Context) error // writes something, and commits
	log   *slog.Logger
	awake chan struct{} // buffer 1: a token says that something failed

	mu      sync.Mutex
	failing time.Time // since when nothing was committed that was tried; zero: what was tried last was
	said    bool      // that nothing is committed
}

const (
	commitPatience = 2 * time.Second
	tryEvery       = time.Second
	tryWithin      = 5 * time.Second // a silent database must not hold up the next try for ever
)

func newCommits(try func(context.Context) error, log *slog.Logger) *commits {
	return &commits{try: try, log: log, awake: make(chan struct{}, 1)}
}

// attempted goes into ledger.Config.Attempted.
func (c *commits) attempted(committed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case committed:
		if c.said {
			c.log.Info("the database commits again, the node is ready")
		}
		c.failing, c.said = time.Time{}, false
	case c.failing.IsZero():
		c.failing = time.Now()
		select {
		case c.awake <- struct{}{}:
		default: // it is awake
		}
	}
}

// stopped reports whether nothing was committed for so long that the node is not ready. It may be
// called from any goroutine.
func (c *commits) stopped() bool { return c.failingFor() >= commitPatience }

// failingFor is for how long nothing was committed of what was tried; 0 if what was tried last was.
// It may be called from any goroutine.
func (c *commits) failingFor() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failing.IsZero() {
		return 0
	}
	return time.Since(c.failing)
}

// String names the service in logs.
func (c *commits) String() string { return "app.commits" }

// Serve tries to write while nothing is committed, until ctx ends.
func (c *commits) Serve(ctx context.Context) error {
	for {
		if c.trouble() {
			_ = sleep.For(ctx, tryEvery)
			c.tryOnce(ctx)
		} else {
			select {
			case <-c.awake:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// trouble reports whether what was tried last was not committed.
func (c *commits) trouble() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.failing.IsZero()
}

func (c *commits) tryOnce(ctx context.Context) {
	if !c.trouble() || ctx.Err() != nil { // a purchase was committed meanwhile
		return
	}
	within, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	err := c.try(within)
	if ctx.Err() != nil {
		return
	}
	c.attempted(err == nil)
	if err != nil && c.stopped() {
		c.logStopped(err)
	}
}

// logStopped logs once that nothing is committed, and why.
func (c *commits) logStopped(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.said && !c.failing.IsZero() {
		c.said = true
		c.log.Error("the database commits nothing, the node is not ready and tries again each second", "err", err)
	}
}
