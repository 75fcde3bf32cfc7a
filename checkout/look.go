package checkout

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// look is a question about items and lines that needs no lock. One query answers all that wait.
type look struct {
	items   []inventory.ItemID
	lines   []LineID
	answer  chan found  // buffer 1: Serve never waits for a caller
	release func()      // called in place of a caller who has gone
	settled atomic.Bool // it has an answer, or its caller has gone
}

// found is the answer to the looks of a batch. It is shared by their callers, who only read.
type found struct {
	stock  *ledger.Stock
	bought map[LineID]*Order
	err    error
}

// Limits of a look-up.
const (
	maxLooks   = 512             // in one query
	lookWithin = 2 * time.Second // for a query; a connection that has fallen silent is given up
	lookTries  = 3               // the pool may hold connections that the database has closed
	lookWait   = 15 * time.Second
)

// look asks a question, and returns when it is answered, or when ctx ends or lookWait is over: then
// the error is ErrUnknown, and release is called when the question leaves the queue.
func (t *Teller) look(ctx context.Context, items []inventory.ItemID, lines []LineID, release func()) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	l := &look{items: items, lines: lines, answer: make(chan found, 1), release: release}
	select {
	case t.looks <- l:
	default:
		release()
		return found{}, ErrBusy
	}
	select {
	case f := <-l.answer:
		if f.err != nil {
			release()
		}
		return f, f.err
	case <-ctx.Done():
		if !l.settled.CompareAndSwap(false, true) {
			release() // the answer came at the same moment
		}
		return found{}, fmt.Errorf("%w: %w", ErrUnknown, context.Cause(ctx))
	}
}

// Serve answers look-ups until ctx ends, then those that waited at that moment. It may be called
// again after it has returned or panicked.
func (t *Teller) Serve(ctx context.Context) error {
	lasting := context.WithoutCancel(ctx)
	for {
		select {
		case first := <-t.looks:
			t.answer(lasting, t.gather(first))
		case <-ctx.Done():
			for end := time.Now().Add(lookWait); len(t.looks) > 0 && time.Now().Before(end); {
				t.answer(lasting, t.gather(<-t.looks))
			}
			return context.Cause(ctx)
		}
	}
}

// gather takes what came while the last query was under way, and drops it for callers who have
// gone.
func (t *Teller) gather(first *look) (batch []*look) {
	runtime.Gosched() // callers who were answered by the last query may ask again
	for next := first; ; {
		if next.settled.Load() {
			next.release()
		} else if batch = append(batch, next); len(batch) == maxLooks {
			return batch
		}
		select {
		case next = <-t.looks:
		default:
			return batch
		}
	}
}

// answer queries for a batch. Before it is answered, this node's catalog shows what was found
// newer: a caller's next page is made from it.
func (t *Teller) answer(ctx context.Context, batch []*look) {
	if len(batch) == 0 {
		return
	}
	f := found{err: ErrUnknown}
	defer func() { // also when this panics
		for _, l := range batch {
			if l.settled.CompareAndSwap(false, true) {
				l.answer <- f
			} else {
				l.release()
			}
		}
	}()
	asked, err := t.query(ctx, batch)
	for try := 1; err != nil && try < lookTries; try++ {
		asked, err = t.query(ctx, batch)
	}
	if err != nil {
		t.cfg.Log.Debug("carts are not looked up", "carts", len(batch), "err", err)
		f.err = fmt.Errorf("%w: %w", ErrUnknown, err)
		return
	}
	asked.stock.Publish(ctx, t.cfg.Inventory, t.cfg.Log)
	f = asked
}

// query reads stock and prices first and the lines after them: see lookUp.
func (t *Teller) query(ctx context.Context, batch []*look) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	items := make(map[inventory.ItemID]struct{})
	lines := make([][16]byte, 0, len(batch))
	for _, l := range batch {
		for _, id := range l.items {
			items[id] = struct{}{}
		}
		for _, id := range l.lines {
			lines = append(lines, id)
		}
	}
	f := found{stock: ledger.NewStock(), bought: make(map[LineID]*Order)}
	b := &pgx.Batch{}
	if len(items) > 0 {
		f.stock.Look(b, slices.Sorted(maps.Keys(items)))
	}
	readBought(b, lines, f.bought)
	return f, t.cfg.Ledger.Look(ctx, b)
}
