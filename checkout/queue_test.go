package checkout

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

func TestBusy(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	teller := NewTeller(TellerConfig{Pool: s.pool, Stock: quietShelf{}, MaxWaiting: 2, Patience: waittest.Limit()})
	ctx, leave := context.WithCancelCause(t.Context())
	why := errors.New("closed the tab")
	left := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := teller.Buy(ctx, s.cart(s.items[0]))
			left <- err
		}()
	}
	untilQueued(t, teller, 2)
	if _, err := teller.Buy(t.Context(), s.cart(s.items[0])); !errors.Is(err, ErrBusy) || !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrBusy, and that nobody knows", err)
	}
	leave(why)
	for range 2 {
		if err := waittest.Receive(t, "the answer to who left", left); !errors.Is(err, ErrUnknown) || !errors.Is(err, why) {
			t.Errorf("who left was told %v", err)
		}
	}
	// Serve sells what it has taken, also when it is told to end at once
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := teller.Serve(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("serve ended with %v", err)
	}
	if sold := s.item(s.items[0]).Sold; sold != 2 {
		t.Errorf("%d pairs are sold, want 2", sold)
	}
	s.checkBooks()
}

// quietShelf knows nothing and remembers nothing.
type quietShelf struct{}

func (quietShelf) Catalog() *inventory.Catalog {
	return inventory.NewCatalog(inventory.Rows{}, inventory.DefaultThresholds)
}
func (quietShelf) Committed(context.Context, ...inventory.Change) error { return nil }

// TestDrain returns when those before it are answered.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	n := s.node(s.pool)
	sold := make(chan error, 1)
	hold, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `SELECT FROM item_availabilities FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.items[0]))
		sold <- err
	}()
	s.untilWaits(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.teller.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drained while somebody waits: %v", err)
	}
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := n.teller.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if err := waittest.Receive(t, "the answer, which was given before the drain ended", sold); err != nil {
		t.Error(err)
	}
}

// untilQueued returns when so many buyers wait for a teller that does not serve yet, or is busy.
func untilQueued(t testing.TB, teller *Teller, n int) {
	t.Helper()
	waittest.Until(t, fmt.Sprintf("%d buyers wait for the teller", n), func() bool { return len(teller.waiting) >= n })
}

// untilWaits returns when so many transactions wait for a lock of this store.
func (s *store) untilWaits(n int) {
	s.t.Helper()
	waittest.Until(s.t, fmt.Sprintf("%d transactions wait for a lock", n), func() bool { return s.waits() >= n })
}

// waits counts the transactions that wait for a lock of this store.
func (s *store) waits() (n int) {
	s.t.Helper()
	err := s.pool.QueryRow(s.t.Context(), `
		SELECT count(DISTINCT w.pid) FROM pg_locks w JOIN pg_locks h ON h.pid = w.pid
		WHERE NOT w.granted AND h.relation = 'item_availabilities'::regclass`).Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// clumsyShelf drops what it is told of for the first time.
type clumsyShelf struct {
	quietShelf
	dropped *bool
}

func (c clumsyShelf) Committed(context.Context, ...inventory.Change) error {
	if !*c.dropped {
		*c.dropped = true
		panic("dropped it")
	}
	return nil
}

// TestServeAgain panics after a commit: the buyer is told that nobody knows, and finds his order at the next Serve.
func TestServeAgain(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 5)
	teller := NewTeller(TellerConfig{Pool: s.pool, Stock: clumsyShelf{dropped: new(bool)}, Patience: waittest.Limit()})
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		_ = teller.Serve(t.Context())
	}()
	p := s.cart(s.items[0])
	if _, err := teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if r := waittest.Receive(t, "the panic", panicked); r == nil {
		t.Error("it did not panic")
	}
	run(t, teller.Serve)
	if o, err := teller.Buy(t.Context(), p); err != nil || len(o.Lines) != 1 {
		t.Errorf("got %+v, %v, want the order", o, err)
	}
	if sold := s.item(s.items[0]).Sold; sold != 1 {
		t.Errorf("%d pairs are sold, want 1", sold)
	}
}
