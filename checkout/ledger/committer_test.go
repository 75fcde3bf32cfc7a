package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// untilQueued returns when so many operations wait for a committer that does not serve yet, or is
// busy.
func untilQueued(t testing.TB, c *Committer, n int) {
	t.Helper()
	waittest.Until(t, fmt.Sprintf("%d operations wait", n), func() bool { return c.Waiting() >= n })
}

func TestBusy(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	c := New(testConfig(s.Pool, func(c *Config) { c.MaxWaiting = 2 }))
	told := make(chan error, 2)
	for range 2 {
		go func() { told <- c.Submit(t.Context(), sellOne(s.Items[0]), nil) }()
	}
	untilQueued(t, c, 2)
	answered := 0
	err := c.Submit(t.Context(), sellOne(s.Items[0]), func() { answered++ })
	if !errors.Is(err, ErrBusy) || !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrUnknown) || answered != 1 {
		t.Errorf("got %v after %d calls, want ErrBusy after one", err, answered)
	}
	// Serve carries out what it has taken, also when it is told to end at once
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Serve(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("serve ended with %v", err)
	}
	for range 2 {
		if err := waittest.Receive(t, "an answer", told); err != nil {
			t.Error(err)
		}
	}
	if sold := s.Item(s.Items[0]).Sold; sold != 2 {
		t.Errorf("%d pairs are sold, want 2", sold)
	}
	s.CheckBooks()
}

// TestAbandoned has callers leave before a first attempt at their operations, and others run out of
// time in the queue: nothing is done for them, they are told so, and their places are free when the
// operations have left the queue.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	c := New(testConfig(s.Pool, func(c *Config) { c.MaxWait = 1 })) // a nanosecond: no Serve runs before that
	why := errors.New("closed the tab")
	gone, leave := context.WithCancelCause(t.Context())
	leave(why)
	free := make(chan struct{}, 2)
	for what, ctx := range map[error]context.Context{why: gone, errMaxWait: t.Context()} {
		err := c.Submit(ctx, sellOne(s.Items[0]), func() { free <- struct{}{} })
		if !errors.Is(err, ErrNotDone) || !errors.Is(err, ErrUnknown) || !errors.Is(err, what) {
			t.Errorf("got %v, want ErrNotDone for %v", err, what)
		}
	}
	if len(free) != 0 {
		t.Error("the places are free while the operations are in the queue")
	}
	run(t, c.Serve)
	for range 2 {
		waittest.Done(t, "a place is free", free)
	}
	if sold := s.Item(s.Items[0]).Sold; sold != 0 {
		t.Errorf("%d pairs are sold to callers who have left", sold)
	}
}

// TestLeftTooLate has a caller leave while an attempt is under way: the outcome is unknown, and the
// operation is carried out.
func TestLeftTooLate(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	c := New(testConfig(s.Pool, func(c *Config) { c.LockWithin = waittest.Limit() }))
	run(t, c.Serve)
	release := s.Hold(s.Items[0])
	ctx, leave := context.WithCancel(t.Context())
	told := make(chan error, 1)
	go func() { told <- c.Submit(ctx, sellOne(s.Items[0]), nil) }()
	s.UntilWaits(1)
	leave()
	if err := waittest.Receive(t, "the answer", told); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrNotDone) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	release()
	if err := c.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sold := s.Item(s.Items[0]).Sold; sold != 1 {
		t.Errorf("%d pairs are sold, want 1", sold)
	}
}

// TestDrain returns when those before it are answered.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	n := newNode(s, s.Pool)
	release := s.Hold(s.Items[0])
	sold := make(chan error, 1)
	go func() { sold <- n.Submit(t.Context(), sellOne(s.Items[0]), nil) }()
	s.UntilWaits(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drained while an operation waits: %v", err)
	}
	release()
	if err := n.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if err := waittest.Receive(t, "the answer, which was given before the drain ended", sold); err != nil {
		t.Error(err)
	}
}

// clumsyInventory panics when it is told of something for the first time.
type clumsyInventory struct {
	emptyInventory
	dropped *bool
}

func (c clumsyInventory) Committed(context.Context, ...inventory.Change) error {
	if !*c.dropped {
		*c.dropped = true
		panic("dropped it")
	}
	return nil
}

// TestServeAgain panics after a commit: the caller is told that the outcome is unknown, and the
// next Serve carries on.
func TestServeAgain(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 5)
	cfg := testConfig(s.Pool)
	cfg.Inventory = clumsyInventory{dropped: new(bool)}
	c := New(cfg)
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		_ = c.Serve(t.Context())
	}()
	first := sellOne(s.Items[0])
	if err := c.Submit(t.Context(), first, nil); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrNotDone) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if r := waittest.Receive(t, "the panic", panicked); r == nil {
		t.Error("it did not panic")
	}
	run(t, c.Serve)
	if err := c.Submit(t.Context(), first, nil); err != nil || len(first.sales) != 1 {
		t.Errorf("got %v, %v, want what was sold", first.sales, err)
	}
	if sold := s.Item(s.Items[0]).Sold; sold != 1 {
		t.Errorf("%d pairs are sold, want 1", sold)
	}
}

// TestMixedBatch carries out operations of all kinds in one transaction, in order of arrival.
func TestMixedBatch(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 1)
	c := New(testConfig(s.Pool))
	ann := inventory.ActingAs(t.Context(), "ann")
	told := make([]chan error, 4)
	for i, do := range []func() error{
		func() error { return c.Submit(t.Context(), sellOne(s.Items[0]), nil) },
		func() error { return c.Correct(ann, s.Items[0], -1, "lost") }, // there is none any more
		func() error { return c.Restock(ann, s.Items[0], 3) },
		func() error { return c.Correct(ann, s.Items[0], -1, "lost") },
	} {
		told[i] = make(chan error, 1)
		go func() { told[i] <- do() }()
		untilQueued(t, c, i+1)
	}
	run(t, c.Serve)
	for i, want := range []error{nil, inventory.ErrTooFew, nil, nil} {
		if err := waittest.Receive(t, "an answer", told[i]); !errors.Is(err, want) {
			t.Errorf("operation %d: got %v, want %v", i, err, want)
		}
	}
	if it := s.Item(s.Items[0]); it.Available != 2 || it.Sold != 1 {
		t.Errorf("the item is %+v, want 2 pairs left and 1 sold", it)
	}
	var transactions int
	var who []string
	err := s.Pool.QueryRow(t.Context(), `SELECT count(DISTINCT xmin::text), array_agg(coalesce(who, '') ORDER BY id)
		FROM stock_movements WHERE operation IS NOT NULL`).Scan(&transactions, &who)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(who); transactions != 1 || !slices.Equal(who, []string{"", "ann", "ann"}) {
		t.Errorf("booked in %d transactions for %q", transactions, who)
	}
	s.CheckBooks()
}
