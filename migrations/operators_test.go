package migrations_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

// TestCorrectionsDownAndUp takes the corrections away from a store that has some: its books must
// balance without them.
func TestCorrectionsDownAndUp(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	ctx := t.Context()
	if _, err := migrations.Up(ctx, url); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec(`INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
		VALUES ('P', 0, 'b', 'n', 'c', 100, '/i')`)
	exec(`INSERT INTO items (product_id, sku, size) SELECT id, 'I' || n, n FROM products, generate_series(1, 3) n`)
	move := func(sku, reason, available, sold, why string) {
		t.Helper()
		exec(`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, why)
			SELECT id, '` + reason + `', ` + available + `, ` + sold + `, ` + why + ` FROM items
				WHERE sku = '` + sku + `'`)
	}
	move("I1", "restock", "10", "0", "NULL")
	move("I1", "correction", "-4", "0", "'wet'")
	move("I1", "sale", "-5", "5", "NULL")
	move("I2", "restock", "3", "0", "NULL")
	move("I2", "correction", "-3", "0", "'gone'")
	move("I3", "restock", "7", "0", "NULL")
	for what, sql := range map[string]string{
		"a correction without a reason": `INSERT INTO stock_movements (item_id, reason, available_delta)
			SELECT id, 'correction', 1 FROM items`,
		"a correction of what is sold": `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, why)
			SELECT id, 'correction', 1, 1, 'so' FROM items`,
		"a reason of no words": `UPDATE stock_movements SET why = ''`,
		"a movement of nobody": `UPDATE stock_movements SET who = ''`,
	} {
		if _, err := conn.Exec(ctx, sql); err == nil {
			t.Errorf("the database took %s", what)
		}
	}
	for version := int64(0); version != 4; {
		step, err := migrations.Down(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		version = step.Version
	}
	check := func(when string) {
		t.Helper()
		rows, _ := conn.Query(ctx, `SELECT sku || ': ' || string_agg(reason || ' ' || available_delta, ', '
			ORDER BY reason)
			FROM stock_movements JOIN items ON items.id = item_id GROUP BY sku ORDER BY sku`)
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"I1: restock 6, sale -5", "I3: restock 7"}
		if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%s, the movements are %q, want %q", when, got, want)
		}
	}
	check("without corrections")
	if _, err := migrations.Up(ctx, url); err != nil {
		t.Fatal(err)
	}
	check("after up")
}
