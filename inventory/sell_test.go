package inventory_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// stocked returns the ids of the items, which have these counts of pairs in the order of their ids and the rest none.
func stocked(t testing.TB, pool *pgxpool.Pool, counts ...int) []inventory.ItemID {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT item_id FROM item_availabilities ORDER BY 1`)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[inventory.ItemID])
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		count := 0
		if i < len(counts) {
			count = counts[i]
		}
		_, err := pool.Exec(t.Context(), `
			WITH before AS (SELECT item_id, available_count FROM item_availabilities WHERE item_id = $1),
			moved AS (UPDATE item_availabilities SET available_count = $2 WHERE item_id = $1),
			forgotten AS (DELETE FROM stock_movements WHERE item_id = $1)
			INSERT INTO stock_movements (item_id, reason, available_delta) SELECT $1, 'restock', $2 WHERE $2 > 0`, id, count)
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// pairsOf sums up sales by item.
func pairsOf(sales []inventory.Sale) map[inventory.ItemID]int {
	pairs := make(map[inventory.ItemID]int)
	for _, s := range sales {
		pairs[s.Item.ID] += s.Pairs
	}
	return pairs
}

func TestSellUpTo(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ids := stocked(t, pool, 10, 3, 0, 7)
	before := readRows(t, store)
	sales, err := store.SellUpTo(t.Context(), map[inventory.ItemID]int{ids[0]: 4, ids[1]: 5, ids[2]: 1, 999: 1}, inventory.AlsoUnreleased)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pairsOf(sales), map[inventory.ItemID]int{ids[0]: 4, ids[1]: 3}; !maps.Equal(got, want) {
		t.Errorf("sold %v, want %v", got, want)
	}
	after := readRows(t, store)
	for _, s := range sales {
		at := slices.IndexFunc(after.Items, func(row inventory.ItemRow) bool { return row.ID == s.Item.ID })
		if *s.Item != after.Items[at] || s.Item.Revision <= before.Items[at].Revision {
			t.Errorf("the sale's row is %+v, the database has %+v and had %+v", s.Item, after.Items[at], before.Items[at])
		}
	}
	for i, row := range after.Items {
		if row != before.Items[i] && !slices.Contains(ids[:2], row.ID) {
			t.Errorf("item %d was not to be sold: %+v was %+v", row.ID, row, before.Items[i])
		}
	}
	for _, count := range []int{0, -1, 1_000_001} {
		if _, err := store.SellUpTo(t.Context(), map[inventory.ItemID]int{ids[3]: count}, inventory.AlsoUnreleased); !errors.Is(err, inventory.ErrBadCount) {
			t.Errorf("sell %d: got %v, want ErrBadCount", count, err)
		}
	}
	if sales, err := store.SellUpTo(t.Context(), nil, inventory.AlsoUnreleased); err != nil || len(sales) != 0 {
		t.Errorf("sell nothing: %v, %v", sales, err)
	}
	checkBooks(t, pool)
}

// TestRestockOfWhatWasSold returns the whole row, which counts what was sold before, and books it.
func TestRestockOfWhatWasSold(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ids := stocked(t, pool, 3)
	if _, err := store.SellUpTo(t.Context(), map[inventory.ItemID]int{ids[0]: 2}, inventory.AlsoUnreleased); err != nil {
		t.Fatal(err)
	}
	changes, err := store.Restock(t.Context(), ids[0], 5)
	if err != nil || changes[0].Item.Available != 6 || changes[0].Item.Sold != 2 {
		t.Errorf("got %+v, %v; want 6 pairs and 2 sold", changes, err)
	}
	checkBooks(t, pool)
}

// TestSellUpToIsOneCommit reads the transaction that wrote each movement.
func TestSellUpToIsOneCommit(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ids := stocked(t, pool, slices.Repeat([]int{100}, 26)...)
	wanted := make(map[inventory.ItemID]int)
	for i := range 500 {
		wanted[ids[i%len(ids)]]++
	}
	if _, err := store.SellUpTo(t.Context(), wanted, inventory.AlsoUnreleased); err != nil {
		t.Fatal(err)
	}
	var transactions, movements, pairs int
	err := pool.QueryRow(t.Context(), `SELECT count(DISTINCT xmin::text), count(*), sum(sold_delta) FROM stock_movements WHERE reason = 'sale'`).
		Scan(&transactions, &movements, &pairs)
	if err != nil || transactions != 1 || movements != len(ids) || pairs != 500 {
		t.Errorf("%d transactions wrote %d movements of %d pairs, %v; want 1, %d and 500", transactions, movements, pairs, err, len(ids))
	}
	checkBooks(t, pool)
}

// TestSellUpToSeesWhatItWaitedFor holds a row as the teller does. A sale that waits for it has locked the rows of lower ids
// and none of higher ones, and sells of the held row what the holder has left.
func TestSellUpToSeesWhatItWaitedFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ sells, want int }{
		"some are left":     {sells: 6, want: 2},
		"more than enough":  {sells: 1, want: 5},
		"the last are gone": {sells: 8, want: 0},
		"none was sold":     {sells: 0, want: 5},
		"more came":         {sells: -4, want: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, pool := newStore(t)
			ids := stocked(t, pool, 8, 8, 8)
			teller := hold(t, pool, ids[1])
			type result struct {
				sales []inventory.Sale
				err   error
			}
			done := make(chan result, 1)
			go func() {
				sales, err := store.SellUpTo(t.Context(), map[inventory.ItemID]int{ids[0]: 5, ids[1]: 5, ids[2]: 5}, inventory.AlsoUnreleased)
				done <- result{sales, err}
			}()
			waittest.Until(t, "the sale waits for the teller", func() bool { return waiting(t, pool, teller) })
			if free := unlocked(t, pool, ids[:3]); !slices.Equal(free, ids[2:3]) {
				t.Errorf("not locked are %v, want the row behind the held one, %d", free, ids[2])
			}
			sellHeld(t, teller, ids[1], tt.sells)
			r := waittest.Receive(t, "the sale", done)
			want := map[inventory.ItemID]int{ids[0]: 5, ids[1]: tt.want, ids[2]: 5}
			maps.DeleteFunc(want, func(_ inventory.ItemID, pairs int) bool { return pairs == 0 })
			if r.err != nil || !maps.Equal(pairsOf(r.sales), want) {
				t.Errorf("sold %v, %v; want %v", pairsOf(r.sales), r.err, want)
			}
			checkBooks(t, pool)
		})
	}
}

// hold locks an item's row in a transaction of its own.
func hold(t testing.TB, pool *pgxpool.Pool, id inventory.ItemID) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // does nothing after a commit
	if _, err := tx.Exec(t.Context(), `SELECT FROM item_availabilities WHERE item_id = $1 FOR NO KEY UPDATE`, id); err != nil {
		t.Fatal(err)
	}
	return tx
}

// sellHeld sells pairs of the row that tx holds, or puts some in if there are less than none, and commits.
func sellHeld(t testing.TB, tx pgx.Tx, id inventory.ItemID, pairs int) {
	t.Helper()
	sold, reason := pairs, "sale"
	if pairs < 0 {
		sold, reason = 0, "restock"
	}
	_, err := tx.Exec(t.Context(), `UPDATE item_availabilities SET available_count = available_count - $2, sold_count = sold_count + $3
		WHERE item_id = $1 AND $2 <> 0`, id, pairs, sold)
	if err == nil && pairs != 0 {
		_, err = tx.Exec(t.Context(), `INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) VALUES ($1, $2, $3, $4)`,
			id, reason, -pairs, sold)
	}
	if err == nil {
		err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// waiting reports whether a connection waits for a lock of the transaction.
func waiting(t testing.TB, pool *pgxpool.Pool, holder pgx.Tx) (waits bool) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))`,
		holder.Conn().PgConn().PID()).Scan(&waits)
	if err != nil {
		t.Fatal(err)
	}
	return waits
}

