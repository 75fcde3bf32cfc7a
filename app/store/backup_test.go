package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/checkout/ledger/ledgertest"
	"sneakers23/inventory"
	"sneakers23/migrations"
)

// filled is a store with two products, an order of one pair, and words that need care.
func filled(t *testing.T) (*Schema, *pgxpool.Pool) {
	t.Helper()
	s, pool := emptyStore(t)
	for _, sql := range []string{
		`INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, released)
			VALUES ('A', 1, E'tab\there', E'two\nlines \\ and ''quotes''', 'grün 👟', 100, '/a.svg', true),
				('B', 2, 'b', '\N', '', 200, '/b.svg', false)`,
		`INSERT INTO items (product_id, sku, size) SELECT id, sku || '-' || n, n
			FROM products, generate_series(1, 3) n`,
		`INSERT INTO stock_movements (item_id, reason, available_delta) SELECT id, 'restock', 5 FROM items`,
		`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
			SELECT min(id), 'sale', -1, 1, '00000000-0000-0000-0000-000000000001' FROM items`,
		`UPDATE item_availabilities a SET available_count = m.here, sold_count = m.gone, stocked_count = m.here + m.gone
			FROM (SELECT item_id, sum(available_delta) here, sum(sold_delta) gone FROM stock_movements GROUP BY 1) m
			WHERE m.item_id = a.item_id`,
		`INSERT INTO orders (id, total_cents) VALUES ('00000000-0000-0000-0000-000000000001', 100)`,
		`INSERT INTO order_lines SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', i.id, p.id, i.sku, i.size, p.brand, p.name, p.color, p.main_image_url, 100
			FROM items i JOIN products p ON p.id = i.product_id ORDER BY i.id LIMIT 1`,
		`INSERT INTO devices (name, key_hash, secret_id, revoked_at)
			VALUES ('kiosk', sha256('a'), '12345678', NULL), ('app', sha256('b'), '12345678', now())`,
		`INSERT INTO device_variables (device_id, name, type, value) SELECT id, E'a "b"', 'string', '"\u001b"'
			FROM devices`,
		`INSERT INTO device_wants (device_id, name, type, value, who) SELECT id, 'c', 'float', '0.1', 'bob'
			FROM devices WHERE name = 'kiosk'`,
		`INSERT INTO shop_settings (name, zone, accent, logo)
			VALUES ('Volt & Söhne', 'Europe/Berlin', '#006644', '{"picture": "x", "renditions": []}')`,
		`INSERT INTO shop_pages (slug, title, body) VALUES ('help', 'Help', E'Ask\n**us**.'), ('imprint', '', '')`,
	} {
		exec(t, pool, sql)
	}
	return s, pool
}

func emptyStore(t *testing.T) (*Schema, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.URL(t)
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSchema(t.Context(), Config{URL: url}, false, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, s.db.Pool
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.WithoutCancel(t.Context()), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// content is all rows as text, without the revisions.
func content(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var all strings.Builder
	for _, table := range backupTables {
		rows, _ := pool.Query(t.Context(), `SELECT (to_jsonb(t) - 'revision')::text FROM `+table+` t ORDER BY 1`)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n%s\n", table, strings.Join(lines, "\n"))
	}
	return all.String()
}

func backup(t *testing.T, s *Schema) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := s.Backup(t.Context(), &b, func(string, int64) {}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func restoreFrom(t *testing.T, s *Schema, file []byte) error {
	t.Helper()
	if _, err := s.CheckBackup(t.Context(), bytes.NewReader(file), int64(len(file))); err != nil {
		return err
	}
	return restoreUnchecked(t, s, file)
}

func restoreUnchecked(t *testing.T, s *Schema, file []byte) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	return s.Restore(ctx, bytes.NewReader(file), int64(len(file)), func(string, int64) {})
}

// TestBackupAndRestore brings back every row, into the same store, and into another that was empty.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	want := content(t, pool)
	file := backup(t, s)
	other, otherPool := emptyStore(t)
	exec(t, pool, `DELETE FROM products WHERE sku = 'A'`)
	exec(t, pool, `UPDATE item_availabilities SET available_count = 99`)
	exec(t, pool, `DELETE FROM devices WHERE name = 'app'`)
	exec(t, pool, `UPDATE device_wants SET value = '7'`)
	exec(t, pool, `UPDATE shop_settings SET name = 'Other'`)
	exec(t, pool, `DELETE FROM shop_pages`)
	exec(t, pool, `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
		VALUES ('C', 3, 'c', 'c', '', 1, '/c.svg')`)
	var newest, newestProduct int64
	if err := pool.QueryRow(t.Context(),
		`SELECT (SELECT last_value FROM revisions),
			(SELECT max(id) FROM products)`).Scan(&newest, &newestProduct); err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice is as good as once
		for name, one := range map[string]struct {
			*Schema
			*pgxpool.Pool
		}{"the same": {s, pool}, "another": {other, otherPool}} {
			if err := restoreFrom(t, one.Schema, file); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := content(t, one.Pool); got != want {
				t.Errorf("%s holds\n%s\nwant\n%s", name, got, want)
			}
		}
	}
	var oldest, next int64
	if err := pool.QueryRow(t.Context(), `SELECT least((SELECT min(revision) FROM products),
		(SELECT min(revision) FROM item_availabilities), (SELECT min(revision) FROM shop_settings),
		(SELECT min(revision) FROM shop_pages))`).Scan(&oldest); err != nil {
		t.Fatal(err)
	}
	if oldest <= newest {
		t.Errorf("a restored row has revision %d, nodes have seen %d", oldest, newest)
	}
	err := pool.QueryRow(t.Context(), `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
		VALUES ('D', 3, 'd', 'd', '', 1, '/d.svg') RETURNING id`).Scan(&next)
	if err != nil || next <= newestProduct {
		t.Errorf("the next product has id %d, %v; one had %d", next, err, newestProduct)
	}
}

