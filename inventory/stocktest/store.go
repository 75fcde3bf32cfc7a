// Package stocktest gives tests a store in a schema of its own: products with sizes and pairs, and
// what changes or holds them behind the back of what is tested.
package stocktest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/migrations"
)

// Migrate makes the tables.
func Migrate(ctx context.Context, url string) error {
	_, err := migrations.Up(ctx, url)
	return err
}

// Store is a store whose products are all released. Several nodes of a test may share it.
type Store struct {
	T     testing.TB
	Pool  *pgxpool.Pool
	Inv   *inventory.Store
	Items []inventory.ItemID // by product, then size
	Of    map[inventory.ItemID]inventory.ProductID
	Price map[inventory.ProductID]inventory.Cents
}

// New makes a store in a schema of its own, see [Fill].
func New(t testing.TB, products, sizes, pairs int) *Store {
	t.Helper()
	return Fill(t, pgtest.Pool(t, Migrate), products, sizes, pairs)
}

// Fill puts so many released products with so many sizes with so many pairs each into an empty
// store.
func Fill(t testing.TB, pool *pgxpool.Pool, products, sizes, pairs int) *Store {
	t.Helper()
	s := &Store{
		T: t, Pool: pool, Inv: inventory.NewStore(pool),
		Of: make(map[inventory.ItemID]inventory.ProductID), Price: make(map[inventory.ProductID]inventory.Cents),
	}
	s.Exec(`INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, released)
		SELECT 'P' || n, n, 'Snks 23', 'Hop Man ' || n, 'yellow', 10000 + n, '/p.svg', true
		FROM generate_series(1, $1::int) n`, products)
	s.Exec(`INSERT INTO items (product_id, sku, size)
		SELECT p.id, p.sku || '-' || n, n FROM products p, generate_series(1, $1::int) n ORDER BY p.id, n`, sizes)
	rows, err := s.Inv.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rows.Products {
		s.Price[p.ID] = p.Price
	}
	for _, it := range rows.Items {
		s.Items = append(s.Items, it.ID)
		s.Of[it.ID] = it.ProductID
	}
	slices.Sort(s.Items)
	Put(t, pool, pairs, s.Items...)
	return s
}

// Put adds pairs to items by hand, as a restock: counts and books agree.
func Put(t testing.TB, pool *pgxpool.Pool, pairs int, items ...inventory.ItemID) {
	t.Helper()
	_, err := pool.Exec(context.WithoutCancel(t.Context()), `
		WITH stocked AS (
			UPDATE item_availabilities SET available_count = available_count + $1, stocked_count = stocked_count + $1
			WHERE $1 > 0 AND item_id = ANY ($2) RETURNING item_id
		)
		INSERT INTO stock_movements (item_id, reason, available_delta) SELECT item_id, 'restock', $1
		FROM stocked`, pairs, items)
	if err != nil {
		t.Fatal(err)
	}
}

// Sell sells pairs of items by hand, as an operator's sale: counts and books agree.
func Sell(t testing.TB, pool *pgxpool.Pool, pairs int, items ...inventory.ItemID) {
	t.Helper()
	if _, err := pool.Exec(context.WithoutCancel(t.Context()), sell, pairs, items); err != nil {
		t.Fatal(err)
	}
}

const sell = `
	WITH sold AS (
		UPDATE item_availabilities SET available_count = available_count - $1, sold_count = sold_count + $1
		WHERE item_id = ANY ($2) RETURNING item_id
	)
	INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta)
	SELECT item_id, 'sale', -$1::integer, $1 FROM sold`

// Item reads an item from the database.
func (s *Store) Item(id inventory.ItemID) inventory.ItemRow {
	s.T.Helper()
	rows, err := s.Inv.Rows(context.WithoutCancel(s.T.Context()))
	if err != nil {
		s.T.Fatal(err)
	}
	for _, it := range rows.Items {
		if it.ID == id {
			return it
		}
	}
	s.T.Fatalf("no item %d", id)
	panic("unreachable")
}

