package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/migrations"
)

// fillScratch makes the tables of a backup in a schema of their own, as its step of the schema has
// them, fills them, and migrates them to a later step. It returns the schema's name, quoted for
// SQL. Other transactions never see the schema: the transaction that makes it also drops it.
func fillScratch(
	ctx context.Context, tx pgx.Tx, from *backupReader, step int64, progress Progress,
) (schema string, err error) {
	schema = pgx.Identifier{"sneakers23_restore_" + strings.ToLower(rand.Text())}.Sanitize()
	if _, err := tx.Exec(ctx, `CREATE SCHEMA `+schema); err != nil {
		return "", explainDenied(tx, err)
	}
	var path string
	if err := tx.QueryRow(ctx, `SELECT current_setting('search_path')`).Scan(&path); err != nil {
		return "", err
	}
	// No other schema is in the path, so no statement meant for the scratch reaches the store.
	if err := run(ctx, tx, `SET LOCAL search_path = `+schema); err != nil {
		return "", err
	}
	if err := migrate(ctx, tx, 0, from.head.Schema); err != nil {
		return "", err
	}
	if err := fill(ctx, tx, from, progress); err != nil {
		return "", err
	}
	if err := migrate(ctx, tx, from.head.Schema, step); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `SELECT set_config('search_path', $1, true)`, path)
	return schema, err
}

// explainDenied says how to let a role restore that may not make a schema.
func explainDenied(tx pgx.Tx, err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != pgerrcode.InsufficientPrivilege {
		return err
	}
	c := tx.Conn().Config()
	return fmt.Errorf("a restore prepares the tables in a schema of their own, which this role may not create: "+
		"run GRANT CREATE ON DATABASE %s TO %s as the database's owner, and try again; nothing was changed",
		pgx.Identifier{c.Database}.Sanitize(), pgx.Identifier{c.User}.Sanitize())
}

// migrate executes the steps behind after, up to step.
func migrate(ctx context.Context, tx pgx.Tx, after, step int64) error {
	ups, err := migrations.Ups(after, step)
	if err != nil {
		return err
	}
	if err := run(ctx, tx, ups...); err != nil {
		return fmt.Errorf("migrate the backup from step %d to step %d: %w", after, step, err)
	}
	return nil
}

// fill makes the scratch schema hold what the backed-up database held.
func fill(ctx context.Context, tx pgx.Tx, from *backupReader, progress Progress) error {
	if err := checkTables(ctx, tx, from.head); err != nil {
		return err
	}
	for _, t := range from.head.Tables {
		if err := run(ctx, tx, `DELETE FROM `+t.Name); err != nil { // a trigger may have put rows in
			return err
		}
		err := from.readTable(t, func(rows io.Reader) (int64, error) {
			tag, err := tx.Conn().PgConn().CopyFrom(ctx, rows, `COPY `+t.sql()+` FROM STDIN`)
			return tag.RowsAffected(), err
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", t.Name, err)
		}
		progress(t.Name, from.rows[t.Name])
	}
	// The steps to come may add rows, whose ids and revisions must be new.
	if _, err := tx.Exec(ctx, `SELECT setval('revisions', $1)`, from.head.Revision); err != nil {
		return err
	}
	for name, id := range from.head.LastIDs {
		sequence, err := idSequence(ctx, tx, name)
		if err != nil {
			return err
		}
		if sequence == "" {
			return damaged(headEntry, name+" does not number its rows")
		}
		if _, err := tx.Exec(ctx, `SELECT setval($1, $2)`, sequence, id); err != nil {
			return err
		}
	}
	return nil
}

// checkTables refuses a backup that does not have the tables of its step with all their columns:
// what is missing would be lost.
func checkTables(ctx context.Context, tx pgx.Tx, head backupHead) error {
	rows, _ := tx.Query(ctx, `SELECT relname, array_agg(attname::text ORDER BY attname)
		FROM pg_class c JOIN pg_attribute ON attrelid = c.oid
		WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p')
			AND NOT relispartition AND attnum > 0 AND NOT attisdropped
		GROUP BY relname`)
	want := make(map[string][]string)
	var (
		name    string
		columns []string
	)
	_, err := pgx.ForEachRow(rows, []any{&name, &columns}, func() error {
		if _, excluded := notBackedUp[name]; !excluded {
			want[name] = columns
		}
		columns = nil
		return nil
	})
	if err != nil {
		return err
	}
	got := make(map[string][]string)
	for _, t := range head.Tables {
		got[t.Name] = slices.Sorted(slices.Values(t.Columns))
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		return damaged(headEntry, fmt.Sprintf("its tables are not those of step %d", head.Schema))
	}
	return nil
}
