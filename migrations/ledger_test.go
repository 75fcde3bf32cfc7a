package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

// TestMovementsOutliveItems deletes a product whose pairs were sold: the books keep them, and the
// step back drops them with the item, as it was before.
func TestMovementsOutliveItems(t *testing.T) {
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
	defer conn.Close(context.WithoutCancel(ctx))
	const operation = `'00000000-0000-0000-0000-000000000001'`
	exec := func(sql string) error {
		_, err := conn.Exec(ctx, sql)
		return err
	}
	for _, sql := range []string{
		`INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
			VALUES ('P', 0, 'b', 'n', 'c', 100, '/i')`,
		`INSERT INTO items (product_id, sku, size) SELECT id, 'I' || n, n FROM products, generate_series(1, 2) n`,
		`INSERT INTO stock_movements (item_id, reason, available_delta, operation) SELECT id, 'restock', 2, ` +
			operation + ` FROM items`,
		`DELETE FROM items WHERE sku = 'I1'`,
	} {
		if err := exec(sql); err != nil {
			t.Fatal(err)
		}
	}
	count := func() (n int) {
		t.Helper()
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM stock_movements`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 2 {
		t.Errorf("%d movements are left, want both", n)
	}
	if exec(`INSERT INTO stock_movements (item_id, reason, available_delta, operation) SELECT id, 'restock', 2, `+
		operation+` FROM items`) == nil {
		t.Error("an operation is booked twice for an item")
	}
	for version := int64(0); version != 7; {
		step, err := migrations.Down(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		version = step.Version
	}
	if n := count(); n != 1 {
		t.Errorf("%d movements are left after the step back, want that of the item", n)
	}
}
