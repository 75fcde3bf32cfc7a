package checkout

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// noSpace lets the database refuse orders as it does on a full disk.
const noSpace = `CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
	CREATE TRIGGER no_space BEFORE INSERT ON order_lines EXECUTE FUNCTION no_space()`

func TestTryWrite(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	n := s.node(s.Pool)
	if err := n.orders.TryWrite(t.Context()); err != nil {
		t.Fatal(err)
	}
	var rows, moved int
	err := s.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM order_lines),
		(SELECT count(*) FROM stock_movements WHERE order_id IS NOT NULL)`).Scan(&rows, &moved)
	if err != nil || rows != 0 || moved != 0 {
		t.Errorf("%d rows and %d movements are left, %v", rows, moved, err)
	}
	var pages int
	if err := s.Pool.QueryRow(t.Context(), `SELECT pg_relation_size('order_lines') / 8192`).Scan(&pages); err != nil ||
		pages < 2 {
		t.Errorf("it needed %d pages, %v: on a full disk it might go well where no order does", pages, err)
	}
	s.Exec(noSpace)
	err = n.orders.TryWrite(t.Context())
	if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "53100" {
		t.Errorf("got %v", err)
	}
	s.Exec(`DROP TRIGGER no_space ON order_lines`)
	if err := n.orders.TryWrite(t.Context()); err != nil {
		t.Error(err)
	}
	s.CheckBooks()
}

// A session that was read-only when it began stays so: the next try has another one.
func TestTryWriteAfterAReadOnlySession(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	cfg := s.Pool.Config()
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	orders := NewOrders(pool, nil)
	if _, err := pool.Exec(t.Context(), `SET default_transaction_read_only = on`); err != nil {
		t.Fatal(err)
	}
	if err := orders.TryWrite(t.Context()); err == nil {
		t.Error("a read-only session has written")
	}
	if err := orders.TryWrite(t.Context()); err != nil {
		t.Errorf("the session after that: %v", err)
	}
}

// The committer tells of what was committed and of what failed, and not of refusals, for which
// nothing is written.
func TestAttempted(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 2, 1)
	var mu sync.Mutex
	var told []bool
	n := s.node(s.Pool, func(cfg *config) {
		cfg.ledger.Attempted = func(committed bool) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, committed)
		}
	})
	want := func(what string, want ...bool) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(told, want) {
			t.Errorf("%s: told %v, want %v", what, told, want)
		}
		told = nil
	}
	form := s.cart(s.Items[0])
	n.buy(form)
	want("a purchase", true)
	n.buy(form)
	want("the same form")
	if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[0])); !errors.Is(err, ErrSoldOut) {
		t.Errorf("the last pair is sold: %v", err)
	}
	want("a refusal")
	s.Exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''on purpose''; END';
		CREATE TRIGGER refuse BEFORE INSERT ON order_lines EXECUTE FUNCTION refuse()`)
	if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[1])); !errors.Is(err, ErrFailed) {
		t.Errorf("the database refuses: %v", err)
	}
	want("what the database refuses", false)
}
