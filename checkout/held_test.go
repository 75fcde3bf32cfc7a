package checkout

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// hold holds an item's row by hand until release is called, or the test ends.
func (s *store) hold(id inventory.ItemID) (release func()) {
	s.t.Helper()
	ctx := s.t.Context()
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE`, id); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(ctx); err != nil {
			s.t.Error(err)
		}
	}
}

// TestHeldRow has somebody hold a row for longer than the teller waits: the cart is sold when the row is free.
func TestHeldRow(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	var log eventLog
	n := s.node(s.pool, func(c *TellerConfig) { c.LockWithin, c.Log = 50*time.Millisecond, log.logger() })
	release := s.hold(s.items[0])
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.items[0]))
		sold <- err
	}()
	log.untilSetAside(t)
	select {
	case err := <-sold:
		t.Errorf("answered while the row is held: %v", err)
	default:
	}
	release()
	if err := waittest.Receive(t, "the answer when the row is free", sold); err != nil {
		t.Error(err)
	}
	s.checkBooks()
}

// TestHeldRowHarmsNobodyElse has somebody hold one row: carts of other items in the same batch are sold meanwhile, and
// those that want the held one when it is free.
func TestHeldRowHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	teller := NewTeller(TellerConfig{
		Pool: s.pool, Stock: quietShelf{}, Log: slog.New(slog.DiscardHandler),
		Patience: waittest.Limit(), LockWithin: 100 * time.Millisecond,
	})
	held, free := s.items[0], s.items[1]
	release := s.hold(held)
	var others, waiting sync.WaitGroup
	buy := func(crowd *sync.WaitGroup, items ...inventory.ItemID) {
		crowd.Go(func() {
			if _, err := teller.Buy(t.Context(), s.cart(items...)); err != nil {
				t.Errorf("cart of %v: %v", items, err)
			}
		})
	}
	for range 10 {
		buy(&others, free)
		buy(&waiting, held)
		buy(&waiting, free, held)
	}
	untilQueued(t, teller, 30)
	run(t, teller.Serve) // they are a batch
	others.Wait()
	if sold := s.item(free).Sold; sold != 10 {
		t.Errorf("%d were sold beside the held row, want 10", sold)
	}
	release()
	waiting.Wait()
	if sold := s.item(held).Sold; sold != 20 {
		t.Errorf("%d of the held row are sold, want 20", sold)
	}
	s.checkBooks()
}

// TestHeldRowIsWaitedForOnce has somebody hold one row: whoever wants another waits for it once at most, however many
// carts of the held one come, and the same form is sold when the row is free.
func TestHeldRowIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	pool, tracer := traced(t, s.pool)
	n := s.node(pool, func(c *TellerConfig) { c.LockWithin = 300 * time.Millisecond })
	held, free := s.items[0], s.items[1]
	release := s.hold(held)
	var wg sync.WaitGroup
	buy := func(items ...inventory.ItemID) {
		wg.Go(func() {
			if _, err := n.teller.Buy(t.Context(), s.cart(items...)); err != nil {
				t.Errorf("cart of %v: %v", items, err)
			}
		})
	}
	buy(held)
	waittest.Until(t, "the teller waits for the held row", func() bool { return s.waits() > 0 || tracer.inVain.Load() > 0 })
	began := time.Now()
	for range 5 {
		n.buy(s.cart(free))
		buy(held)
		buy(held, free)
	}
	t.Logf("carts of a free row took %v", time.Since(began))
	drained := make(chan error, 1)
	go func() { drained <- n.teller.Drain(t.Context()) }()
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
	if sold := s.item(held).Sold; sold != 11 {
		t.Errorf("%d of the held row are sold, want 11", sold)
	}
	s.checkBooks()
}

// TestHeldRowHidesAnOrder has a form sent again that another node has sold, while its row is held for good: nobody looked,
// so nobody says that it was not sold, also when its time is over. The row is logged once, however often it is asked for.
func TestHeldRowHidesAnOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 2)
	p := s.cart(s.items[0])
	s.node(s.pool).buy(p)
	var log eventLog
	teller := NewTeller(TellerConfig{
		Pool: s.pool, Stock: quietShelf{}, Log: log.logger(), Patience: waittest.Limit(), LockWithin: 50 * time.Millisecond,
	})
	defer s.hold(s.items[0])()
	waits := waiting()
	waits.Purchase = p
	teller.serve(t.Context(), []*ticket{waits})
	for range 5 {
		teller.aside.pause = 0 // it is time to ask
		teller.serve(t.Context(), nil)
	}
	if waits.done {
		t.Errorf("answered while the row is held and its time is not over: %v", (<-waits.answer).err)
	}
	waits.until, teller.aside.pause = time.Now(), 0
	teller.serve(t.Context(), nil)
	if !waits.done {
		t.Fatal("not answered when its time is over")
	}
	if err := (<-waits.answer).err; !errors.Is(err, ErrUnknown) || errors.Is(err, ErrFailed) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if want := fmt.Sprintf("items=[%d]", s.items[0]); log.count(want) != 1 {
		t.Errorf("the row is not named once:\n%s", log.String())
	}
}

// TestAsideIsBounded has more carts wait for a held row than may wait.
func TestAsideIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	n := s.node(s.pool, func(c *TellerConfig) { c.LockWithin, c.MaxWaiting = 50*time.Millisecond, 2 })
	release := s.hold(s.items[0])
	told := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := n.teller.Buy(t.Context(), s.cart(s.items[0]))
			told <- err
		}()
	}
	if err := waittest.Receive(t, "the answer to one too many", told); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	release()
	for range 2 {
		if err := waittest.Receive(t, "the answer when the row is free", told); err != nil {
			t.Error(err)
		}
	}
	s.checkBooks()
}