// TestRevokedStaysRevoked restores a backup from before a key was revoked: who has the key does not
// get in again. The same number in another database is another device.
func TestRevokedStaysRevoked(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	file := backup(t, s)
	exec(t, pool, `UPDATE devices SET revoked_at = '2030-01-01' WHERE name = 'kiosk'`)
	other, otherPool := filled(t)
	exec(t, otherPool, `UPDATE devices SET revoked_at = '2030-01-01' WHERE name = 'kiosk'`)
	for _, tt := range []struct {
		*Schema
		*pgxpool.Pool
		want int
	}{{s, pool, 1}, {other, otherPool, 0}} {
		if err := restoreFrom(t, tt.Schema, file); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := tt.QueryRow(t.Context(),
			`SELECT count(*) FROM devices WHERE name = 'kiosk' AND revoked_at = '2030-01-01'`).Scan(&got); err != nil ||
			got != tt.want {
			t.Errorf("%d devices are still revoked, %v; want %d", got, err, tt.want)
		}
	}
}

// TestBackupHasEveryTable compares the lists with the schema, so that a new table is not forgotten.
func TestBackupHasEveryTable(t *testing.T) {
	t.Parallel()
	_, pool := emptyStore(t)
	rows, _ := pool.Query(t.Context(), `SELECT relname FROM pg_class
		WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p')`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		_, excluded := notBackedUp[name]
		if slices.Contains(backupTables, name) == excluded {
			t.Errorf("table %s must be in backupTables or, with the reason, in notBackedUp", name)
		}
	}
	for _, name := range slices.Concat(backupTables, slices.Collect(maps.Keys(notBackedUp))) {
		if !slices.Contains(tables, name) {
			t.Errorf("table %s is listed, and the schema does not have it", name)
		}
	}
}

// rewrite replaces a text in an entry of a backup.
func rewrite(t *testing.T, file []byte, name, old, new string) []byte {
	t.Helper()
	return zipOf(t, replaced(t, entriesOf(t, file), name, old, new))
}

