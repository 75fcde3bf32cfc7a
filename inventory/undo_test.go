package inventory_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// releasedStore has one of two products released, whose first sizes have these counts of pairs.
func releasedStore(t testing.TB, counts ...int) (*inventory.Store, *pgxpool.Pool, inventory.ProductRow, []inventory.ItemID) {
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
	if *changes[0].Product != want {
		t.Errorf("got %+v, want %+v", changes[0].Product, want)
	}
	if _, err := store.Release(t.Context(), released.ID); err != nil {
		t.Errorf("released again: %v", err)
	}
	if _, err := store.SellUpTo(t.Context(), map[inventory.ItemID]int{ids[0]: 1}, inventory.OnlyReleased); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Unrelease(t.Context(), released.ID); !errors.Is(err, inventory.ErrSold) {
		t.Errorf("with a pair sold: got %v, want ErrSold", err)
	}
	for _, p := range readRows(t, store).Products {
		if p.Released != (p.ID == released.ID) {
			t.Errorf("after that, released of product %d is %v", p.ID, p.Released)
		}
	}
	checkBooks(t, pool)
}

// TestUnreleaseWaitsForSales holds the row of a size as a sale does between its look and its write:
// the release is taken back only if the sale comes to nothing.
func TestUnreleaseWaitsForSales(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sells int
		want  error
	}{
		"sold":            {1, inventory.ErrSold},
		"refused":         {0, nil},
		"restocked, only": {-5, nil},
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
			sellHeld(t, sale, ids[1], tt.sells)
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
	err = tx.QueryRow(t.Context(), `INSERT INTO items (product_id, sku, size) VALUES ($1, 'NEW', '15') RETURNING id`, released.ID).Scan(&id)
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
	checkBooks(t, pool)
}

// TestSellUpToSparesWhatIsNotReleased sells only what is released, unless told otherwise, also when
// that changes while it waits.
func TestSellUpToSparesWhatIsNotReleased(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		which         inventory.Which
		before, after bool
		want          int
	}{
		"released":                     {inventory.OnlyReleased, true, true, 2},
		"not released":                 {inventory.OnlyReleased, false, false, 0},
		"released meanwhile":           {inventory.OnlyReleased, false, true, 2},
		"taken back meanwhile":         {inventory.OnlyReleased, true, false, 0},
		"not released, but told so":    {inventory.AlsoUnreleased, false, false, 2},
		"taken back, but told to sell": {inventory.AlsoUnreleased, true, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, pool := newStore(t)
			ids := stocked(t, pool, 5)
			if _, err := pool.Exec(t.Context(), `UPDATE products SET released = $1`, tt.before); err != nil {
				t.Fatal(err)
			}
			holder := hold(t, pool, ids[0])
			type result struct {
				sales []inventory.Sale
				err   error
			}
			done := make(chan result, 1)
			go func() {
				sales, err := store.SellUpTo(t.Context(), map[inventory.ItemID]int{ids[0]: 2}, tt.which)
				done <- result{sales, err}
			}()
			waittest.Until(t, "the sale waits", func() bool { return waiting(t, pool, holder) })
			if _, err := holder.Exec(t.Context(), `UPDATE products SET released = $1`, tt.after); err != nil {
				t.Fatal(err)
			}
			if err := holder.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			r := waittest.Receive(t, "the sale", done)
			want := make(map[inventory.ItemID]int)
			if tt.want > 0 {
				want[ids[0]] = tt.want
			}
			if r.err != nil || !maps.Equal(pairsOf(r.sales), want) {
				t.Errorf("sold %v, %v; want %v", pairsOf(r.sales), r.err, want)
			}
			checkBooks(t, pool)
		})
	}
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
	if due, err := store.ReleaseDue(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("released is %+v, %v", due, err)
	}
	if _, err := store.Release(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := store.CallOff(t.Context(), 1); !errors.Is(err, inventory.ErrReleased) {
		t.Errorf("released: got %v, want ErrReleased", err)
	}
}

// movement is what the books say of one.
type movement struct {
	Reason   string
	By       int
	Who, Why *string
}

func movements(t testing.TB, pool *pgxpool.Pool, id inventory.ItemID) []movement {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT reason, available_delta, who, why FROM stock_movements WHERE item_id = $1 ORDER BY id`, id)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[movement])
	if err != nil {
		t.Fatal(err)
	}
	return all
}
