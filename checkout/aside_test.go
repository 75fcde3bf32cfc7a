package checkout

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// passOn lets others take turns at an item's row: one holds it for a moment, and the next waits for it already. So it is
// when other tellers sell a crowded size. It goes on until the test ends, or stop is called.
func (s *store) passOn(id inventory.ItemID) (stop func()) {
	s.t.Helper()
	cfg := s.pool.Config()                                     // the store's pool may have too few connections
	cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "off" // a turn does not wait for the disk
	pool, err := pgxpool.NewWithConfig(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	for range 3 {
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := pool.Exec(ctx, `WITH held AS (SELECT FROM item_availabilities WHERE item_id = $1 FOR NO KEY UPDATE)
					SELECT pg_sleep(0.01) FROM held`, id); err != nil && ctx.Err() == nil {
					s.t.Error(err)
				}
			}
		})
	}
	stop = func() { cancel(); others.Wait(); pool.Close() }
	s.t.Cleanup(stop)
	return stop
}

// longerThanTurns is a time for a teller to wait for a row. It is several times what the three others of passOn need for
// their turns: a teller that waits in the line behind them gets the row.
func longerThanTurns() time.Duration { return waittest.Scaled(300 * time.Millisecond) }

// TestRowThatPassesOn has somebody hold a row for too long, and others sell of it after that, without a pause: the carts
// that were set aside get their turn.
func TestRowThatPassesOn(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	var log eventLog
	n := s.node(s.pool, func(c *TellerConfig) { c.LockWithin, c.Log = longerThanTurns(), log.logger() })
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
	log.untilSetAside(t)
	release()
	wg.Wait()
	s.checkBooks()
}

// TestHeldRowSparesTheCrowd has a cart wait for a row that is held for good, and want a row that others sell of as well:
// carts of the second row alone are sold.
func TestHeldRowSparesTheCrowd(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	pool, tracer := traced(t, s.pool)
	n := s.node(pool, func(c *TellerConfig) { c.LockWithin = longerThanTurns() })
	held, crowded := s.items[0], s.items[1]
	release := s.hold(held)
	both := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(held, crowded))
		both <- err
	}()
	waittest.Until(t, "the teller waits for the held row", func() bool { return s.waits() > 0 || tracer.inVain.Load() > 0 })
	n.buy(s.cart(crowded)) // behind the wait
	stop := s.passOn(crowded)
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
	s.checkBooks()
}

// TestStopBesideAHeldRow ends a teller while a cart waits for a row, and it is not yet time to ask: it is sold first.
func TestStopBesideAHeldRow(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	teller := NewTeller(TellerConfig{
		Pool: s.pool, Stock: quietShelf{}, Log: slog.New(slog.DiscardHandler), Patience: waittest.Limit(),
	})
	waits := waiting()
	waits.Purchase = s.cart(s.items[0])
	teller.park(waits)
	teller.aside.asked, teller.aside.pause = time.Now(), 200*time.Millisecond
	waits.until = teller.aside.asked.Add(waittest.Limit())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := teller.Serve(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("serve ended with %v", err)
	}
	if !waits.done {
		t.Fatal("nobody serves who waited for the row")
	}
	if err := (<-waits.answer).err; err != nil {
		t.Error(err)
	}
	s.checkBooks()
}

// TestStuck tells rows that are held on and on from those that are held at this moment.
func TestStuck(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 1)
	teller := NewTeller(TellerConfig{Pool: s.pool, Stock: quietShelf{}})
	long, passing, free := s.items[0], s.items[1], s.items[2]
	defer s.hold(long)()
	defer s.hold(passing)()
	teller.aside.carts = []*ticket{waiting(long, passing, free)}
	held, err := teller.holders(t.Context(), teller.aside.carts)
	if err != nil {
		t.Fatal(err)
	}
	if len(held) != 2 || held[long] == held[passing] {
		t.Fatalf("held are %v, want two rows by two", held)
	}
	for what, before := range map[string]map[inventory.ItemID]holder{
		"held by another before": {long: held[long], passing: held[long], free: held[long]},
		"not held before":        {long: held[long]},
		"not asked before":       {long: held[long], passing: nobodyKnows},
	} {
		teller.aside.rows = before
		if got := teller.stuck(t.Context()); len(got) != 1 || got[long] != held[long] {
			t.Errorf("%s: stuck are %v, want %v", what, got, map[inventory.ItemID]holder{long: held[long]})
		}
	}
}

// waiting is a cart's place in the queue, for tests that serve it themselves.
func waiting(items ...inventory.ItemID) *ticket {
	w := &ticket{order: newOrderKey(), answer: make(chan answer, 1)}
	for _, id := range items {
		w.Lines = append(w.Lines, Line{ID: NewLineID(), Item: id, Product: inventory.ProductID(id)})
	}
	return w
}

// TestPanicWhileAsking panics where it is asked for held rows: those of the batch are told, those aside go on waiting.
func TestPanicWhileAsking(t *testing.T) {
	t.Parallel()
	teller := NewTeller(TellerConfig{Stock: quietShelf{}}) // without a database to ask
	waits, comes := waiting(1), waiting(2)
	teller.park(waits)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		teller.serve(t.Context(), []*ticket{comes})
	}()
	if !comes.done || waits.done || len(teller.aside.carts) != 1 {
		t.Errorf("told the one who came: %t, the one who waits: %t; %d wait", comes.done, waits.done, len(teller.aside.carts))
	}
}

// TestDrainAlone has nobody but a drain wait, because a panic answered the carts that it waited for.
func TestDrainAlone(t *testing.T) {
	t.Parallel()
	teller := NewTeller(TellerConfig{Stock: quietShelf{}})
	drain := &ticket{answer: make(chan answer, 1), aside: true}
	teller.aside.drains = []*ticket{drain}
	if teller.aside.due() == nil {
		t.Fatal("it is never time for it")
	}
	teller.serve(t.Context(), nil)
	if !drain.done || teller.aside.due() != nil {
		t.Error("it was not answered")
	}
}

// TestAsideKeepsItsTime sets a cart aside again: its time is not counted anew. When the database can't be asked, it goes on
// waiting until then.
func TestAsideKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	pool, err := pgxpool.NewWithConfig(t.Context(), s.pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	teller := NewTeller(TellerConfig{
		Pool: pool, Stock: quietShelf{}, Patience: waittest.Limit(), LockWithin: 50 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	defer s.hold(s.items[0])()
	waits := waiting(s.items[0])
	until := time.Now().Add(waittest.Limit())
	waits.until = until
	teller.sell(t.Context(), []*ticket{waits})
	if !waits.aside || !waits.until.Equal(until) {
		t.Errorf("aside: %t, until %v, want %v", waits.aside, waits.until, until)
	}
	pool.Close()
	teller.aside.pause = 0
	if back := teller.comeBack(t.Context()); len(back) != 0 || waits.done {
		t.Errorf("%d came back, told: %t, before anybody could ask", len(back), waits.done)
	}
	if !waits.wants(teller.aside.rows) {
		t.Error("the row counts as free")
	}
	waits.until, teller.aside.pause = time.Now(), 0
	if back := teller.comeBack(t.Context()); len(back) != 0 || !waits.done {
		t.Fatalf("%d came back, told: %t, when the time was over", len(back), waits.done)
	}
	if err := (<-waits.answer).err; !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
}