// unlocked returns those of the items whose rows nobody holds.
func unlocked(t testing.TB, pool *pgxpool.Pool, ids []inventory.ItemID) []inventory.ItemID {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT item_id FROM item_availabilities WHERE item_id = ANY ($1)
		ORDER BY item_id FOR NO KEY UPDATE SKIP LOCKED`, ids)
	free, err := pgx.CollectRows(rows, pgx.RowTo[inventory.ItemID])
	if err != nil {
		t.Fatal(err)
	}
	return free
}

// TestSellersAtOnce lets operators sell the same items at two nodes, beside tellers who lock several rows each. No pair is sold
// twice, no deadlock ends a sale, and all is sold.
func TestSellersAtOnce(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ids := stocked(t, pool, slices.Repeat([]int{60}, 12)...)[:12]
	catalogs := []*inventory.Server{serving(t, store), serving(t, store)}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		sold int
	)
	count := func(pairs int) {
		mu.Lock()
		defer mu.Unlock()
		sold += pairs
	}
	for _, s := range catalogs {
		for range 2 {
			wg.Go(func() {
				for range 20 {
					wanted := make(map[inventory.ItemID]int)
					for range 12 {
						wanted[ids[rand.IntN(len(ids))]]++
					}
					sales, err := s.SellUpTo(t.Context(), wanted, inventory.AlsoUnreleased)
					if err != nil {
						t.Error(err)
					}
					for _, sale := range sales {
						if sale.Pairs < 1 || sale.Pairs > wanted[sale.Item.ID] || sale.Item.Available < 0 {
							t.Errorf("%d pairs of %+v were sold, wanted %d", sale.Pairs, sale.Item, wanted[sale.Item.ID])
						}
						if it, _, _ := s.Catalog().Item(sale.Item.ID); it.Revision < sale.Item.Revision {
							t.Errorf("the catalog shows revision %d of a row that was sold at %d", it.Revision, sale.Item.Revision)
						}
						count(sale.Pairs)
					}
				}
			})
		}
	}
	for range 2 {
		wg.Go(func() {
			for range 20 {
				count(sellAsTeller(t, pool, ids))
			}
		})
	}
	wg.Wait()
	rest := make(map[inventory.ItemID]int)
	for _, id := range ids {
		rest[id] = 60
	}
	sales, err := catalogs[0].SellUpTo(t.Context(), rest, inventory.AlsoUnreleased)
	if err != nil {
		t.Error(err)
	}
	for _, pairs := range pairsOf(sales) {
		sold += pairs
	}
	if sold != 12*60 {
		t.Errorf("%d pairs were sold of %d", sold, 12*60)
	}
	for _, row := range readRows(t, store).Items {
		if row.Available != 0 {
			t.Errorf("item %d has %d pairs left", row.ID, row.Available)
		}
	}
	checkBooks(t, pool)
}

// serving starts a server with a catalog of its own.
func serving(t testing.TB, store *inventory.Store) *inventory.Server {
	t.Helper()
	d := inventory.NewDispatcher()
	told := notices(d)
	s := inventory.NewServer(store, inventory.DefaultThresholds, d, slog.New(slog.DiscardHandler))
	r := newRunner(t)
	r.run(s.Serve)
	r.run(d.Serve)
	waittest.Receive(t, "the catalog", told)
	return s
}

// sellAsTeller sells a pair of each of six random items that are left, locking them first as the teller does.
func sellAsTeller(t testing.TB, pool *pgxpool.Pool, ids []inventory.ItemID) (sold int) {
	some := make([]inventory.ItemID, 6)
	for i, at := range rand.Perm(len(ids))[:len(some)] {
		some[i] = ids[at]
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(t.Context(), `SELECT item_id, available_count FROM item_availabilities WHERE item_id = ANY ($1)
			ORDER BY item_id FOR NO KEY UPDATE`, some)
		var left []inventory.ItemID
		var (
			id    inventory.ItemID
			pairs int
		)
		_, err := pgx.ForEachRow(rows, []any{&id, &pairs}, func() error {
			if pairs > 0 {
				left = append(left, id)
			}
			return nil
		})
		if err != nil {
			return err
		}
		_, err = tx.Exec(t.Context(), `WITH moved AS (
			UPDATE item_availabilities SET available_count = available_count - 1, sold_count = sold_count + 1
			WHERE item_id = ANY ($1) RETURNING item_id
		) INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) SELECT item_id, 'sale', -1, 1 FROM moved`, left)
		sold = len(left)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return sold
}
