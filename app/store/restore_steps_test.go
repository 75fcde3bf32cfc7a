package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/checkout/ledger"
	"sneakers23/checkout/ledger/ledgertest"
	"sneakers23/inventory"
	"sneakers23/migrations"
)

// historic fills a store at a step, with what each step has brought. The counts are set in the end.
var historic = []struct {
	since int64
	sql   string
}{
	{1, `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, released)
		VALUES ('A', 1, 'a', E'tab\there', '', 100, '/a.svg', true), ('B', 2, 'b', 'b', '', 200, '/b.svg', false),
		('C', 3, 'c', 'c', '', 300, '/c.svg', false)`},
	{1, `INSERT INTO items (product_id, sku, size)
		SELECT id, sku || '-' || n, n FROM products, generate_series(1, 3) n`},
	{1, `DELETE FROM products WHERE sku > 'A'`}, // its ids are not given again
	{1, `INSERT INTO stock_movements (item_id, reason, available_delta) SELECT id, 'restock', 5 FROM items`},
	{1, `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta)
		SELECT min(id), 'sale', -2, 2 FROM items`}, // by an operator
	{2, `INSERT INTO orders (id, total_cents, status, cancelled_at) VALUES
		('00000000-0000-0000-0000-000000000001', 100, 'confirmed', NULL),
		('00000000-0000-0000-0000-000000000002', 100, 'cancelled', now())`},
	{2, `INSERT INTO order_lines
		SELECT gen_random_uuid(), o.id, i.id, p.id, i.sku, i.size, p.brand, p.name, p.color, '', 100
		FROM orders o, items i JOIN products p ON p.id = i.product_id WHERE i.id = (SELECT max(id) FROM items)`},
	{2, `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
		SELECT item_id, 'sale', -1, 1, order_id FROM order_lines`},
	{2, `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
		SELECT item_id, 'return', 1, -1, order_id FROM order_lines JOIN orders o ON o.id = order_id
		WHERE status = 'cancelled'`},
	{3, `UPDATE orders SET buyer = gen_random_uuid()`},
	{4, `INSERT INTO stock_movements (item_id, reason, available_delta, who, why)
		SELECT min(id), 'correction', -1, 'bob', 'wet' FROM items`},
	{6, `INSERT INTO devices (name, key_hash, secret_id, revoked_at)
		VALUES ('kiosk', sha256('a'), '12345678', NULL), ('app', sha256('b'), '12345678', now())`},
	{6, `INSERT INTO device_variables (device_id, name, type, value)
		SELECT id, 'a', 'string', '"\u001b"' FROM devices`},
	{6, `INSERT INTO device_wants (device_id, name, type, value, who)
		SELECT id, 'b', 'float', '0.1', 'bob' FROM devices`},
	{1, `UPDATE item_availabilities a SET available_count = m.here, sold_count = m.gone FROM (
			SELECT item_id, sum(available_delta) AS here, sum(sold_delta) AS gone FROM stock_movements GROUP BY 1
		) m WHERE m.item_id = a.item_id`},
	{7, `UPDATE item_availabilities SET stocked_count = available_count + sold_count`},
}

