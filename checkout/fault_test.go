package checkout

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// once is a line's fate that strikes the first so many transactions.
func once(f fault, times int64) func() fault {
	var asked atomic.Int64
	return func() fault {
		if asked.Add(1) <= times {
			return f
		}
		return passes
	}
}

func short(c *TellerConfig) { c.Patience, c.LockWithin = 3*time.Second, 200*time.Millisecond }

// TestCutAtCommit loses the line at the one moment after which nobody knows, before and after the database committed.
// The buyer hears nothing of it, and the pair is sold once. A cart that promises to be sold goes through without a look,
// one whose pairs came behind the node's back is looked at.
func TestCutAtCommit(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"before": losesCommit, "after": losesAnswer, "silent before": swallowsMore, "silent after": holdsAnswer,
		"said rolled back": liesRollback,
	} {
		t.Run(name+"/lone", func(t *testing.T) { cutAtCommit(t, f, 2, 0) })
		t.Run(name+"/looked at", func(t *testing.T) { cutAtCommit(t, f, 0, 2) })
	}
}

func cutAtCommit(t *testing.T, f fault, known, unknown int) {
	t.Parallel()
	s := newStore(t, 1, 1, known)
	line, pool := newCutter(t, s.pool, once(f, 3))
	var log bytes.Buffer
	n := s.node(pool, func(c *TellerConfig) {
		c.Patience, c.LockWithin = patience, 200*time.Millisecond
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if unknown > 0 {
		s.restock(s.items[0], unknown)
	}
	p := s.cart(s.items[0])
	o := n.buy(p)
	if line.faults[f].Load() == 0 {
		t.Error("the line was not cut")
	}
	if !strings.Contains(log.String(), "tried again") {
		t.Errorf("what became of it was not looked up:\n%s", log.String())
	}
	if got, err := n.orders.Bought(t.Context(), []LineID{p.Lines[0].ID}); err != nil || got[p.Lines[0].ID] != o.ID {
		t.Errorf("the line is in order %q, the buyer was told of another: %v", got[p.Lines[0].ID], err)
	}
	want := s.item(s.items[0])
	if now, _, _ := n.stock.Catalog().Item(want.ID); want.Available != 1 || want.Sold != 1 || now.ItemRow != want {
		t.Errorf("the database says %+v, the catalog %+v", want, now.ItemRow)
	}
	s.checkBooks()
}

// TestNobodyKnows cuts every answer: the buyer must not be told that he has nothing.
func TestNobodyKnows(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	var gone atomic.Bool
	_, pool := newCutter(t, s.pool, func() fault {
		gone.Store(true)
		return losesAnswer
	})
	cfg := pool.Config()
	cfg.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if gone.Load() {
			return errors.New("no way to the database")
		}
		return nil
	}
	cut, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cut.Close)
	n := s.node(cut, short)
	p := s.cart(s.items[0])
	if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrFailed) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	// the next attempt was never begun: the order is there, and this node can't look
	if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrFailed) {
		t.Errorf("sent again without a database: got %v, want ErrUnknown", err)
	}
	other := s.node(s.pool)
	if o, err := other.teller.Buy(t.Context(), p); err != nil || len(o.Lines) != 1 {
		t.Errorf("the same form at another node: %+v, %v, want the order", o, err)
	}
	s.checkBooks()
}

