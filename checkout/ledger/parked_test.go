package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// TestHeldRowHarmsNobodyElse has another transaction hold one row: operations of other items in the
// same batch are carried out meanwhile, and those that want the held one when it is free.
func TestHeldRowHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 2, 1, 100)
	c := New(testConfig(s.Pool, func(c *Config) { c.LockWithin = 100 * time.Millisecond }))
	held, free := s.Items[0], s.Items[1]
	release := s.Hold(held)
	var others, waiting sync.WaitGroup
	sell := func(crowd *sync.WaitGroup, items ...inventory.ItemID) {
		crowd.Go(func() {
			if err := c.Submit(t.Context(), sellOne(items...), nil); err != nil {
				t.Errorf("items %v: %v", items, err)
			}
		})
	}
	for range 10 {
		sell(&others, free)
		sell(&waiting, held)
		sell(&waiting, held, free)
	}
	untilQueued(t, c, 30)
	run(t, c.Serve) // they are a batch
	others.Wait()
	if sold := s.Item(free).Sold; sold != 10 {
		t.Errorf("%d were sold beside the held row, want 10", sold)
	}
	release()
	waiting.Wait()
	if sold := s.Item(held).Sold; sold != 20 {
		t.Errorf("%d of the held row are sold, want 20", sold)
	}
	s.CheckBooks()
}

// TestHeldForGood has a row held until the time of an operation is over: it was not done, and is
// not said to have failed, since nothing was read. The row is logged once, however often it is
// asked for.
func TestHeldForGood(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 2)
	var log waittest.Log
	c := New(testConfig(s.Pool, func(c *Config) { c.Log, c.LockWithin = log.Logger(), 50*time.Millisecond }))
	defer s.Hold(s.Items[0])()
	x := newTicket(sellOne(s.Items[0]), nil)
	c.serve(t.Context(), []*ticket{x})
	for range 5 {
		c.parked.pause = 0 // it is time to ask
		c.serve(t.Context(), nil)
	}
	if x.done {
		t.Errorf("answered while the row is held and its time is not over: %v", <-x.answer)
	}
	x.until, c.parked.pause = time.Now(), 0
	c.serve(t.Context(), nil)
	if !x.done {
		t.Fatal("not answered when its time is over")
	}
	if err := <-x.answer; !errors.Is(err, ErrNotDone) || errors.Is(err, ErrFailed) {
		t.Errorf("got %v, want ErrNotDone", err)
	}
	if want := fmt.Sprintf("items=[%d]", s.Items[0]); log.Count(want) != 1 {
		t.Errorf("the row is not named once:\n%s", log.String())
	}
}

// TestParkedIsBounded has more operations wait for a held row than may wait.
func TestParkedIsBounded(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	n := newNode(s, s.Pool, func(c *Config) { c.LockWithin, c.MaxWaiting = 50*time.Millisecond, 2 })
	release := s.Hold(s.Items[0])
	told := make(chan error, 3)
	for range 3 {
		go func() { told <- n.Submit(t.Context(), sellOne(s.Items[0]), nil) }()
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
	s.CheckBooks()
}

// TestParkedInDoubt finds no room for an operation whose outcome is in doubt: it is not said that
// nothing was done.
func TestParkedInDoubt(t *testing.T) {
	t.Parallel()
	c := New(testConfig(nil, func(c *Config) { c.MaxWaiting = 1 }))
	c.park(newTicket(sellOne(1), nil))
	x := newTicket(sellOne(1), nil)
	x.inDoubt = true
	c.park(x)
	if err := <-x.answer; !errors.Is(err, ErrUnknown) || errors.Is(err, ErrNotDone) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
}

// TestParkedWaitForTheirBatch frees the row of more parked operations than a batch takes, when
// their time is over: all of them are carried out.
func TestParkedWaitForTheirBatch(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	c := New(testConfig(s.Pool, func(c *Config) { c.MaxBatch = 2 }))
	var parked []*ticket
	for range 5 {
		x := newTicket(sellOne(s.Items[0]), nil)
		x.until = time.Now()
		c.park(x)
		parked = append(parked, x)
	}
	run(t, c.Serve)
	for _, x := range parked {
		if err := waittest.Receive(t, "the answer when the row is free", x.answer); err != nil {
			t.Error(err)
		}
	}
}

// TestParkedIsAbandoned has a caller leave while its operation is parked without an attempt.
func TestParkedIsAbandoned(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 1)
	c := New(testConfig(s.Pool))
	defer s.Hold(s.Items[0])()
	c.parked.rows = map[inventory.ItemID]holder{s.Items[0]: 1}
	x := newTicket(sellOne(s.Items[0]), nil)
	c.serve(t.Context(), []*ticket{x})
	if !x.parked || x.done {
		t.Fatalf("parked: %t, answered: %t", x.parked, x.done)
	}
	if !x.abandon() {
		t.Fatal("an attempt at it has begun")
	}
	c.parked.pause = 0
	c.serve(t.Context(), nil)
	if !x.done || len(c.parked.tickets) != 0 {
		t.Errorf("answered: %t, %d are parked", x.done, len(c.parked.tickets))
	}
}

