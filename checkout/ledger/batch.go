package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgerrcode"

	"sneakers23/app/sleep"
	"sneakers23/inventory"
)

var (
	errPatience = errors.New("not within the committer's patience")
	errMaxWait  = errors.New("not within the time that a caller waits")
)

// commit carries out a batch and answers its callers, or parks some of it. After a transient error
// the batch is tried again. After an error that has a reason it is halved, until the one operation
// that the database refuses is alone. After an attempt in doubt the same operations run again
// before any of them is answered: their locks wait for the transaction in doubt, and the read that
// follows finds its outcome.
func (c *Committer) commit(ctx context.Context, batch []*ticket) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.Patience, errPatience)
	defer cancel()
	until, _ := ctx.Deadline()
	for _, t := range batch {
		if t.until.IsZero() {
			t.until = until
		}
	}
	c.commitWithin(ctx, batch)
}

func (c *Committer) commitWithin(ctx context.Context, batch []*ticket) {
	pause := 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		if batch = beginAll(c.parkStuck(batch)); len(batch) == 0 {
			return
		}
		done, err := c.try(ctx, batch)
		if err == nil {
			done.stock.Publish(ctx, c.cfg.Inventory, c.log)
			c.noteFrozen(done.froze)
			if done.wrote { // else it is not known whether anything can be written
				c.noteRecovery()
				c.cfg.Attempted(true)
			}
			for i, t := range batch {
				t.reply(done.answers[i])
			}
			for _, a := range done.attempts {
				a.Committed()
			}
			return
		}
		if errors.As(err, new(inDoubt)) {
			for _, t := range batch {
				t.inDoubt = true
			}
		}
		c.cfg.Attempted(false)
		again := retryable(err, attempt)
		c.noteFailure(err, len(batch), again && attempt == 1)
		switch {
		case ctx.Err() != nil:
			giveUp(batch, err)
			return
		case isLockTimeout(err):
			c.markHeld(ctx, batch)
		case again:
			_ = sleep.For(ctx, pause)
			pause = min(2*pause, time.Second)
		case concernsAll(err):
			giveUp(batch, err)
			c.backoff = min(max(2*c.backoff, 100*time.Millisecond), 2*time.Second)
			return
		case len(batch) == 1:
			giveUp(batch, err)
			return
		default:
			half := len(batch) / 2
			c.commitWithin(ctx, batch[:half])
			c.commitWithin(ctx, batch[half:])
			return
		}
	}
}

// beginAll returns the operations at which an attempt may begin, and drops the others.
func beginAll(batch []*ticket) []*ticket {
	return slices.DeleteFunc(batch, func(t *ticket) bool {
		if t.begin() {
			return false
		}
		t.reply(ErrNotDone)
		return true
	})
}

// giveUp answers the callers for whom nothing more is tried. ErrFailed is the answer only where
// this very attempt has read the facts under the locks. Otherwise another process may be committing
// the same sale, or may have committed it long ago.
func giveUp(batch []*ticket, err error) {
	// the other's row came after the read
	failed := errors.As(err, new(aborted)) && !isCode(err, pgerrcode.UniqueViolation)
	for _, t := range batch {
		why := ErrNotDone
		switch {
		case failed:
			why = ErrFailed
		case t.inDoubt:
			why = ErrUnknown
		}
		t.reply(fmt.Errorf("%w: %w", why, err))
	}
}

// noteFrozen logs and counts the items that were frozen, each once.
func (c *Committer) noteFrozen(items []inventory.ItemID) {
	if len(items) == 0 {
		return
	}
	c.frozen.Add(int64(len(items)))
	c.log.Error("these items are sold no more: their counts contradict their movements, see the command audit",
		"items", items)
}

// noteFailure logs the first of several failures, noteRecovery their end. Two committers that meet
// now and then are no failure.
func (c *Committer) noteFailure(err error, operations int, minor bool) {
	if minor {
		c.log.Debug("a batch is tried again", "operations", operations, "err", err)
		return
	}
	if !c.failing {
		c.log.Error("nothing is committed, will try again", "operations", operations, "err", err)
	}
	c.failing = true
}

func (c *Committer) noteRecovery() {
	if c.failing {
		c.log.Info("batches are committed again")
	}
	c.failing, c.backoff = false, 0
}
