package checkout

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// writeGate stops a teller between its look and its write.
type writeGate struct {
	tripTracer
	looked chan struct{} // closed when the write is about to be sent
	opened chan struct{} // closed when it may be
}

func (g *writeGate) TraceBatchStart(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if slices.ContainsFunc(data.Batch.QueuedQueries, func(q *pgx.QueuedQuery) bool { return q.SQL == writeOrders }) {
		close(g.looked) // of the test's only sale
		<-g.opened
	}
	return g.tripTracer.TraceBatchStart(ctx, c, data)
}

// gatedNode is a blind node whose only sale stops between its look and its write, until open is
// called or the test ends.
func (s *store) gatedNode() (n *node, gate *writeGate, open func()) {
	s.T.Helper()
	gate = &writeGate{looked: make(chan struct{}), opened: make(chan struct{})}
	cfg := s.Pool.Config()
	cfg.ConnConfig.Tracer = gate
	pool, err := pgxpool.NewWithConfig(s.T.Context(), cfg)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(pool.Close)
	n = s.blindNode(pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	open = sync.OnceFunc(func() { close(gate.opened) })
	s.T.Cleanup(open) // before the teller is waited for
	return n, gate, open
}

// TestUndoWaitsForASale takes a release back while a sale is between its look and its write: the
// sale has seen that the product is released, so the release stands.
func TestUndoWaitsForASale(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 2, 3)
	n, gate, open := s.gatedNode()
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.Items[1]))
		sold <- err
	}()
	waittest.Done(t, "the teller has looked", gate.looked)
	undone := make(chan error, 1)
	go func() {
		_, err := s.Inv.Unrelease(t.Context(), s.Of[s.Items[1]])
		undone <- err
	}()
	waittest.Until(t, "the undo waits for the teller", func() bool { return s.Waits() > 0 })
	open()
	if err := waittest.Receive(t, "the sale", sold); err != nil {
		t.Errorf("the sale: %v", err)
	}
	if err := waittest.Receive(t, "the undo", undone); !errors.Is(err, inventory.ErrSold) {
		t.Errorf("the undo: got %v, want ErrSold", err)
	}
	s.CheckBooks()
}

// TestSaleWaitsForAnUndo lets buyers come while a release is being taken back: they are told that
// the shoe is not released, whether they are sold to alone or with others.
func TestSaleWaitsForAnUndo(t *testing.T) {
	t.Parallel()
	for name, crowd := range map[string]int{"one buyer": 1, "several": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 1, 2, 5)
			n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
			release := s.Hold(s.Items[1])
			undone := make(chan error, 1)
			go func() {
				_, err := s.Inv.Unrelease(t.Context(), s.Of[s.Items[0]])
				undone <- err
			}()
			waittest.Until(t, "the undo holds the first size and waits for the second", func() bool {
				return s.Waits() > 0
			})
			told := make(chan error, crowd)
			for range crowd {
				go func() {
					_, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]))
					told <- err
				}()
			}
			waittest.Until(t, "the teller waits for the undo", func() bool { return s.Waits() > 1 })
			release()
			if err := waittest.Receive(t, "the undo", undone); err != nil {
				t.Errorf("the undo: %v", err)
			}
			for range crowd {
				if err := waittest.Receive(t, "the answer to a buyer", told); !errors.Is(err, ErrNotReleased) {
					t.Errorf("a buyer is told %v, want ErrNotReleased", err)
				}
			}
			if sold := s.Item(s.Items[0]).Sold; sold != 0 {
				t.Errorf("%d pairs are sold of what is not released", sold)
			}
			s.CheckBooks()
		})
	}
}

// TestUndoAfterACancel takes a release back when the only order is cancelled: nothing of it is sold
// then.
func TestUndoAfterACancel(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 5)
	n := s.node(s.Pool)
	o := n.buy(s.cart(s.Items[0]))
	if _, err := s.Inv.Unrelease(t.Context(), s.Of[s.Items[0]]); !errors.Is(err, inventory.ErrSold) {
		t.Errorf("with an order: got %v, want ErrSold", err)
	}
	if _, err := n.orders.Cancel(t.Context(), o.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Inv.Unrelease(t.Context(), s.Of[s.Items[0]]); err != nil {
		t.Errorf("with the order cancelled: %v", err)
	}
}