// TestStopBesideAHeldRow ends a committer while an operation waits for a row, and it is not yet
// time to ask: it is carried out first.
func TestStopBesideAHeldRow(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 1)
	c := New(testConfig(s.Pool))
	x := newTicket(sellOne(s.Items[0]), nil)
	c.park(x)
	c.parked.asked, c.parked.pause = time.Now(), 200*time.Millisecond
	x.until = c.parked.asked.Add(waittest.Limit())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Serve(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("serve ended with %v", err)
	}
	if !x.done {
		t.Fatal("the operation that waited for the row is not carried out")
	}
	if err := <-x.answer; err != nil {
		t.Error(err)
	}
	s.CheckBooks()
}

// TestStuck tells rows that are held on and on from those that are held at this moment.
func TestStuck(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 3, 1, 1)
	c := New(testConfig(s.Pool))
	long, passing, free := s.Items[0], s.Items[1], s.Items[2]
	defer s.Hold(long)()
	defer s.Hold(passing)()
	c.parked.tickets = []*ticket{newTicket(sellOne(long, passing, free), nil)}
	held, err := c.holders(t.Context(), c.parked.tickets)
	if err != nil {
		t.Fatal(err)
	}
	if len(held) != 2 || held[long] == held[passing] {
		t.Fatalf("held are %v, want two rows by two", held)
	}
	for what, before := range map[string]map[inventory.ItemID]holder{
		"held by another before": {long: held[long], passing: held[long], free: held[long]},
		"not held before":        {long: held[long]},
		"not asked before":       {long: held[long], passing: unknownHolder},
	} {
		c.parked.rows = before
		if got := c.stuck(t.Context()); len(got) != 1 || got[long] != held[long] {
			t.Errorf("%s: stuck are %v, want %v", what, got, map[inventory.ItemID]holder{long: held[long]})
		}
	}
}

// TestPanicWhileAsking panics where it asks for held rows: those of the batch are told, those that
// are parked go on waiting.
func TestPanicWhileAsking(t *testing.T) {
	t.Parallel()
	c := New(testConfig(nil)) // without a database to ask
	waits, comes := newTicket(sellOne(1), nil), newTicket(sellOne(2), nil)
	c.park(waits)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		c.serve(t.Context(), []*ticket{comes})
	}()
	if !comes.done || waits.done || len(c.parked.tickets) != 1 {
		t.Errorf("told the one who came: %t, the one who waits: %t; %d wait",
			comes.done, waits.done, len(c.parked.tickets))
	}
}

// TestDrainAlone has nothing but a drain wait, because a panic answered what it waited for.
func TestDrainAlone(t *testing.T) {
	t.Parallel()
	c := New(testConfig(nil))
	drain := newTicket(nil, nil)
	drain.parked = true
	c.parked.drains = []*ticket{drain}
	if c.parked.due() == nil {
		t.Fatal("it is never time for it")
	}
	c.serve(t.Context(), nil)
	if !drain.done || c.parked.due() != nil {
		t.Error("it was not answered")
	}
}

// TestParkedKeepsItsTime parks an operation again: its time does not restart. When the database
// can't be asked, it goes on waiting until then.
func TestParkedKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 1)
	pool, err := pgxpool.NewWithConfig(t.Context(), s.Pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	c := New(testConfig(pool, func(c *Config) { c.LockWithin = 50 * time.Millisecond }))
	defer s.Hold(s.Items[0])()
	x := newTicket(sellOne(s.Items[0]), nil)
	until := time.Now().Add(waittest.Limit())
	x.until = until
	c.commit(t.Context(), []*ticket{x})
	if !x.parked || !x.until.Equal(until) {
		t.Errorf("parked: %t, until %v, want %v", x.parked, x.until, until)
	}
	pool.Close()
	c.parked.pause = 0
	if back := c.unpark(t.Context()); len(back) != 0 || x.done {
		t.Errorf("%d came back, told: %t, before anything could be asked", len(back), x.done)
	}
	if !x.wants(c.parked.rows) {
		t.Error("the row counts as free")
	}
	x.until, c.parked.pause = time.Now(), 0
	if back := c.unpark(t.Context()); len(back) != 0 || !x.done {
		t.Fatalf("%d came back, told: %t, when the time was over", len(back), x.done)
	}
	if err := <-x.answer; !errors.Is(err, ErrNotDone) {
		t.Errorf("got %v, want ErrNotDone", err)
	}
}