// TestBadCartAlone has one cart in a batch of many that the database refuses, for a reason that no look can see.
func TestBadCartAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 100)
	n := s.node(s.pool, func(c *TellerConfig) { c.LockWithin = patience })
	bad := s.items[1]
	s.exec(`UPDATE item_availabilities SET sold_count = 2147483647 WHERE item_id = $1`, bad) // one more is none
	hold, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `SELECT FROM item_availabilities FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := n.teller.Buy(t.Context(), s.cart(s.items[0])); err != nil {
			t.Error(err)
		}
	})
	s.untilWaits(1) // the others are a batch
	for i := range 32 {
		wg.Go(func() {
			item := s.items[0]
			if i == 20 {
				item = bad
			}
			_, err := n.teller.Buy(t.Context(), s.cart(item))
			var pg *pgconn.PgError
			switch {
			case item == bad && (!errors.Is(err, ErrFailed) || !errors.As(err, &pg)):
				t.Errorf("the bad cart got %v, want ErrFailed with the database's reason", err)
			case item != bad && err != nil:
				t.Error(err)
			}
		})
	}
	for deadline := time.Now().Add(patience); len(n.teller.waiting) < 32 && time.Now().Before(deadline); {
	}
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if sold := s.item(s.items[0]).Sold; sold != 32 {
		t.Errorf("%d were sold beside the bad cart, want 32", sold)
	}
}

// TestDeadlock sells while somebody locks the same rows in another order.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n := s.node(s.pool, func(c *TellerConfig) { c.Patience, c.LockWithin = patience, 20*time.Second })
	ctx := t.Context()
	hold, err := s.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lock := `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE`
	if _, err := hold.Exec(ctx, lock, s.items[1]); err != nil {
		t.Fatal(err)
	}
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(ctx, s.cart(s.items...))
		sold <- err
	}()
	s.untilWaits(1)
	_, err = hold.Exec(ctx, lock, s.items[0]) // one of both is the victim
	if err := errors.Join(hold.Rollback(ctx), <-sold); err != nil {
		t.Error(err)
	}
	t.Logf("the other transaction got: %v", err)
	s.checkBooks()
}

// TestSnapshots sells on a database whose transactions see one moment unless they say otherwise: the look must see what
// was sold while it waited for the lock, and not be rolled back for it.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	cfg := s.pool.Config()
	cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "repeatable read"
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	var log bytes.Buffer
	told := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	logged := func(c *TellerConfig) { c.Log = told }
	one, two := s.node(pool, logged), s.node(pool, logged)
	p := s.cart(s.items[0])
	for range 30 {
		var wg sync.WaitGroup
		p.Lines[0].ID = NewLineID()
		ids := make([]OrderID, 4)
		for i := range ids {
			wg.Go(func() {
				o, err := []*node{one, two}[i%2].teller.Buy(t.Context(), p)
				if err != nil && !errors.Is(err, ErrSoldOut) {
					t.Error(err)
				}
				ids[i] = o.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("one form got orders %q", ids)
			}
		}
	}
	if log.Len() > 0 {
		t.Errorf("tellers tried again:\n%s", log.String())
	}
	s.checkBooks()
}

// TestLocksInOrder has somebody hold the row with the lowest id: whoever waits for it must not hold one with a higher.
func TestLocksInOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 5)
	n := s.node(s.pool)
	o := n.buy(s.cart(s.items...))
	first := s.item(s.items[0]) // goes to the end of the table, so that only sorting finds it first
	s.exec(`DELETE FROM item_availabilities WHERE item_id = $1`, first.ID)
	s.exec(`INSERT INTO item_availabilities (item_id, available_count, sold_count) VALUES ($1, $2, $3)`, first.ID, first.Available, first.Sold)
	ctx := t.Context()
	for what, do := range map[string]func() error{
		"sell":   func() error { _, err := n.teller.Buy(ctx, s.cart(s.items[2], s.items[0])); return err },
		"cancel": func() error { _, err := n.orders.Cancel(ctx, o.ID); return err },
	} {
		hold, err := s.pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hold.Exec(ctx, `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE`, s.items[0]); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- do() }()
		s.untilWaits(1)
		if _, err := hold.Exec(ctx, `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE NOWAIT`, s.items[2]); err != nil {
			t.Errorf("%s waits for the first row and holds the last: %v", what, err)
		}
		if err := errors.Join(hold.Rollback(ctx), <-done); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.checkBooks()
}

// TestDatabaseAwayForAMoment can't connect for some time: the buyer waits, and is sold to.
func TestDatabaseAwayForAMoment(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	var asked atomic.Int64
	cfg := s.pool.Config()
	cfg.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if asked.Add(1) <= 3 {
			return errors.New("no way to the database")
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s.node(pool).buy(s.cart(s.items[0]))
	if asked.Load() <= 3 {
		t.Errorf("connected at attempt %d", asked.Load())
	}
	s.checkBooks()
}
