package checkout

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// passOn lets others take turns at an item's row: one holds it for a moment, and the next waits for it already. So it is
// when other tellers sell a crowded size. It goes on until the test ends, or stop is called.
func (s *store) passOn(id inventory.ItemID) (stop func()) {
	s.t.Helper()
	pool, err := pgxpool.NewWithConfig(s.t.Context(), s.pool.Config()) // the store's may have too few connections
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	for range 3 {
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := pool.Exec(ctx, `WITH held AS (SELECT FROM item_availabilities WHERE item_id = $1 FOR NO KEY UPDATE)
					SELECT pg_sleep(0.03) FROM held`, id); err != nil && ctx.Err() == nil {
					s.t.Error(err)
				}
			}
		})
	}
	stop = func() { cancel(); others.Wait(); pool.Close() }
	s.t.Cleanup(stop)
	return stop
}

// TestRowThatPassesOn has somebody hold a row for too long, and others sell of it after that, without a pause: the carts
// that were set aside get their turn.
func TestRowThatPassesOn(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	waitedInVain := make(said, 1)
	n := s.node(s.pool, func(c *TellerConfig) {
		c.Patience, c.LockWithin = patience/3, 300*time.Millisecond
		c.Log = slog.New(slog.NewTextHandler(waitedInVain, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	release := s.hold(s.items[0])
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			if _, err := n.teller.Buy(t.Context(), s.cart(s.items[0])); err != nil {
				t.Error(err)
			}
		})
	}
	s.passOn(s.items[0])
	s.untilWaits(3)
	select {
	case <-waitedInVain:
	case <-time.After(patience):
		t.Error("the teller waits for the row without end")
	}
	release()
	wg.Wait()
	s.checkBooks()
}

// TestHeldRowSparesTheCrowd has a cart wait for a row that is held for good, and want a row that others sell of as well:
// carts of the second row alone are sold.
func TestHeldRowSparesTheCrowd(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	n := s.node(s.pool, func(c *TellerConfig) { c.Patience, c.LockWithin = patience, 300*time.Millisecond })
	held, crowded := s.items[0], s.items[1]
	release := s.hold(held)
	both := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(held, crowded))
		both <- err
	}()
	s.untilWaits(1)
	n.buy(s.cart(crowded)) // behind the wait
	stop := s.passOn(crowded)
	began := time.Now()
	for range 20 {
		n.buy(s.cart(crowded))
	}
	if took := time.Since(began); took > patience/3 {
		t.Errorf("20 carts of a crowded row took %v", took)
	}
	stop()
	release()
	if err := <-both; err != nil {
		t.Error(err)
	}
	s.checkBooks()
}
