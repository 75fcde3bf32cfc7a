package inventory_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// newStore is a store in a schema of its own, with the two seeded products.
func newStore(t testing.TB) (*inventory.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.Pool(t, stocktest.Migrate)
	store := inventory.NewStore(pool)
	if seeded, err := store.Seed(t.Context()); err != nil || !seeded {
		t.Fatalf("seed: %v, %v", seeded, err)
	}
	return store, pool
}

func readRows(t testing.TB, s *inventory.Store) inventory.Rows {
	t.Helper()
	rows, err := s.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(rows.Items, func(a, b inventory.ItemRow) int { return int(a.ID - b.ID) })
	return rows
}

func TestSeedOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, stocktest.Migrate)
	store := inventory.NewStore(pool)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seeds := 0
	for range 4 {
		wg.Go(func() {
			seeded, err := store.Seed(context.WithoutCancel(t.Context()))
			if err != nil {
				t.Error(err)
			}
			if seeded {
				mu.Lock()
				seeds++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if seeds != 1 {
		t.Errorf("%d of 4 filled the store, want 1", seeds)
	}
	rows := readRows(t, store)
	if len(rows.Products) != 2 || len(rows.Items) != 26 {
		t.Errorf("%d products and %d items, want 2 and 26", len(rows.Products), len(rows.Items))
	}
	levels := map[inventory.Level]int{}
	for _, it := range rows.Items {
		levels[inventory.DefaultThresholds.Level(it.Available)]++
	}
	for _, l := range []inventory.Level{
		inventory.LevelOut, inventory.LevelLow, inventory.LevelMedium, inventory.LevelHigh,
	} {
		if levels[l] == 0 {
			t.Errorf("no size is %s", l)
		}
	}
	stocktest.CheckBooks(t, pool)
}

func TestRelease(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	before := readRows(t, store).Products[0]
	changes, err := store.Release(t.Context(), before.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) != 1 || !changes[0].Product.Released || changes[0].Revision() <= before.Revision {
		t.Errorf("got %+v, want the product released with a newer revision than %d", changes, before.Revision)
	}
	if _, err := store.Release(t.Context(), before.ID); !errors.Is(err, inventory.ErrReleased) {
		t.Errorf("second release: got %v, want ErrReleased", err)
	}
	if _, err := store.Release(t.Context(), 999); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("unknown product: got %v, want ErrNotFound", err)
	}
	if _, err := store.Schedule(t.Context(), before.ID, time.Now().Add(time.Hour)); !errors.Is(err,
		inventory.ErrReleased) {
		t.Errorf("schedule what is released: got %v, want ErrReleased", err)
	}
}

func TestScheduledRelease(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	id := readRows(t, store).Products[1].ID
	if _, err := store.Schedule(t.Context(), id, time.Now().Add(-time.Second)); !errors.Is(err, inventory.ErrPast) {
		t.Errorf("got %v, want ErrPast", err)
	}
	changes, err := store.Schedule(t.Context(), id, time.Now().Add(time.Hour))
	if err != nil || changes[0].Product.ReleaseAt == nil {
		t.Fatalf("got %+v, %v", changes, err)
	}
	if next, in, err := store.NextDrop(t.Context()); err != nil || len(next.Releases) != 1 || in < 59*time.Minute ||
		in > time.Hour {
		t.Errorf("next is %+v in %v, %v; want the release in an hour", next, in, err)
	}
}

// TestSchemaRefuses tries what no statement of ours does: the database itself must refuse it.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	for name, sql := range map[string]string{
		"less than nothing":    `UPDATE item_availabilities SET available_count = -1`,
		"unsold below nothing": `UPDATE item_availabilities SET sold_count = -1`,
		"a free shoe":          `UPDATE products SET price_cents = 0`,
		"a SKU like an id":     `UPDATE products SET sku = '12' WHERE id = 1`,
		"a sale that adds pairs": `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta)
			VALUES (1, 'sale', 1, 1)`,
		"an unknown reason": `INSERT INTO stock_movements (item_id, reason, available_delta)
			VALUES (1, 'gift', 1)`,
		"two of one size": `INSERT INTO items (product_id, sku, size) SELECT product_id, 'NEW', size
			FROM items LIMIT 1`,
		"an item of nothing": `INSERT INTO items (product_id, sku, size) VALUES (999, 'NEW', '9')`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := pool.Exec(t.Context(), sql); err == nil {
				t.Errorf("the database took: %s", sql)
			}
		})
	}
}

// TestEveryChangeGetsARevision changes rows as an operator would by hand.
func TestEveryChangeGetsARevision(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	before := inventory.NewCatalog(readRows(t, store), inventory.DefaultThresholds)
	for _, sql := range []string{
		`UPDATE products SET name = 'Hop Man 4' WHERE sku = 'SHU6000'`,
		`UPDATE items SET size = '13' WHERE sku = 'SHU6001'`,
		`UPDATE item_availabilities SET available_count = 1 WHERE item_id = (SELECT id FROM items
			WHERE sku = 'SHU6002')`,
		`INSERT INTO items (product_id, sku, size) SELECT id, 'SHU6099', '14' FROM products WHERE sku = 'SHU6000'`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	missed := before.Missed(readRows(t, store))
	if len(missed) != 4 {
		t.Errorf("%d changes were noticed, want 4: %+v", len(missed), missed)
	}
	for _, c := range missed {
		if c.Revision() <= before.Revision() {
			t.Errorf("revision %d is no newer than %d", c.Revision(), before.Revision())
		}
	}
}
