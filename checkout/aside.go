package checkout

import (
	"context"
	"maps"
	"slices"
	"time"

	"sneakers23/inventory"
)

// aside is where carts wait for rows that somebody else has held for too long, so that nobody suffers for a row that he
// does not want. It is Serve's alone.
type aside struct {
	carts  []*ticket
	drains []*ticket                   // answered when carts is empty
	rows   map[inventory.ItemID]holder // those that were held when last asked: who wants one comes here at once
	asked  time.Time                   // when that was
	pause  time.Duration               // from then until it is asked again
}

// holder is the transaction that holds a row. A row of a crowded size is held at nearly every moment, by one teller after
// the other: it is no longer stuck when another transaction has it.
type holder uint32

// nobodyKnows is the holder of a row that could not be asked for. No transaction has this id.
const nobodyKnows holder = 0

// How often it is asked whether rows are free again.
const (
	askSoon = 10 * time.Millisecond
	askLate = 250 * time.Millisecond
)

// wants tells whether one of the cart's rows is among these.
func (w *ticket) wants(rows map[inventory.ItemID]holder) bool {
	return slices.ContainsFunc(w.Lines, func(l Line) bool {
		_, ok := rows[l.Item]
		return ok
	})
}

// due tells when it is time to ask again. It is nil while nobody is here. Those of Drain are here alone when what they
// waited for came back, and was answered by a panic.
func (a *aside) due() <-chan time.Time {
	if len(a.carts)+len(a.drains) == 0 {
		return nil
	}
	return time.After(time.Until(a.asked.Add(a.pause)))
}

// park lets a cart wait here.
func (t *Teller) park(w *ticket) {
	if len(t.aside.carts) >= t.cfg.MaxWaiting {
		w.tell(answer{err: ErrBusy})
		return
	}
	w.aside = true
	t.aside.carts = append(t.aside.carts, w)
}

// askHeld finds out which rows a batch waited for, after it has waited for too long. Who wants them is parked. If that
// can't be asked, it may be all.
func (t *Teller) askHeld(ctx context.Context, batch []*ticket) {
	held, err := t.holders(ctx, batch)
	if err != nil {
		held = make(map[inventory.ItemID]holder)
		items, _ := touched(batch)
		for _, id := range items {
			held[id] = nobodyKnows
		}
	}
	if len(t.aside.carts) == 0 {
		t.aside.rows = make(map[inventory.ItemID]holder)
		t.log.Warn("carts wait for rows that somebody holds for too long", "items", slices.Sorted(maps.Keys(held)))
	}
	maps.Copy(t.aside.rows, held)
	t.aside.asked, t.aside.pause = time.Now(), askSoon
}

// parkStuck parks the carts that want a row that is held, and returns the others.
func (t *Teller) parkStuck(batch []*ticket) []*ticket {
	if len(t.aside.rows) == 0 {
		return batch
	}
	there := make([]*ticket, 0, len(batch))
	for _, waits := range batch {
		if waits.wants(t.aside.rows) {
			t.park(waits)
		} else {
			there = append(there, waits)
		}
	}
	return there
}

// comeBack returns a batch of those whose rows nobody holds any more, or somebody else, when it is time to ask. Those whose
// time is over are told that nobody knows.
func (t *Teller) comeBack(ctx context.Context) []*ticket {
	a := &t.aside
	if len(a.carts) == 0 || time.Since(a.asked) < a.pause {
		return nil
	}
	a.rows = t.stuck(ctx)
	a.asked, a.pause = time.Now(), min(2*a.pause, askLate)
	var back, still []*ticket
	for _, waits := range a.carts {
		switch {
		case !waits.wants(a.rows) && len(back) < t.cfg.MaxBatch:
			waits.aside = false
			back = append(back, waits)
		case a.asked.After(waits.until):
			giveUp([]*ticket{waits}, errPatience)
		default:
			still = append(still, waits)
		}
	}
	a.carts = still
	if len(back) > 0 {
		a.pause = askSoon
	}
	return back
}

// stuck tells which of the rows are held by whoever held them when last asked. If that can't be asked, it may be all.
func (t *Teller) stuck(ctx context.Context) map[inventory.ItemID]holder {
	held, err := t.holders(ctx, t.aside.carts)
	if err != nil {
		return t.aside.rows
	}
	maps.DeleteFunc(held, func(id inventory.ItemID, now holder) bool {
		before, ok := t.aside.rows[id]
		return !ok || now != before
	})
	return held
}
