package migrations_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

// TestOrdersDownAndUp takes the orders away from a store that has sold: its books must balance
// without them.
func TestOrdersDownAndUp(t *testing.T) {
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
	exec(`INSERT INTO items (product_id, sku, size) SELECT id, 'I', '6' FROM products`)
	exec(`INSERT INTO stock_movements (item_id, reason, available_delta) SELECT id, 'restock', 10 FROM items`)
	exec(`UPDATE item_availabilities SET available_count = 9, sold_count = 1`)
	const (
		kept, cancelled = `00000000-0000-0000-0000-000000000001`, `00000000-0000-0000-0000-000000000002`
	)
	for _, id := range []string{kept, cancelled} {
		exec(`INSERT INTO orders (id, total_cents) VALUES ('` + id + `', 100)`)
		exec(`INSERT INTO order_lines (line_id, order_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
			SELECT gen_random_uuid(), '` + id + `', id, product_id, 'I', '6', 'b', 'n', 'c', '/i', 100 FROM items`)
		exec(`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
			SELECT id, 'sale', -1, 1, '` + id + `' FROM items`)
	}
	exec(`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
		SELECT id, 'return', 1, -1, '` + cancelled + `' FROM items`)
	exec(`UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = '` + cancelled + `'`)

	for what, sql := range map[string]string{
		"the same line twice": `INSERT INTO order_lines SELECT * FROM order_lines LIMIT 1`,
		"a line of no order":  `UPDATE order_lines SET order_id = gen_random_uuid()`,
		"a return for no order": `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta)
			SELECT id, 'return', 1, -1 FROM items`,
		"a restock for an order": `INSERT INTO stock_movements (item_id, reason, available_delta, order_id)
			SELECT id, 'restock', 1, '` + kept + `' FROM items`,
		"cancelled, but never": `UPDATE orders SET status = 'cancelled' WHERE id = '` + kept + `'`,
		"a free order":         `UPDATE orders SET total_cents = 0`,
	} {
		if _, err := conn.Exec(ctx, sql); err == nil {
			t.Errorf("the database took %s", what)
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var orders int
	_, err = tx.Exec(ctx, `DELETE FROM products`)
	if err == nil {
		err = tx.QueryRow(ctx, `SELECT count(*) FROM orders JOIN order_lines ON order_id = orders.id`).Scan(&orders)
	}
	if err != nil || orders != 2 {
		t.Errorf("%d orders outlive their product, want 2: %v", orders, err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	for version := int64(0); version != 2; {
		step, err := migrations.Down(ctx, url)
		if err != nil || step.Version < 2 {
			t.Fatalf("down: %v, %v, want all steps down to 2", step, err)
		}
		version = step.Version
	}
	balance := func() (available, sold int) {
		t.Helper()
		if err := conn.QueryRow(ctx, `SELECT sum(available_delta), sum(sold_delta) FROM stock_movements`).Scan(
			&available, &sold,
		); err != nil {
			t.Fatal(err)
		}
		return available, sold
	}
	if available, sold := balance(); available != 9 || sold != 1 {
		t.Errorf("without orders the movements say %d and %d, want 9 and 1", available, sold)
	}
	if _, err := migrations.Up(ctx, url); err != nil {
		t.Fatal(err)
	}
	if available, sold := balance(); available != 9 || sold != 1 {
		t.Errorf("after up the movements say %d and %d, want 9 and 1", available, sold)
	}
}
