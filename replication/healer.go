// Package replication keeps this node's catalog equal to the database, whatever messages were lost.
//
// [Changes] tells the other nodes what this one has committed, and hands what they have committed
// to the one door of this node's inventory. A [Healer] compares catalog and database every few
// seconds, and at once when a message was missed, and hands what is different to the same door.
// [Applied] tells whether a change shows here. Changes and Healer are services: their owner runs
// Serve and waits for its end.
package replication

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"sneakers23/app/sleep"
	"sneakers23/inventory"
)

// door is all that a healer needs of the inventory's server.
type door interface {
	Catalog() *inventory.Catalog
	Apply(ctx context.Context, changes ...inventory.Change) error
}

// Healer compares the catalog with the database, again and again.
type Healer struct {
	door  door
	read  func(context.Context) (inventory.Rows, error)
	every time.Duration
	log   *slog.Logger
	kick  chan struct{} // buffer 1: a token says that something may have been missed, more would say no more

	failing atomic.Bool // the last comparison failed

	mu      sync.Mutex // for a moment only: Heal may be called from any goroutine
	restore int64      // the number of the last restore that is known; before the first comparison, none
	known   bool
}

// DefaultHealEvery is the mean time between two comparisons. A change that was never announced
// shows within 5 s.
const DefaultHealEvery = 3 * time.Second

// NewHealer makes a healer that reads all rows by read, which must take one snapshot of the
// database.
func NewHealer(
	d door, read func(context.Context) (inventory.Rows, error), every time.Duration, log *slog.Logger,
) *Healer {
	return &Healer{door: d, read: read, every: every, log: log, kick: make(chan struct{}, 1)}
}

// String names the service in logs.
func (h *Healer) String() string { return "replication.Healer" }

// MinHealEvery is the least that every may be.
const MinHealEvery = 100 * time.Millisecond

// Kick lets Serve compare soon: something may have been missed. It never waits, and may be called
// from any goroutine.
func (h *Healer) Kick() {
	select {
	case h.kick <- struct{}{}:
	default: // a token is there already
	}
}

// afterKick is how long a kick waits for others: a storm of them must not become one of questions
// to the database.
const afterKick = 100 * time.Millisecond

// Serve compares until ctx ends. A database that does not answer is asked again soon, so that what
// happened while it was away shows as soon as it is back.
func (h *Healer) Serve(ctx context.Context) error {
	for {
		pause := h.every
		if h.failing.Load() {
			pause = min(pause, time.Second)
		}
		pause = pause*3/4 + rand.N(pause/2) // jitter: the nodes of a cluster must not ask all at once
		if err := h.pause(ctx, pause); err != nil {
			return err
		}
		err := h.Heal(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		before := h.failing.Swap(err != nil)
		if err != nil && !before {
			h.log.Error("catalog not compared with the database, will try again", "err", err)
		}
		if err == nil && before {
			h.log.Info("catalog is compared with the database again")
		}
	}
}

// pause returns after that time, soon after a kick, or when ctx ends.
func (h *Healer) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-h.kick:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return sleep.For(ctx, min(d, afterKick+rand.N(afterKick)))
}

// Failing tells whether the last comparison of Serve failed: then the catalog may be older than a
// healthy node's. It may be called from any goroutine.
func (h *Healer) Failing() bool { return h.failing.Load() }

// Heal compares once and applies what was missed. It may be called from any goroutine.
func (h *Healer) Heal(ctx context.Context) error {
	catalog := h.door.Catalog() // before the query: see [inventory.Catalog.Missed]
	if !catalog.Loaded() {
		return nil // the server is about to read everything itself
	}
	ctx, cancel := context.WithTimeout(ctx, h.every+2*time.Second)
	defer cancel()
	rows, err := h.read(ctx)
	if err != nil {
		return err
	}
	missed := catalog.Missed(rows)
	if h.restored(rows.Restore) {
		h.log.Warn("the store was restored from a backup, its values are taken", "rows", len(missed))
	}
	if len(missed) == 0 {
		return nil
	}
	var gone, back int
	for _, c := range missed {
		switch {
		case c.Gone:
			gone++
		case c.WentBack():
			back++
		}
	}
	if back > 0 {
		h.log.Warn("the database went back, its values are taken", "rows", back)
	}
	if gone > 0 {
		h.log.Info("rows were deleted from the database", "rows", gone)
	}
	h.log.Debug("changes were missed, taken from the database", "rows", len(missed))
	return h.door.Apply(ctx, missed...)
}

// restored reports whether there is a restore that this node has not known. It reports each once,
// and none that was before the first comparison.
func (h *Healer) restored(number int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	isNew := h.known && number > h.restore
	h.restore, h.known = max(h.restore, number), true
	return isNew
}
