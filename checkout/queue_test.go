package checkout

import (
	"context"
	"errors"
	"testing"
	"time"

	"sneakers23/inventory"
)

func TestBusy(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	teller := NewTeller(TellerConfig{Pool: s.pool, Stock: quietShelf{}, MaxWaiting: 2})
	ctx, leave := context.WithCancelCause(t.Context())
	why := errors.New("closed the tab")
	left := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := teller.Buy(ctx, s.cart(s.items[0]))
			left <- err
		}()
	}
	for deadline := time.Now().Add(patience); len(teller.waiting) < 2 && time.Now().Before(deadline); {
	}
	if _, err := teller.Buy(t.Context(), s.cart(s.items[0])); !errors.Is(err, ErrBusy) || !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrBusy, and that nobody knows", err)
	}
	leave(why)
	for range 2 {
		if err := <-left; !errors.Is(err, ErrUnknown) || !errors.Is(err, why) {
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
	select {
	case err := <-sold:
		if err != nil {
			t.Error(err)
		}
	default: // told already, but perhaps not run
		if err := <-sold; err != nil {
			t.Error(err)
		}
	}
}

// untilWaits returns when so many transactions wait for a lock of this store.
func (s *store) untilWaits(n int) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		var waiting int
		err := s.pool.QueryRow(s.t.Context(), `
			SELECT count(DISTINCT w.pid) FROM pg_locks w JOIN pg_locks h ON h.pid = w.pid
			WHERE NOT w.granted AND h.relation = 'item_availabilities'::regclass`).Scan(&waiting)
		if err != nil {
			s.t.Fatal(err)
		}
		if waiting >= n {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d transactions wait, want %d", waiting, n)
		}
	}
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
	teller := NewTeller(TellerConfig{Pool: s.pool, Stock: clumsyShelf{dropped: new(bool)}})
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		_ = teller.Serve(t.Context())
	}()
	p := s.cart(s.items[0])
	if _, err := teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if r := <-panicked; r == nil {
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