// storeAt makes and fills a store whose newest step is step, as an older version of the program
// left it.
func storeAt(t *testing.T, step int64) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	url := pool.Config().ConnString()
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	for newest := newestStep(t, url); newest > step; newest = newestStep(t, url) {
		if _, err := migrations.Down(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	for _, h := range historic {
		if h.since <= step {
			exec(t, pool, h.sql)
		}
	}
	return pool
}

// newestStep returns the newest step that is applied.
func newestStep(t *testing.T, url string) (newest int64) {
	t.Helper()
	state, err := migrations.Status(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range state.Steps {
		if s.Applied {
			newest = s.Version
		}
	}
	return newest
}

// backupAt writes a backup of a store at a step, with the tables that it has.
func backupAt(t *testing.T, pool *pgxpool.Pool, step int64) (tables []string, file []byte) {
	t.Helper()
	for _, name := range backupTables {
		var has bool
		if err := pool.QueryRow(t.Context(), `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&has); err != nil {
			t.Fatal(err)
		}
		if has {
			tables = append(tables, name)
		}
	}
	var b bytes.Buffer
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := writeBackup(t.Context(), tx, step, tables, &b, func(string, int64) {})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tables, b.Bytes()
}

// rowsOf returns the rows of a table as text, without their revisions and without more columns.
func rowsOf(t *testing.T, pool *pgxpool.Pool, table string, without []string) []string {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT (to_jsonb(t) - 'revision' - coalesce($1::text[], '{}'))::text
		FROM `+table+` t ORDER BY 1`, without)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func columnsIn(t *testing.T, pool *pgxpool.Pool, table string) (columns []string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) (err error) {
		columns, err = columnsOf(t.Context(), tx, table)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// TestRestoreOlderSteps restores a backup of every older step into a store of today that holds
// something else: it has the rows of the backup, its books balance, and it sells.
func TestRestoreOlderSteps(t *testing.T) {
	t.Parallel()
	state, err := migrations.Status(t.Context(), pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range state.Steps[:len(state.Steps)-1] {
		step := s.Version
		t.Run(fmt.Sprintf("step %d", step), func(t *testing.T) {
			t.Parallel()
			old := storeAt(t, step)
			exec(t, old, `SELECT setval('revisions', 1000)`)
			tables, file := backupAt(t, old, step)
			s, pool := filled(t)
			if err := restoreFrom(t, s, file); err != nil {
				t.Fatal(err)
			}
			for _, name := range backupTables {
				if !slices.Contains(tables, name) {
					if rows := rowsOf(t, pool, name, nil); len(rows) > 0 {
						t.Errorf("%s was not in the backup, and has %v", name, rows)
					}
					continue
				}
				then := columnsIn(t, old, name)
				without := slices.DeleteFunc(columnsIn(t, pool, name), func(column string) bool {
					return slices.Contains(then, column)
				})
				if diff := cmp.Diff(rowsOf(t, old, name, nil), rowsOf(t, pool, name, without)); diff != "" {
					t.Errorf("%s (-backed up +restored):\n%s", name, diff)
				}
			}
			checkBooks(t, pool)
			checkWorks(t, pool)
			checkBooks(t, pool)
		})
	}
}

func checkBooks(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	a, err := ledger.Check(t.Context(), pool)
	if err != nil || a.Items != 3 || a.Movements == 0 || len(a.Findings) > 0 {
		t.Errorf("an audit: %+v, %v", a, err)
	}
}

// checkWorks restocks and sells each item and adds a product. No id and no revision is given twice.
func checkWorks(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	rows, err := inventory.NewStore(pool).Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stock := ledgertest.Start(t, pool)
	for _, it := range rows.Items {
		err := stock.Restock(t.Context(), it.ID, 3)
		var sold []ledger.Sale
		if err == nil {
			sold, err = stock.SellUpTo(t.Context(), map[inventory.ItemID]int{it.ID: 2}, ledger.AlsoUnreleased)
		}
		if err != nil || len(sold) != 1 || sold[0].Pairs != 2 {
			t.Errorf("item %d: sold %v, %v", it.ID, sold, err)
		}
	}
	var lowest, product, leftovers int64
	err = pool.QueryRow(t.Context(), `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
		VALUES ('N', 3, 'n', 'n', '', 1, '/n.svg') RETURNING id`).Scan(&product)
	if err != nil || product != 4 {
		t.Errorf("the next product has id %d, %v, want 4: three were made", product, err)
	}
	err = pool.QueryRow(t.Context(), `SELECT least((SELECT min(revision) FROM products),
		(SELECT min(revision) FROM item_availabilities), (SELECT min(revision) FROM device_wants))`).Scan(&lowest)
	if err != nil || lowest <= 1000 {
		t.Errorf("a row has revision %d, %v, want more than nodes have seen", lowest, err)
	}
	err = pool.QueryRow(t.Context(),
		`SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'sneakers23_restore_')`).
		Scan(&leftovers)
	if err != nil || leftovers > 0 {
		t.Errorf("%d scratch schemas are left, %v", leftovers, err)
	}
}

// TestRestoreNewer refuses a backup of a newer program, and says so before anything is asked.
func TestRestoreNewer(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	file := rewrite(t, backup(t, s), headEntry, `"schema": `, `"schema": 1`)
	if err := restoreFrom(t, s, file); err == nil || !strings.Contains(err.Error(), "newer version of the program") {
		t.Errorf("restore a newer backup: %v", err)
	}
	if len(rowsOf(t, pool, "orders", nil)) != 1 {
		t.Error("the order is gone")
	}
}

// inTransaction does a part of a restore, and rolls it back.
func inTransaction(t *testing.T, s *Schema, do func(ctx context.Context, tx pgx.Tx, from *backupReader) error) error {
	t.Helper()
	file := backup(t, s)
	from, err := openBackup(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var done error
	rollback := errors.New("roll back")
	err = pgx.BeginFunc(t.Context(), s.db.Pool, func(tx pgx.Tx) error {
		done = do(t.Context(), tx, from)
		return rollback
	})
	if !errors.Is(err, rollback) {
		t.Fatal(err)
	}
	return done
}

// TestMigratedMeanwhile refuses to put rows into a store that a newer program has migrated since
// the restore began.
func TestMigratedMeanwhile(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	err := inTransaction(t, s, func(ctx context.Context, tx pgx.Tx, from *backupReader) error {
		exec(t, pool, `INSERT INTO `+migrations.Table+` (version_id, is_applied) VALUES (99, true)`)
		return restore(ctx, tx, from, s.db.schema.Newest, func(string, int64) {})
	})
	if err == nil || !strings.Contains(err.Error(), "migrated to step 99") {
		t.Errorf("restore into a store that was migrated: %v", err)
	}
}

// TestRestoreWithoutTheRight tells a role that may not create schemas what to grant.
func TestRestoreWithoutTheRight(t *testing.T) {
	t.Parallel()
	s, _ := filled(t)
	err := inTransaction(t, s, func(ctx context.Context, tx pgx.Tx, from *backupReader) error {
		if err := run(ctx, tx, `SET LOCAL ROLE pg_monitor`); err != nil { // has every database, and few rights
			return err
		}
		_, err := fillScratch(ctx, tx, from, s.db.schema.Newest, func(string, int64) {})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "GRANT CREATE ON DATABASE") {
		t.Errorf("restore without the right: %v", err)
	}
}
