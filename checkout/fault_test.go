package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
)

// TestBadCartAlone has one cart in a batch of many that the database refuses, for a reason that no
// look can see.
func TestBadCartAlone(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 100)
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	bad := s.Items[1]
	s.Exec(fmt.Sprintf(`ALTER TABLE order_lines ADD CHECK (item_id <> %d) NOT VALID`, bad))
	hold, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `SELECT FROM item_availabilities FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[0])); err != nil {
			t.Error(err)
		}
	})
	s.UntilWaits(1) // the others are a batch
	for i := range 32 {
		wg.Go(func() {
			item := s.Items[0]
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
	waittest.Until(t, "the others wait", func() bool { return n.ledger.Waiting() >= 32 })
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if sold := s.Item(s.Items[0]).Sold; sold != 32 {
		t.Errorf("%d were sold beside the bad cart, want 32", sold)
	}
}

// TestDeadlock sells while another transaction locks the same rows in another order.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	ctx := t.Context()
	hold, err := s.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lock := `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE`
	if _, err := hold.Exec(ctx, lock, s.Items[1]); err != nil {
		t.Fatal(err)
	}
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(ctx, s.cart(s.Items...))
		sold <- err
	}()
	s.UntilWaits(1)
	_, err = hold.Exec(ctx, lock, s.Items[0]) // one of both is the victim
	if err := errors.Join(hold.Rollback(ctx), waittest.Receive(t, "the answer", sold)); err != nil {
		t.Error(err)
	}
	t.Logf("the other transaction got: %v", err)
	s.CheckBooks()
}

// TestSnapshots sells on a database whose transactions see one moment unless they say otherwise:
// the look must see what was sold while it waited for the lock, and not be rolled back for it.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	pool := s.SnapshotPool()
	var log waittest.Log
	logged := func(c *config) { c.ledger.Log, c.ledger.LockWithin = log.Logger(), waittest.Limit() }
	one, two := s.node(pool, logged), s.node(pool, logged)
	p := s.cart(s.Items[0])
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
	if text := log.Without("msg=sold "); text != "" {
		t.Errorf("tellers tried again:\n%s", text)
	}
	s.CheckBooks()
}

// TestLocksInOrder holds the row with the lowest id: a sale that waits for it must not hold one
// with a higher id.
func TestLocksInOrder(t *testing.T) {
	t.Parallel()
	s := newStore(t, 8, 1, 5)
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	o := n.buy(s.cart(s.Items...))
	// goes to the end of the table, so that only sorting finds it first
	first, others := s.Item(s.Items[0]), s.Items[1:]
	s.Exec(`DELETE FROM item_availabilities WHERE item_id = $1`, first.ID)
	s.Exec(`INSERT INTO item_availabilities (item_id, available_count, sold_count, stocked_count)
		VALUES ($1, $2::integer, $3::integer, $2 + $3)`,
		first.ID, first.Available, first.Sold)
	s.Exec(`WITH gone AS (DELETE FROM order_lines WHERE item_id = $1 RETURNING *)
		INSERT INTO order_lines SELECT * FROM gone`, first.ID) // and so does its line
	ctx, backwards := t.Context(), slices.Clone(s.Items)
	slices.Reverse(backwards)
	for what, do := range map[string]func() error{
		"sell":   func() error { _, err := n.teller.Buy(ctx, s.cart(backwards...)); return err },
		"cancel": func() error { _, err := n.orders.Cancel(ctx, o.ID); return err },
	} {
		hold, err := s.Pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hold.Exec(ctx, `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE`,
			s.Items[0]); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- do() }()
		s.UntilWaits(1)
		if _, err := hold.Exec(ctx, `SELECT FROM item_availabilities WHERE item_id = ANY ($1) FOR UPDATE NOWAIT`,
			others); err != nil {
			t.Errorf("%s waits for the first row and holds another: %v", what, err)
		}
		if err := errors.Join(hold.Rollback(ctx), waittest.Receive(t, "the answer to "+what, done)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.CheckBooks()
}

// TestDatabaseAwayForAMoment can't connect for some time: the buyer waits, and is sold to.
func TestDatabaseAwayForAMoment(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	var asked atomic.Int64
	cfg := s.Pool.Config()
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
	s.node(pool).buy(s.cart(s.Items[0]))
	if asked.Load() <= 3 {
		t.Errorf("connected at attempt %d", asked.Load())
	}
	s.CheckBooks()
}
