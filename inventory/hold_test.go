package inventory_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// stocked returns the ids of the items, which have these counts of pairs in the order of their ids
// and the rest none.
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
			moved AS (UPDATE item_availabilities SET available_count = $2, sold_count = 0, stocked_count = $2
				WHERE item_id = $1),
			forgotten AS (DELETE FROM stock_movements WHERE item_id = $1)
			INSERT INTO stock_movements (item_id, reason, available_delta) SELECT $1, 'restock', $2
			WHERE $2 > 0`, id, count)
		if err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// hold locks an item's row in a transaction of its own.
func hold(t testing.TB, pool *pgxpool.Pool, id inventory.ItemID) pgx.Tx {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // does nothing after a commit
	if _, err := tx.Exec(t.Context(), `SELECT FROM item_availabilities WHERE item_id = $1 FOR NO KEY UPDATE`,
		id); err != nil {
		t.Fatal(err)
	}
	return tx
}

// waiting reports whether a connection waits for a lock of the transaction.
func waiting(t testing.TB, pool *pgxpool.Pool, holder pgx.Tx) (waits bool) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
		WHERE $1 = ANY (pg_blocking_pids(pid)))`,
		holder.Conn().PgConn().PID()).Scan(&waits)
	if err != nil {
		t.Fatal(err)
	}
	return waits
}