// TestBadBackupsChangeNothing restores backups that are wrong, with and without CheckBackup before:
// each is refused, and nothing has changed.
func TestBadBackupsChangeNothing(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	want := content(t, pool)
	good := backup(t, s)
	step := fmt.Sprintf(`"schema": %d`, s.db.schema.Newest)
	rewritten := func(name, old, new string) []byte { return rewrite(t, good, name, old, new) }
	flipped := bytes.Clone(good)
	flipped[bytes.LastIndex(good, []byte("tables/order_lines.copy"))-100] ^= 0x40
	for name, tt := range map[string]struct {
		file  []byte
		check string // the error of CheckBackup; nothing: only PostgreSQL can tell
		want  string // the error of Restore, if it is another
	}{
		"text":           {[]byte("hello"), ErrNoBackup.Error(), ""},
		"half":           {good[:len(good)/2], ErrDamagedBackup.Error(), ""},
		"a bit flipped":  {flipped, ErrDamagedBackup.Error(), ""},
		"a newer schema": {rewritten(headEntry, `"schema": `, `"schema": 9`), "of the schema", ""},
		"a wrong count":  {rewritten(rowsEntry, `"orders": 1`, `"orders": 2`), ErrDamagedBackup.Error(), ""},
		"rows cut short": {rewritten("tables/items.copy", "\n", "\n\\.\n"), ErrDamagedBackup.Error(), ""},
		"rows after the end": {
			rewrite(t, rewritten("tables/devices.copy", "2\tapp", "\\.\n2\tapp"),
				rowsEntry, `"devices": 2`, `"devices": 3`),
			"", ErrDamagedBackup.Error(),
		},
		"a value that fits no column": {rewritten("tables/orders.copy", "\t100\t", "\tx\t"), "", "invalid input"},
		"a line of no order":          {rewritten("tables/orders.copy", "00000000-", "10000000-"), "", "foreign key"},
		"a column of nothing":         {rewritten(headEntry, `"total_cents"`, `"total"`), "", "tables are not those"},
		"no column for ids":           {rewritten(headEntry, `"devices": 2`, `"orders": 2`), "", "does not number"},
		"an id before the first":      {rewritten(headEntry, `"devices": 2`, `"devices": -2`), "can't be right", ""},
		"a step with less tables":     {rewritten(headEntry, step, `"schema": 5`), "", "tables are not those"},
		"a step with less columns":    {rewritten(headEntry, step, `"schema": 6`), "", "tables are not those"},
	} {
		file := bytes.NewReader(tt.file)
		_, err := s.CheckBackup(t.Context(), file, file.Size())
		if tt.check == "" && err != nil || tt.check != "" && (err == nil || !strings.Contains(err.Error(), tt.check)) {
			t.Errorf("%s: CheckBackup: %v, want %q", name, err, tt.check)
		}
		err = restoreUnchecked(t, s, tt.file)
		if err == nil || !strings.Contains(err.Error(), cmp.Or(tt.want, tt.check)) {
			t.Errorf("%s: Restore: %v, want %q", name, err, cmp.Or(tt.want, tt.check))
		}
	}
	if got := content(t, pool); got != want {
		t.Errorf("the store holds\n%s", got)
	}
}

// TestRestoreUnderLoad restores while pairs are sold and come: the books balance, and no catalog is
// left behind.
func TestRestoreUnderLoad(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	file := backup(t, s)
	store := inventory.NewStore(pool)
	rows, err := store.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	var turns atomic.Int64
	work := func(do func(context.Context, inventory.ItemID) error) {
		for i := 0; ctx.Err() == nil; i++ {
			err := do(context.WithoutCancel(ctx), rows.Items[i%len(rows.Items)].ID)
			if err != nil && !errors.Is(err, inventory.ErrNotFound) {
				ended <- err
				return
			}
			turns.Add(1)
		}
		ended <- nil
	}
	stock := ledgertest.Start(t, pool)
	go work(func(ctx context.Context, id inventory.ItemID) error {
		_, err := stock.SellUpTo(ctx, map[inventory.ItemID]int{id: 1}, ledger.AlsoUnreleased)
		return err
	})
	go work(func(ctx context.Context, id inventory.ItemID) error { return stock.Restock(ctx, id, 3) })
	for range 5 {
		if err := restoreFrom(t, s, file); err != nil {
			t.Error(err)
		}
		before := turns.Load()
		waittest.Until(t, "some are sold and come in between", func() bool {
			return turns.Load() >= before+5 || len(ended) > 0
		})
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	var wrong int
	err = pool.QueryRow(t.Context(), `SELECT count(*) FROM item_availabilities a JOIN (
			SELECT item_id, sum(available_delta) AS available, sum(sold_delta) AS sold FROM stock_movements
			GROUP BY item_id) m USING (item_id)
		WHERE (a.available_count, a.sold_count) <> (m.available, m.sold)`).Scan(&wrong)
	if err != nil || wrong > 0 {
		t.Errorf("%d items whose movements do not add up, %v", wrong, err)
	}
}
