package migrations_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/migrations"
)

// newer is the step of a program that comes after this one.
const newer = 999_999

// newerDatabase has a step that this program does not know.
func newerDatabase(t *testing.T) (*pgxpool.Pool, string) {
	pool := pgtest.Pool(t)
	url := pool.Config().ConnString()
	if _, err := migrations.Up(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, `INSERT INTO `+migrations.Table+` (version_id, is_applied) VALUES (999999, true)`)
	return pool, url
}

func exec(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// TestNewerDatabase is what an older program finds whose successor has migrated the database with a
// step that only adds.
func TestNewerDatabase(t *testing.T) {
	t.Parallel()
	_, url := newerDatabase(t)
	if steps, err := migrations.Up(t.Context(), url); err != nil || len(steps) != 0 {
		t.Errorf("up: %v, %v, want nothing to do", steps, err)
	}
	if _, err := migrations.Down(t.Context(), url); err == nil || !strings.Contains(err.Error(), "with that version") {
		t.Errorf("down: %v, want that the newer version does it", err)
	}
	state, err := migrations.Status(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	last := state.Steps[len(state.Steps)-1]
	if last.Version != newer || last.Name != "" || !last.Applied || last.AppliedAt.IsZero() {
		t.Errorf("the newest step is %+v, want that of a newer program", last)
	}
	if before := state.Steps[len(state.Steps)-2]; state.Oldest > before.Version || before.Name == "" {
		t.Errorf("for programs from step %d on; this one knows %+v", state.Oldest, before)
	}
}

// TestNewerDatabaseOfAnotherKind has a step that did more than add.
func TestNewerDatabaseOfAnotherKind(t *testing.T) {
	t.Parallel()
	pool, url := newerDatabase(t)
	exec(t, pool, `UPDATE schema_range SET oldest = 999999`)
	_, up := migrations.Up(t.Context(), url)
	_, down := migrations.Down(t.Context(), url)
	_, status := migrations.Status(t.Context(), url)
	for what, err := range map[string]error{"up": up, "down": down, "status": status} {
		if !errors.Is(err, migrations.ErrNewer) {
			t.Errorf("%s: got %v, want ErrNewer", what, err)
		}
	}
}

// TestOldestIsNotAboveNewest looks at a database that lacks the row, and at one of which a step was
// taken back that had raised it.
func TestOldestIsNotAboveNewest(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	url := pool.Config().ConnString()
	up, err := migrations.Up(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`UPDATE schema_range SET oldest = 999999`, `DELETE FROM schema_range`} {
		exec(t, pool, sql)
		state, err := migrations.Status(t.Context(), url)
		if want := up[len(up)-1].Version; err != nil || state.Oldest != want {
			t.Errorf("after %s: for programs from step %d on, %v; want %d", sql, state.Oldest, err, want)
		}
	}
}

// TestStepLetsOthersPass applies a step while a transaction holds a table that it wants. A reader
// of the table waits behind the step for a moment only, and the step goes on when the table is
// free.
func TestStepLetsOthersPass(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	ctx, url := t.Context(), pool.Config().ConnString()
	if _, err := migrations.Up(ctx, url); err != nil {
		t.Fatal(err)
	}
	for version := int64(0); version != 9; { // the step below it drops schema_range
		step, err := migrations.Down(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		version = step.Version
	}
	holder, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(ctx))
	if _, err := holder.Exec(ctx, `LOCK TABLE schema_range IN ACCESS SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1) // buffer 1: the step ends also when the test has failed
	go func() {
		_, err := migrations.Down(ctx, url)
		done <- err
	}()
	waittest.Until(t, "the step waits for the table", func() bool {
		var waits bool
		err := holder.QueryRow(ctx, `SELECT EXISTS (
			SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		return waits
	})
	within, cancel := context.WithTimeout(ctx, waittest.Limit())
	defer cancel()
	if err := pgx.BeginFunc(within, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(within, `SELECT oldest FROM schema_range`)
		return err
	}); err != nil {
		t.Errorf("a reader behind the step: %v", err)
	}
	select {
	case err := <-done:
		t.Fatalf("the step ended while the table was held: %v", err)
	default:
	}
	if err := holder.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := waittest.Receive(t, "the step's end, when the table is free", done); err != nil {
		t.Error(err)
	}
}