// Restock adds pairs behind the nodes' backs.
func (s *Store) Restock(id inventory.ItemID, pairs int) {
	s.T.Helper()
	Put(s.T, s.Pool, pairs, id)
}

// Exec changes the database by hand.
func (s *Store) Exec(sql string, args ...any) {
	s.T.Helper()
	if _, err := s.Pool.Exec(context.WithoutCancel(s.T.Context()), sql, args...); err != nil {
		s.T.Fatal(err)
	}
}

// Clock is the time on the clock of the database.
func (s *Store) Clock() (now time.Time) {
	s.T.Helper()
	if err := s.Pool.QueryRow(s.T.Context(), `SELECT clock_timestamp()`).Scan(&now); err != nil {
		s.T.Fatal(err)
	}
	return now
}

// SnapshotPool is a pool like the store's, whose transactions see one moment unless they say
// otherwise.
func (s *Store) SnapshotPool() *pgxpool.Pool {
	s.T.Helper()
	cfg := s.Pool.Config()
	cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "repeatable read"
	pool, err := pgxpool.NewWithConfig(s.T.Context(), cfg)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(pool.Close)
	return pool
}

// Hold holds an item's row by hand until release is called, or the test ends.
func (s *Store) Hold(id inventory.ItemID) (release func()) {
	s.T.Helper()
	ctx := s.T.Context()
	tx, err := s.Pool.Begin(ctx)
	if err != nil {
		s.T.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `SELECT FROM item_availabilities WHERE item_id = $1 FOR UPDATE`, id); err != nil {
		s.T.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(ctx); err != nil {
			s.T.Error(err)
		}
	}
}

// Selling is a transaction that has sold a pair of an item. It is committed when commit is called.
func (s *Store) Selling(id inventory.ItemID) (commit func()) {
	s.T.Helper()
	ctx := s.T.Context()
	tx, err := s.Pool.Begin(ctx)
	if err != nil {
		s.T.Fatal(err)
	}
	if _, err := tx.Exec(ctx, sell, 1, []inventory.ItemID{id}); err != nil {
		s.T.Fatal(err)
	}
	return func() {
		s.T.Helper()
		if err := tx.Commit(ctx); err != nil {
			s.T.Fatal(err)
		}
	}
}

// PassOn lets others take turns at an item's row: one holds it for a moment, and the next waits for
// it already. So it is when other committers sell a crowded size. It goes on until the test ends,
// or stop is called.
func (s *Store) PassOn(id inventory.ItemID) (stop func()) {
	s.T.Helper()
	cfg := s.Pool.Config()                                     // the store's pool may have too few connections
	cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "off" // a turn does not wait for the disk
	pool, err := pgxpool.NewWithConfig(s.T.Context(), cfg)
	if err != nil {
		s.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var others sync.WaitGroup
	for range 3 {
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := pool.Exec(ctx, `WITH held AS (SELECT FROM item_availabilities WHERE item_id = $1
					FOR NO KEY UPDATE)
					SELECT pg_sleep(0.01) FROM held`, id); err != nil && ctx.Err() == nil {
					s.T.Error(err)
				}
			}
		})
	}
	stop = func() { cancel(); others.Wait(); pool.Close() }
	s.T.Cleanup(stop)
	return stop
}

// UntilWaits returns when so many transactions wait for a lock of this store.
func (s *Store) UntilWaits(n int) {
	s.T.Helper()
	waittest.Until(s.T, fmt.Sprintf("%d transactions wait for a lock", n), func() bool { return s.Waits() >= n })
}

// Waits counts the transactions that wait for a lock of this store.
func (s *Store) Waits() (n int) {
	s.T.Helper()
	err := s.Pool.QueryRow(s.T.Context(), `
		SELECT count(DISTINCT w.pid) FROM pg_locks w JOIN pg_locks h ON h.pid = w.pid
		WHERE NOT w.granted AND h.relation = 'item_availabilities'::regclass`).Scan(&n)
	if err != nil {
		s.T.Fatal(err)
	}
	return n
}
