package migrations_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

// TestUpsMakeTheSchema executes the statements of all steps in a scratch schema, in one transaction
// that sees no other schema: this gives the objects that Up gives.
func TestUpsMakeTheSchema(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	steps, err := migrations.Up(t.Context(), pool.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	newest := steps[len(steps)-1].Version
	all, err := migrations.Ups(0, newest)
	if err != nil || len(all) != len(steps) {
		t.Fatalf("%d statements, %v, want one for each of %d steps", len(all), err, len(steps))
	}
	var got []string
	rollback := errors.New("roll back")
	err = pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		scratch := pgx.Identifier{"scratch of " + t.Name()}.Sanitize()
		for _, sql := range append([]string{
			`CREATE SCHEMA ` + scratch, `SET LOCAL search_path = ` + scratch,
		}, all...) {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		got = objects(t, tx)
		return rollback
	})
	if !errors.Is(err, rollback) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(objects(t, pool), got); diff != "" {
		t.Errorf("the scratch schema is another (-want +got):\n%s", diff)
	}
}

// objects lists what the current schema holds, without the schema's name and the migrations' own
// table.
func objects(t *testing.T, db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}) []string {
	t.Helper()
	rows, _ := db.Query(t.Context(), `
		WITH tables AS (
			SELECT * FROM pg_class
			WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND NOT starts_with(relname, $1)
		)
		SELECT replace(replace(object, quote_ident(current_schema()) || '.', ''), current_schema() || '.', '') FROM (
			SELECT format('relation %s %s', relkind, relname) FROM tables
			UNION ALL SELECT format('column %s %s %s %s %s %s %s', c.relname, attnum, attname,
				format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid))
				FROM tables c JOIN pg_attribute ON attrelid = c.oid
				LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
				WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')
			UNION ALL SELECT format('constraint %s %s %s', c.relname, conname, pg_get_constraintdef(k.oid))
				FROM tables c JOIN pg_constraint k ON conrelid = c.oid
			UNION ALL SELECT pg_get_indexdef(oid) FROM tables WHERE relkind IN ('i', 'I')
			UNION ALL SELECT pg_get_triggerdef(g.oid) FROM tables c JOIN pg_trigger g ON tgrelid = c.oid
				WHERE NOT tgisinternal
			UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc
				WHERE pronamespace = to_regnamespace(quote_ident(current_schema()))
		) AS objects (object) ORDER BY 1`, migrations.Table)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUpsOfARange returns only the steps that are asked for.
func TestUpsOfARange(t *testing.T) {
	t.Parallel()
	some, err := migrations.Ups(1, 3)
	if err != nil || len(some) != 2 || !strings.Contains(some[0], "CREATE TABLE orders") ||
		!strings.Contains(some[1], "ADD COLUMN buyer") {
		t.Errorf("steps 2 and 3 are %q, %v", some, err)
	}
	if none, err := migrations.Ups(3, 3); err != nil || len(none) != 0 {
		t.Errorf("no steps are %q, %v", none, err)
	}
}
