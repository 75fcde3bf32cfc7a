package checkout

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

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

// said tells that something was logged. Its buffer is 1: once is enough.
type said chan struct{}

func (s said) Write(p []byte) (int, error) {
	select {
	case s <- struct{}{}:
	default:
	}
	return len(p), nil
}

// TestHeldRow has somebody hold a row for longer than the teller waits: the cart is sold when the row is free.
func TestHeldRow(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	waitedInVain := make(said, 1)
	n := s.node(s.pool, func(c *TellerConfig) {
		c.Patience, c.LockWithin = patience, 50*time.Millisecond
		c.Log = slog.New(slog.NewTextHandler(waitedInVain, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	release := s.hold(s.items[0])
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.items[0]))
		sold <- err
	}()
	select {
	case <-waitedInVain:
	case <-time.After(patience):
		t.Error("the teller waits for the row without end")
	}
	select {
	case err := <-sold:
		t.Errorf("answered while the row is held: %v", err)
	default:
	}
	release()
	if err := <-sold; err != nil {
		t.Error(err)
	}
	s.checkBooks()
}

// TestHeldRowHarmsNobodyElse has somebody hold one row for good: carts of other items in the same batch are sold.
func TestHeldRowHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	teller := NewTeller(TellerConfig{
		Pool: s.pool, Stock: quietShelf{}, Log: slog.New(slog.DiscardHandler),
		Patience: time.Second, LockWithin: 100 * time.Millisecond,
	})
	held, free := s.items[0], s.items[1]
	defer s.hold(held)()
	var wg sync.WaitGroup
	buy := func(want error, items ...inventory.ItemID) {
		wg.Go(func() {
			if _, err := teller.Buy(t.Context(), s.cart(items...)); !errors.Is(err, want) {
				t.Errorf("cart of %v: got %v, want %v", items, err, want)
			}
		})
	}
	for range 10 {
		buy(nil, free)
		buy(ErrUnknown, held)
		buy(ErrUnknown, free, held)
	}
	for deadline := time.Now().Add(patience); len(teller.waiting) < 30 && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	run(t, teller.Serve) // they are a batch
	wg.Wait()
	if sold := s.item(free).Sold; sold != 10 {
		t.Errorf("%d were sold beside the held row, want 10", sold)
	}
	s.checkBooks()
}

// TestHeldRowIsWaitedForOnce has somebody hold one row: whoever wants another waits for it once at most, however many
// carts of the held one come, and the same form is sold when the row is free.
func TestHeldRowIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	const within = 700 * time.Millisecond
	n := s.node(s.pool, func(c *TellerConfig) { c.Patience, c.LockWithin = patience, within })
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
	s.untilWaits(1)
	began := time.Now()
	for range 5 {
		n.buy(s.cart(free))
		buy(held)
		buy(held, free)
	}
	if took := time.Since(began); took > 2*within {
		t.Errorf("carts of a free row took %v, want one wait of %v at most", took, within)
	}
	drained := make(chan error, 1)
	go func() { drained <- n.teller.Drain(t.Context()) }()
	n.buy(s.cart(free))
	select {
	case err := <-drained:
		t.Errorf("drained while carts wait for a row: %v", err)
	default:
	}
	release()
	wg.Wait()
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if sold := s.item(held).Sold; sold != 11 {
		t.Errorf("%d of the held row are sold, want 11", sold)
	}
	s.checkBooks()
}

// TestHeldRowHidesAnOrder has a form sent again that another node has sold, while its row is held for good: nobody looked,
// so nobody says that it was not sold. Whoever looks after the shop hears of the row.
func TestHeldRowHidesAnOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 2)
	p := s.cart(s.items[0])
	s.node(s.pool).buy(p)
	var log bytes.Buffer
	n := s.node(s.pool, func(c *TellerConfig) {
		c.Patience, c.LockWithin = 2*time.Second, 50*time.Millisecond
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	defer s.hold(s.items[0])()
	if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrFailed) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if want := fmt.Sprintf("items=[%d]", s.items[0]); strings.Count(log.String(), want) != 1 {
		t.Errorf("the row is not named once:\n%s", log.String())
	}
}

// TestAsideIsBounded has more carts wait for a held row than may wait.
func TestAsideIsBounded(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	n := s.node(s.pool, func(c *TellerConfig) { c.Patience, c.LockWithin, c.MaxWaiting = patience, 50*time.Millisecond, 2 })
	release := s.hold(s.items[0])
	told := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := n.teller.Buy(t.Context(), s.cart(s.items[0]))
			told <- err
		}()
	}
	if err := <-told; !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	release()
	for range 2 {
		if err := <-told; err != nil {
			t.Error(err)
		}
	}
	s.checkBooks()
}
