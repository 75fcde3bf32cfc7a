package checkout

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// snapshotPool is a pool like the store's, whose transactions see one moment unless they say otherwise.
func (s *store) snapshotPool() *pgxpool.Pool {
	s.t.Helper()
	cfg := s.pool.Config()
	cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "repeatable read"
	pool, err := pgxpool.NewWithConfig(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(pool.Close)
	return pool
}

// sellingByHand is a transaction that has sold a pair of an item. It is committed when commit is called.
func (s *store) sellingByHand(id inventory.ItemID) (commit func()) {
	s.t.Helper()
	ctx := s.t.Context()
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `WITH sold AS (
			UPDATE item_availabilities SET available_count = available_count - 1, sold_count = sold_count + 1 WHERE item_id = $1
		) INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) VALUES ($1, 'sale', -1, 1)`, id); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		s.t.Helper()
		if err := tx.Commit(ctx); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestLookAfterLock lets a teller wait for the row of the last pair. Meanwhile another one buys the same line, as another
// shoe, and then the pair goes. A teller that had looked before it had the lock would say that the pair is sold out, and
// one whose look is of the moment at which it began would have to try again.
func TestLookAfterLock(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 1)
	var log eventLog
	looks := NewTeller(TellerConfig{
		Pool: s.snapshotPool(), Stock: quietShelf{}, Log: log.logger(), LockWithin: waittest.Limit(), Patience: waittest.Limit(),
	})
	run(t, looks.Serve)
	other := s.node(s.pool)
	p, moved := s.cart(s.items[0]), s.cart(s.items[1])
	moved.Lines[0].ID = p.Lines[0].ID
	commit := s.sellingByHand(s.items[0])
	bought := make(chan answer, 1)
	go func() {
		o, err := looks.Buy(t.Context(), p)
		bought <- answer{o, err}
	}()
	s.untilWaits(1)
	want := other.buy(moved)
	commit()
	if got := waittest.Receive(t, "the answer", bought); got.err != nil || got.order.ID != want.ID {
		t.Errorf("got %+v, %v, want the order %s", got.order, got.err, want.ID)
	}
	if text := log.trouble(); text != "" {
		t.Errorf("the teller tried again:\n%s", text)
	}
	s.checkBooks()
}

// TestLoneAfterLock lets a lone cart wait for a row of which somebody else sells a pair: it is sold at the first attempt.
func TestLoneAfterLock(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 2)
	pool, tracer := traced(t, s.snapshotPool())
	n := s.node(pool, func(c *TellerConfig) { c.LockWithin = waittest.Limit() })
	commit := s.sellingByHand(s.items[0])
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.items[0]))
		sold <- err
	}()
	s.untilWaits(1)
	commit()
	if err := waittest.Receive(t, "the answer", sold); err != nil {
		t.Error(err)
	}
	if failed := tracer.rolledBack.Load(); failed != 0 {
		t.Errorf("%d attempts met another transaction and failed, want none", failed)
	}
	s.checkBooks()
}
