package checkout

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// TestHeldRow holds a row for longer than the teller waits: the cart is sold when the row is free.
func TestHeldRow(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	var log waittest.Log
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin, c.ledger.Log = 50*time.Millisecond, log.Logger() })
	release := s.Hold(s.Items[0])
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]))
		sold <- err
	}()
	log.Until(t, parked)
	select {
	case err := <-sold:
		t.Errorf("answered while the row is held: %v", err)
	default:
	}
	release()
	if err := waittest.Receive(t, "the answer when the row is free", sold); err != nil {
		t.Error(err)
	}
	s.CheckBooks()
}

// TestHeldRowIsWaitedForOnce holds one row: buyers of another row wait for it once at most, however
// many carts of the held one come. The same form is sold when the row is free.
func TestHeldRowIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	pool, tracer := traced(t, s.Pool)
	n := s.node(pool, func(c *config) { c.ledger.LockWithin = 300 * time.Millisecond })
	held, free := s.Items[0], s.Items[1]
	release := s.Hold(held)
	var wg sync.WaitGroup
	buy := func(items ...inventory.ItemID) {
		wg.Go(func() {
			if _, err := n.teller.Buy(t.Context(), s.cart(items...)); err != nil {
				t.Errorf("cart of %v: %v", items, err)
			}
		})
	}
	buy(held)
	waittest.Until(t, "the teller waits for the held row", func() bool {
		return s.Waits() > 0 || tracer.inVain.Load() > 0
	})
	began := time.Now()
	for range 5 {
		n.buy(s.cart(free))
		buy(held)
		buy(held, free)
	}
	t.Logf("carts of a free row took %v", time.Since(began))
	drained := make(chan error, 1)
	go func() { drained <- n.ledger.Drain(t.Context()) }()
	n.buy(s.cart(free))
	select {
	case err := <-drained:
		t.Errorf("drained while carts wait for a row: %v", err)
	default:
	}
	if got := tracer.inVain.Load(); got != 1 {
		t.Errorf("the teller waited %d times for the held row, want once", got)
	}
	release()
	wg.Wait()
	if err := waittest.Receive(t, "the drain", drained); err != nil {
		t.Error(err)
	}
	if sold := s.Item(held).Sold; sold != 11 {
		t.Errorf("%d of the held row are sold, want 11", sold)
	}
	s.CheckBooks()
}

// longerThanTurns is a time for a teller to wait for a row. It is several times what the three
// others of passOn need for their turns: a teller that waits in the line behind them gets the row.
func longerThanTurns() time.Duration { return waittest.Scaled(300 * time.Millisecond) }

// TestRowThatPassesOn holds a row for too long, and others sell of it after that, without a pause:
// the parked carts get their turn.
func TestRowThatPassesOn(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	var log waittest.Log
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin, c.ledger.Log = longerThanTurns(), log.Logger() })
	release := s.Hold(s.Items[0])
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[0])); err != nil {
				t.Error(err)
			}
		})
	}
	s.PassOn(s.Items[0])
	s.UntilWaits(3)
	log.Until(t, parked)
	release()
	wg.Wait()
	s.CheckBooks()
}

// TestHeldRowSparesTheCrowd has a cart wait for a row that is held for good, and want a row that
// others sell of as well: carts of the second row alone are sold.
func TestHeldRowSparesTheCrowd(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	pool, tracer := traced(t, s.Pool)
	n := s.node(pool, func(c *config) { c.ledger.LockWithin = longerThanTurns() })
	held, crowded := s.Items[0], s.Items[1]
	release := s.Hold(held)
	both := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(held, crowded))
		both <- err
	}()
	waittest.Until(t, "the teller waits for the held row", func() bool {
		return s.Waits() > 0 || tracer.inVain.Load() > 0
	})
	n.buy(s.cart(crowded)) // behind the wait
	stop := s.PassOn(crowded)
	began := time.Now()
	for range 20 {
		n.buy(s.cart(crowded))
	}
	t.Logf("20 carts of a crowded row took %v, beside %d waits in vain", time.Since(began), tracer.inVain.Load())
	select {
	case err := <-both:
		t.Errorf("a cart of the held row got %v before it was free", err)
	default:
	}
	stop()
	release()
	if err := waittest.Receive(t, "the answer when the row is free", both); err != nil {
		t.Error(err)
	}
	s.CheckBooks()
}

// tripTracer counts the round trips of batches, and those of them that waited for a lock in vain,
// or failed because they met another transaction.
type tripTracer struct{ trips, inVain, rolledBack atomic.Int64 }

func (t *tripTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.trips.Add(1)
	return ctx
}
func (*tripTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (t *tripTracer) TraceBatchEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	switch {
	case isCode(data.Err, pgerrcode.LockNotAvailable):
		t.inVain.Add(1)
	case isCode(data.Err, pgerrcode.DeadlockDetected), isCode(data.Err, pgerrcode.SerializationFailure):
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

func isCode(err error, code string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == code
}
