package checkout

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
)

// TestPlansOfGrownTables lets the tables grow from a few rows to many thousands, as in the first
// minutes of a drop, before PostgreSQL has counted them again. A connection that was in use all the
// time goes on selling, and soon with the plans of one that is new.
func TestPlansOfGrownTables(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 1_000_000)
	for _, table := range []string{"orders", "order_lines", "stock_movements"} {
		s.Exec(`ALTER TABLE ` + table + ` SET (autovacuum_enabled = false)`)
	}
	buy := func(pool *pgxpool.Pool) func() map[string]string {
		n := s.blindNode(pool)
		return func() map[string]string {
			n.buy(s.cart(s.Items...))
			return keptPlans(t, pool)
		}
	}
	old, fresh := s.oneConnection(), s.oneConnection()
	buyOld := buy(old)
	buyOld()
	s.Exec(`ANALYZE`)
	small, process := buyOld(), backend(t, old)
	s.addOrders(20_000)
	large := buy(fresh)()
	if maps.Equal(small, large) {
		t.Fatal("the plans are those for a few rows: this test shows nothing")
	}
	waittest.Until(t, "the plans suit the tables", func() bool { return maps.Equal(buyOld(), large) })
	if backend(t, old) != process {
		t.Error("an attempt has failed: its connection was closed")
	}
	s.CheckBooks()
}

// backend is the process that serves the only connection of a pool.
func backend(t *testing.T, pool *pgxpool.Pool) (pid int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), `SELECT pg_backend_pid()`,
		pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// oneConnection is a pool like the store's, whose plans are all kept by one connection.
func (s *store) oneConnection() *pgxpool.Pool {
	s.T.Helper()
	cfg := s.Pool.Config()
	cfg.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(s.T.Context(), cfg)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(pool.Close)
	return pool
}

// addOrders adds orders of a pair by hand: counts and books agree.
func (s *store) addOrders(n int) {
	s.T.Helper()
	id := s.Items[0]
	s.Exec(`UPDATE item_availabilities SET sold_count = sold_count + $1, stocked_count = stocked_count + $1
		WHERE item_id = $2`, n, id)
	s.Exec(`INSERT INTO stock_movements (item_id, reason, available_delta) VALUES ($2, 'restock', $1)`, n, id)
	s.Exec(`
		WITH bought AS (
			INSERT INTO orders (id, total_cents) SELECT gen_random_uuid(), 1 FROM generate_series(1, $1) RETURNING id
		), sold AS (
			INSERT INTO stock_movements (reason, item_id, available_delta, sold_delta, order_id)
			SELECT 'sale', $2, -1, 1, id FROM bought
		)
		INSERT INTO order_lines
			(order_id, line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT id, gen_random_uuid(), $2, $3, 'P1-1', '1', 'Snks 23', 'Hop Man 1', 'yellow', '/p.svg', 1
		FROM bought`, n, id, s.Of[id])
}

// keptPlans returns the plans, without their costs, of the statements that the only connection of a
// pool has prepared.
func keptPlans(t *testing.T, pool *pgxpool.Pool) map[string]string {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT name, statement, cardinality(parameter_types) FROM pg_prepared_statements
		WHERE statement ~ '^(SELECT|INSERT|UPDATE)' AND NOT from_sql`, pgx.QueryExecModeSimpleProtocol)
	type prepared struct {
		Name, Statement string
		Parameters      int
	}
	statements, err := pgx.CollectRows(rows, pgx.RowToStructByPos[prepared])
	if err != nil {
		t.Fatal(err)
	}
	plans := make(map[string]string)
	for _, p := range statements {
		nulls := strings.TrimSuffix(strings.Repeat("NULL, ", p.Parameters), ", ")
		explain := fmt.Sprintf("EXPLAIN (COSTS off) EXECUTE %s (%s)", pgx.Identifier{p.Name}.Sanitize(), nulls)
		rows, _ := pool.Query(t.Context(), explain, pgx.QueryExecModeSimpleProtocol)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%v: %s", err, p.Statement)
		}
		plans[p.Statement] = strings.Join(lines, "\n")
	}
	return plans
}
