package store

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
)

// firstWait returns since when a restore has waited for the products, or nil if none waits: only a
// restore locks a table in EXCLUSIVE mode.
func firstWait(t *testing.T, pool *pgxpool.Pool) (since *time.Time) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `SELECT min(waitstart) FROM pg_locks
		WHERE NOT granted AND mode = 'ExclusiveLock' AND relation = 'products'::regclass`).Scan(&since)
	if err != nil {
		t.Fatal(err)
	}
	return since
}

// TestRestoreGivesWay holds a table while a restore wants it: the restore lets buyers through
// before it tries again, and does not read the backup again.
func TestRestoreGivesWay(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	want := content(t, pool)
	file := backup(t, s)
	exec(t, pool, `UPDATE item_availabilities SET available_count = 99`)
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // after a failure
	if err := run(t.Context(), holder, `LOCK TABLE products IN ROW EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	done, products := make(chan error, 1), 0 // buffer 1: it ends whether or not the test waits
	go func() {
		ctx := context.WithoutCancel(t.Context())
		done <- s.Restore(ctx, bytes.NewReader(file), int64(len(file)), func(table string, _ int64) {
			if table == "products" {
				products++
			}
		})
	}()
	var first time.Time
	waittest.Until(t, "the restore waits for a table", func() bool {
		since := firstWait(t, pool)
		if since != nil {
			first = *since
		}
		return since != nil || len(done) > 0
	})
	waittest.Until(t, "the restore gives way and waits again", func() bool {
		since := firstWait(t, pool)
		return since != nil && since.After(first) || len(done) > 0
	})
	if err := holder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := waittest.Receive(t, "the restore ends", done); err != nil {
		t.Fatal(err)
	}
	if got := content(t, pool); got != want || products != 2 {
		t.Errorf("products were filled and replaced %d times together, want 2; the store holds\n%s", products, got)
	}
}
