package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/migrations"
)

// TestEventsComeWhileANodeSells makes and drops the table of events in the middle of a sale of an
// older node, which holds a row of availabilities and books its movement then: the step waits for
// it, and neither of them is ended as a deadlock.
func TestEventsComeWhileANodeSells(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	ctx := t.Context()
	if _, err := migrations.Up(ctx, url); err != nil {
		t.Fatal(err)
	}
	seller, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer seller.Close(context.WithoutCancel(ctx))
	for _, sql := range []string{
		`INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
			VALUES ('P', 0, 'b', 'n', 'c', 100, '/i')`,
		`INSERT INTO items (product_id, sku, size) SELECT id, 'I', '9' FROM products`,
		`UPDATE item_availabilities SET available_count = 9`,
	} {
		if _, err := seller.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	down := func() error {
		for {
			step, err := migrations.Down(ctx, url)
			if err != nil || step.Version == 5 {
				return err
			}
		}
	}
	up := func() error {
		_, err := migrations.Up(ctx, url)
		return err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{{"down", down}, {"up", up}} {
		tx, err := seller.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, `UPDATE item_availabilities
			SET available_count = available_count - 1, sold_count = sold_count + 1`); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1) // buffer 1: the step ends also when the test has failed
		go func() { done <- step.do() }()
		waittest.Until(t, step.name+" waits for the sale", func() bool {
			var waits bool
			err := tx.QueryRow(ctx, `SELECT EXISTS (
				SELECT FROM pg_locks WHERE NOT granted
				AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Scan(&waits)
			if err != nil {
				t.Fatal(err)
			}
			return waits
		})
		within, cancel := context.WithTimeout(ctx, waittest.Limit())
		_, err = tx.Exec(within, `
			INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) SELECT id, 'sale', -1, 1
			FROM items`)
		cancel()
		if err != nil {
			t.Fatalf("the sale, while the step %s waits: %v", step.name, err)
		}
		if err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
		if err := waittest.Receive(t, "the step "+step.name, done); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
}
