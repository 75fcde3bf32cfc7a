package checkout

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
)

// TestCancelOfAHeldOrder has another transaction hold the row of an order: its cancellation is not
// done, and buyers of the same size do not wait for it.
func TestCancelOfAHeldOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 5)
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	o := n.buy(s.cart(s.Items[0]))
	hold, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `SELECT FROM orders FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	cancelled := make(chan error, 1)
	go func() {
		_, err := n.orders.Cancel(t.Context(), o.ID)
		cancelled <- err
	}()
	if err := waittest.Receive(t, "the answer to the cancellation", cancelled); !errors.Is(err, ledger.ErrNotDone) {
		t.Errorf("got %v, want ErrNotDone", err)
	}
	n.buy(s.cart(s.Items[0]))
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.orders.Cancel(t.Context(), o.ID); err != nil {
		t.Errorf("when the order is free: %v", err)
	}
	s.CheckBooks()
}

// TestCancelInDoubt loses the answer to the COMMIT of a cancellation, also of an order whose shoes
// have left the shop: it is done once, and its caller is told so.
func TestCancelInDoubt(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]bool{"in the shop": false, "left the shop": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 2, 1, 5)
			o := s.node(s.Pool).buy(s.cart(s.Items...))
			if gone {
				s.Exec(`DELETE FROM products`)
			}
			var commits atomic.Int64
			line, pool := pgtest.NewCutter(t, s.Pool, func() pgtest.Fault {
				if commits.Add(1) == 1 {
					return pgtest.LosesAnswer
				}
				return pgtest.Passes
			})
			n := s.node(pool, func(c *config) { c.ledger.LockWithin = 200 * time.Millisecond })
			done, err := n.orders.Cancel(context.WithoutCancel(t.Context()), o.ID)
			if err != nil || done.Status != Cancelled {
				t.Errorf("got %+v, %v, want the order cancelled", done, err)
			}
			if line.Faults[pgtest.LosesAnswer].Load() != 1 {
				t.Error("the line was not cut")
			}
			if _, err := n.orders.Cancel(context.WithoutCancel(t.Context()), o.ID); !errors.Is(err, ErrCancelled) {
				t.Errorf("cancelled again: got %v, want ErrCancelled", err)
			}
			s.CheckBooks()
		})
	}
}

// TestLooksOfCallersWhoLeft has more callers leave than a query takes: their looks cost no query,
// and give their places back.
func TestLooksOfCallersWhoLeft(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 0)
	teller := NewTeller(TellerConfig{Ledger: ledger.New(ledger.Config{Pool: s.Pool}), Inventory: emptyCatalog{}})
	gone, leave := context.WithCancel(t.Context())
	leave()
	released := make(chan struct{}, 1000) // as many as callers
	for range cap(released) {
		if _, err := teller.look(gone, s.Items, nil, func() { released <- struct{}{} }); !errors.Is(err, ErrUnknown) {
			t.Fatalf("got %v, want ErrUnknown", err)
		}
	}
	asked := s.Pool.Stat().AcquireCount()
	run(t, teller.Serve)
	for range cap(released) {
		waittest.Done(t, "a place is free", released)
	}
	if queries := s.Pool.Stat().AcquireCount() - asked; queries != 0 {
		t.Errorf("%d queries for callers who have left", queries)
	}
}
