package store

import (
	"context"
	"io"
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/migrations"
)

// TestBackupBesideAStep makes a backup while a step of the schema is applied: it waits for the
// step, and is refused, since it would have tables of one step under the number of another.
func TestBackupBesideAStep(t *testing.T) {
	t.Parallel()
	s, pool := filled(t)
	step, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer step.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // after a failure
	if err := run(t.Context(), step, `ALTER TABLE products ADD COLUMN later text`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1) // buffer 1: it ends whether or not the test waits
	go func() {
		_, err := s.Backup(context.WithoutCancel(t.Context()), io.Discard, func(string, int64) {})
		done <- err
	}()
	waittest.Until(t, "the backup waits for the step", func() bool {
		var waits bool
		err := pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks
			WHERE NOT granted AND mode = 'AccessShareLock' AND relation = 'products'::regclass)`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		return waits || len(done) > 0
	})
	note := `INSERT INTO ` + migrations.Table + ` (version_id, is_applied) VALUES (999999, true)`
	if err := run(t.Context(), step, note); err != nil {
		t.Fatal(err)
	}
	if err := step.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := waittest.Receive(t, "the backup ends", done); err == nil ||
		!strings.Contains(err.Error(), "step 999999") {
		t.Errorf("a backup beside a step: %v", err)
	}
}
