package checkout

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// tripTracer counts the round trips of batches, and those of them that waited for a lock in vain, or failed because they met
// another transaction.
type tripTracer struct{ trips, inVain, rolledBack atomic.Int64 }

func (t *tripTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.trips.Add(1)
	return ctx
}
func (*tripTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (t *tripTracer) TraceBatchEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	switch {
	case held(data.Err):
		t.inVain.Add(1)
	case rolledBack(data.Err):
		t.rolledBack.Add(1)
	}
}

func (*tripTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (*tripTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// traced is a pool like another, whose trips are counted.
func traced(t *testing.T, of *pgxpool.Pool) (*pgxpool.Pool, *tripTracer) {
	t.Helper()
	cfg, tracer := of.Config(), &tripTracer{}
	cfg.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool, tracer
}

// TestLone has nobody but one buyer: his cart is sold in one round trip, and the order says what is in the database.
func TestLone(t *testing.T) {
	t.Parallel()
	for lines := 1; lines <= 3; lines++ {
		t.Run(fmt.Sprintf("lines=%d", lines), func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 3, 2, 100)
			pool, tracer := traced(t, s.pool)
			n := s.node(pool)
			p, o := n.buyLone(tracer, []inventory.ItemID{s.items[4], s.items[0], s.items[2]}[:lines]...)
			kept, err := n.orders.Order(t.Context(), o.ID)
			if err != nil || !o.CreatedAt.Equal(kept.CreatedAt) {
				t.Fatalf("kept is %+v, %v, told %+v", kept, err, o)
			}
			kept.CreatedAt = o.CreatedAt
			if fmt.Sprint(kept) != fmt.Sprint(o) || len(o.Lines) != lines {
				t.Errorf("told of\n%+v, kept is\n%+v", o, kept)
			}
			for _, l := range p.Lines {
				want := s.item(l.Item)
				if now, _, _ := n.stock.Catalog().Item(l.Item); want.Available+want.Sold != 100 || want.Sold < 1 || now.ItemRow != want {
					t.Errorf("the database says %+v, the catalog %+v", want, now.ItemRow)
				}
			}
			if again := n.buy(p); again.ID != o.ID {
				t.Errorf("the same form made order %v, want %v", again.ID, o.ID)
			}
			s.checkBooks()
		})
	}
}

// buyLone buys in one round trip. On a machine that takes longer for it than the statements of a lone cart are good for,
// they are looked at rightly: then another cart is bought.
func (n *node) buyLone(tracer *tripTracer, items ...inventory.ItemID) (p Purchase, o Order) {
	n.t.Helper()
	waittest.Until(n.t, "a lone cart is sold before its time is over", func() bool {
		trips, began := tracer.trips.Load(), time.Now()
		p = n.cart(items...)
		o = n.buy(p)
		took, trips := time.Since(began), tracer.trips.Load()-trips
		n.t.Logf("%d round trips in %v", trips, took)
		if trips != 1 && took < loneWithin {
			n.t.Errorf("%d round trips, want 1", trips)
		}
		return trips == 1 || took < loneWithin
	})
	return p, o
}

// TestLoneDisappointed promises a sale that the database knows better of: the constraints that fail lead to the look, which
// tells why. Nothing is left behind.
func TestLoneDisappointed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		behind string // what happens behind the node's back, to item $1
		want   error
	}{
		"sold out":   {`UPDATE item_availabilities SET available_count = 0, sold_count = 5 WHERE item_id = $1`, ErrSoldOut},
		"taken back": {`UPDATE products SET released = false WHERE id = (SELECT product_id FROM items WHERE id = $1)`, ErrNotReleased},
		"price":      {`UPDATE products SET price_cents = 1 WHERE id = (SELECT product_id FROM items WHERE id = $1)`, ErrPriceChanged},
		"deleted":    {`DELETE FROM items WHERE id = $1`, ErrNoItem},
		"deleted, the other as dear as both": {`WITH gone AS (DELETE FROM items WHERE id = $1)
			UPDATE products SET price_cents = 20003 WHERE sku = 'P2'`, ErrNoItem},
		"another shoe of the same price": {`WITH moved AS (UPDATE items SET size = 'x', product_id = (SELECT id FROM products WHERE sku = 'P3')
			WHERE id = $1) UPDATE products SET price_cents = 10001 WHERE sku = 'P3'`, ErrNoItem},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 3, 1, 5)
			pool, tracer := traced(t, s.pool)
			n := s.node(pool)
			p := s.cart(s.items[0], s.items[1])
			s.exec(tt.behind, s.items[0])
			if o, err := n.teller.Buy(t.Context(), p); !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v, want %v", o, err, tt.want)
			}
			if got := tracer.trips.Load(); got != 2 {
				t.Errorf("%d round trips, want the attempt and the look", got)
			}
			if other := s.item(s.items[1]); other.Available != 5 || other.Sold != 0 {
				t.Errorf("the other size is %+v, want it untouched", other)
			}
			if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, tt.want) {
				t.Errorf("sent again: got %v, want %v", err, tt.want)
			}
		})
	}
}

// TestLoneBoughtBefore sends a line that another node has sold: its order is found, and the rest is not bought.
func TestLoneBoughtBefore(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n, other := s.node(s.pool), s.node(s.pool)
	p := s.cart(s.items[0])
	o := other.buy(p)
	more := s.cart(s.items[1])
	p.Lines, p.Total = append(p.Lines, more.Lines...), p.Total+more.Total
	if again := n.buy(p); again.ID != o.ID {
		t.Errorf("got order %v, want the earlier %v", again.ID, o.ID)
	}
	if left := s.item(s.items[1]).Available; left != 5 {
		t.Errorf("%d pairs of the other shoe are left, want all 5", left)
	}
	s.checkBooks()
}

// TestLoneComesTooLate holds up a lone cart on its way until its buyer has been told that the last pair is gone, and a pair is
// back. What then reaches the database sells nothing.
func TestLoneComesTooLate(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	line, pool := newCutter(t, s.pool, once(comesLate, 1))
	n := s.node(pool, func(c *TellerConfig) { c.LockWithin = 200 * time.Millisecond })
	other := s.node(s.pool)
	p := s.cart(s.items[0])
	told := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(context.WithoutCancel(t.Context()), p)
		told <- err
	}()
	waittest.Until(t, "the line is held up", func() bool {
		if len(told) > 0 {
			t.Fatalf("the line was not held up: %v", <-told)
		}
		return line.faults[comesLate].Load() > 0
	})
	other.buy(s.cart(s.items[0]))
	if err := waittest.Receive(t, "the answer", told); !errors.Is(err, ErrSoldOut) {
		t.Fatalf("got %v, want ErrSoldOut", err)
	}
	s.restock(s.items[0], 1)
	close(line.late)
	waittest.Done(t, "what came late is carried out", line.delivered)
	if got, err := other.orders.Bought(t.Context(), []LineID{p.Lines[0].ID}); err != nil || len(got) != 0 {
		t.Errorf("who was told that it is gone has orders %v, %v", got, err)
	}
	if now := s.item(s.items[0]); now.Available != 1 || now.Sold != 1 {
		t.Errorf("the item is %+v, want the restocked pair there", now)
	}
	s.checkBooks()
}
