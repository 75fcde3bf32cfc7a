package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"sneakers23/inventory"
)

// parked are the operations that wait for rows which another transaction has held for too long, so
// that no operation waits for a row that it does not want. It is Serve's alone.
type parked struct {
	tickets []*ticket
	drains  []*ticket                   // answered when tickets is empty
	rows    map[inventory.ItemID]holder // held when last asked: an operation that wants one is parked at once
	asked   time.Time                   // when that was
	pause   time.Duration               // from then until it is asked again
}

// holder is the transaction that holds a row. A row in demand is held at nearly every moment, by
// one committer after the other: it is stuck no longer when another transaction holds it.
type holder uint32

// unknownHolder is the holder of a row that could not be asked for. No transaction has this id.
const unknownHolder holder = 0

// How often it is asked whether rows are free again.
const (
	askSoon = 10 * time.Millisecond
	askLate = 250 * time.Millisecond
)

// wants reports whether the operation touches one of these rows.
func (t *ticket) wants(rows map[inventory.ItemID]holder) bool {
	return slices.ContainsFunc(t.op.Items(), func(id inventory.ItemID) bool {
		_, ok := rows[id]
		return ok
	})
}

// due fires when it is time to ask again. It is nil while nothing is parked. Drains are here alone
// when what they waited for was unparked, and answered by a panic.
func (p *parked) due() <-chan time.Time {
	if len(p.tickets)+len(p.drains) == 0 {
		return nil
	}
	return time.After(time.Until(p.asked.Add(p.pause)))
}

func (c *Committer) park(t *ticket) {
	if len(c.parked.tickets) >= c.cfg.MaxWaiting {
		if t.inDoubt {
			t.reply(fmt.Errorf("%w: too many wait", ErrUnknown))
		} else {
			t.reply(ErrBusy)
		}
		return
	}
	t.parked = true
	c.parked.tickets = append(c.parked.tickets, t)
}

// markHeld finds the rows that a batch has waited for in vain. Operations that want them are
// parked. If the database does not answer, all rows of the batch count as held.
func (c *Committer) markHeld(ctx context.Context, batch []*ticket) {
	held, err := c.holders(ctx, batch)
	if err != nil {
		held = make(map[inventory.ItemID]holder)
		for _, id := range touched(batch) {
			held[id] = unknownHolder
		}
	}
	if len(c.parked.tickets) == 0 {
		c.parked.rows = make(map[inventory.ItemID]holder)
		c.log.Warn("operations wait for rows that another transaction holds for too long",
			"items", slices.Sorted(maps.Keys(held)))
	}
	maps.Copy(c.parked.rows, held)
	c.parked.asked, c.parked.pause = time.Now(), askSoon
}

// parkStuck parks the operations that want a row that is held, and returns the others.
func (c *Committer) parkStuck(batch []*ticket) []*ticket {
	if len(c.parked.rows) == 0 {
		return batch
	}
	free := make([]*ticket, 0, len(batch))
	for _, t := range batch {
		if t.wants(c.parked.rows) {
			c.park(t)
		} else {
			free = append(free, t)
		}
	}
	return free
}

// unpark returns a batch of those whose rows are free or in other hands, when it is time to ask.
// Those whose time is over are given up.
func (c *Committer) unpark(ctx context.Context) []*ticket {
	p := &c.parked
	if len(p.tickets) == 0 || time.Since(p.asked) < p.pause {
		return nil
	}
	p.rows = c.stuck(ctx)
	p.asked, p.pause = time.Now(), min(2*p.pause, askLate)
	var back, still []*ticket
	for _, t := range p.tickets {
		free := !t.wants(p.rows)
		switch {
		case t.isAbandoned():
			t.reply(ErrNotDone)
		case free && len(back) < c.cfg.MaxBatch:
			t.parked = false
			back = append(back, t)
		case !free && p.asked.After(t.until):
			giveUp([]*ticket{t}, errPatience)
		default:
			still = append(still, t)
		}
	}
	p.tickets = still
	if len(back) > 0 {
		p.pause = askSoon
	}
	return back
}

// stuck returns those of the rows that are still held by the transaction that held them when last
// asked. If the database does not answer, it may be all of them.
func (c *Committer) stuck(ctx context.Context) map[inventory.ItemID]holder {
	held, err := c.holders(ctx, c.parked.tickets)
	if err != nil {
		return c.parked.rows
	}
	maps.DeleteFunc(held, func(id inventory.ItemID, now holder) bool {
		before, ok := c.parked.rows[id]
		return !ok || now != before
	})
	return held
}
