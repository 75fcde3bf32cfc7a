package inventory_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// releasedStore has one of two products released, whose first sizes have these counts of pairs.
func releasedStore(t testing.TB, counts ...int) (*inventory.Store, *pgxpool.Pool, inventory.ProductRow,
	[]inventory.ItemID) {
	t.Helper()
	store, pool := newStore(t)
	ids := stocked(t, pool, counts...)
	changes, err := store.Release(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return store, pool, *changes[0].Product, ids
}

func TestUnrelease(t *testing.T) {
	t.Parallel()
	store, pool, released, ids := releasedStore(t, 3)
	if _, err := store.Unrelease(t.Context(), 999); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("unknown product: got %v, want ErrNotFound", err)
	}
	if _, err := store.Unrelease(t.Context(), 2); !errors.Is(err, inventory.ErrNotReleased) {
		t.Errorf("a product that is not released: got %v, want ErrNotReleased", err)
	}
	changes, err := store.Unrelease(t.Context(), released.ID)
	if err != nil || len(changes) != 1 || changes[0].Product.Released || changes[0].Revision() <= released.Revision {
		t.Fatalf("got %+v, %v; want the product as before its release, with a newer revision", changes, err)
	}
	want := released
	want.Released, want.Revision = false, changes[0].Revision()
	if !reflect.DeepEqual(*changes[0].Product, want) {
		t.Errorf("got %+v, want %+v", changes[0].Product, want)
	}
	if _, err := store.Release(t.Context(), released.ID); err != nil {
		t.Errorf("released again: %v", err)
	}
	stocktest.Sell(t, pool, 1, ids[0])
	if _, err := store.Unrelease(t.Context(), released.ID); !errors.Is(err, inventory.ErrSold) {
		t.Errorf("with a pair sold: got %v, want ErrSold", err)
	}
	for _, p := range readRows(t, store).Products {
		if p.Released != (p.ID == released.ID) {
			t.Errorf("after that, released of product %d is %v", p.ID, p.Released)
		}
	}
	stocktest.CheckBooks(t, pool)
}

// TestUnreleaseWaitsForSales holds the row of a size as a sale does between its look and its write:
// the release is taken back only if the sale comes to nothing.
func TestUnreleaseWaitsForSales(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		moved string // pairs of item $1, by the transaction that holds it
		want  error
	}{
		"sold":            {`available_count = available_count - 1, sold_count = sold_count + 1`, inventory.ErrSold},
		"refused":         {`item_id = item_id`, nil},
		"restocked, only": {`available_count = available_count + 5`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, pool, released, ids := releasedStore(t, 3, 3, 3)
			sale := hold(t, pool, ids[1])
			done := make(chan error, 1)
			go func() {
				_, err := store.Unrelease(t.Context(), released.ID)
				done <- err
			}()
			waittest.Until(t, "the undo waits for the sale", func() bool { return waiting(t, pool, sale) })
			if _, err := sale.Exec(t.Context(), `UPDATE item_availabilities SET `+tt.moved+` WHERE item_id = $1`,
				ids[1]); err != nil {
				t.Fatal(err)
			}
			if err := sale.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := waittest.Receive(t, "the undo", done); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if got := readProduct(t, store, released.ID).Released; got != (tt.want != nil) {
				t.Errorf("released is %v", got)
			}
		})
	}
}

func readProduct(t testing.TB, s *inventory.Store, id inventory.ProductID) inventory.ProductRow {
	t.Helper()
	for _, p := range readRows(t, s).Products {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("no product %d", id)
	panic("unreachable")
}

// TestUnreleaseCountsANewSize adds a size while a release is taken back, and sells it.
func TestUnreleaseCountsANewSize(t *testing.T) {
	t.Parallel()
	store, pool, released, _ := releasedStore(t, 3)
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	var id inventory.ItemID
	err = tx.QueryRow(t.Context(), `INSERT INTO items (product_id, sku, size) VALUES ($1, 'NEW', '15') RETURNING id`,
		released.ID).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := store.Unrelease(t.Context(), released.ID)
		done <- err
	}()
	waittest.Until(t, "the undo waits for the new size", func() bool { return waiting(t, pool, tx) })
	for _, sql := range []string{
		`UPDATE item_availabilities SET available_count = 1, sold_count = 1 WHERE item_id = $1`,
		`INSERT INTO stock_movements (item_id, reason, available_delta) VALUES ($1, 'restock', 2)`,
		`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) VALUES ($1, 'sale', -1, 1)`,
	} {
		if _, err := tx.Exec(t.Context(), sql, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := waittest.Receive(t, "the undo", done); !errors.Is(err, inventory.ErrSold) {
		t.Errorf("got %v, want ErrSold", err)
	}
	stocktest.CheckBooks(t, pool)
}

func TestCallOff(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	if _, err := store.CallOff(t.Context(), 1); !errors.Is(err, inventory.ErrNotScheduled) {
		t.Errorf("no schedule: got %v, want ErrNotScheduled", err)
	}
	if _, err := store.CallOff(t.Context(), 999); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("unknown product: got %v, want ErrNotFound", err)
	}
	scheduled, err := store.Schedule(t.Context(), 1, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := store.CallOff(t.Context(), 1)
	if err != nil || len(changes) != 1 || changes[0].Product.ReleaseAt != nil || changes[0].Product.Released ||
		changes[0].Revision() <= scheduled[0].Revision() {
		t.Errorf("got %+v, %v; want no schedule, and a newer revision", changes, err)
	}
	if next, _, err := store.NextDrop(t.Context()); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("planned is %+v, %v; want nothing", next, err)
	}
	if _, err := store.Release(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CallOff(t.Context(), 1); !errors.Is(err, inventory.ErrReleased) {
		t.Errorf("released: got %v, want ErrReleased", err)
	}
}
