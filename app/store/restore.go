package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// CheckBackup reads a backup to its end, and tells what it holds. It changes nothing.
func (s *Schema) CheckBackup(ctx context.Context, from io.Reader) (BackupInfo, error) {
	info := BackupInfo{Rows: make(map[string]int64)}
	if _, err := s.db.pending(ctx); err != nil {
		return info, err
	}
	err := readBackup(from, func(h backupHead) error {
		info.CreatedAt, info.Schema = h.CreatedAt, h.Schema
		if h.Schema != s.db.schema.Newest {
			return fmt.Errorf("the backup has step %d of the schema, this program step %d: restore it with the version of the program that made it, then run `sneakers23 migrate up`",
				h.Schema, s.db.schema.Newest)
		}
		return nil
	}, func(t backupTable, rows io.Reader) (int64, error) {
		p, _ := rows.(*pieces)
		// no ReadFrom of its own: the rows are counted on the way
		_, err := io.Copy(io.Discard, struct{ io.Reader }{rows})
		info.Rows[t.Name] = p.rows
		return p.rows, err
	})
	return info, err
}

// restoreAttempts is how often a restore that meets others is tried.
const restoreAttempts = 20

// Restore puts the store into the state of a backup, which CheckBackup has found good: all of it,
// or nothing. Nodes may run meanwhile: buyers wait for a moment, pages go on from the old state
// until the new one is committed, and within 5 s every node shows it. rewind returns the backup
// from its beginning, for each attempt.
func (s *Schema) Restore(ctx context.Context, rewind func() (io.Reader, error), progress Progress) error {
	if err := s.db.Prepare(ctx, false); err != nil { // an empty database gets the tables
		return err
	}
	if err := s.db.refuseNewer(); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		from, err := rewind()
		if err != nil {
			return err
		}
		committing := false
		err = pgx.BeginTxFunc(ctx, s.db.Pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			err := restore(ctx, tx, from, progress)
			committing = err == nil
			return err
		})
		pg, ok := errors.AsType[*pgconn.PgError](err)
		switch {
		case err == nil:
			return nil
		case committing && !ok:
			return fmt.Errorf("restore: the connection broke while it was committed, it may have been done: look, and try again, which does no harm: %w", err)
		case ok && pg.Code == pgerrcode.LockNotAvailable && attempt == restoreAttempts:
			return errors.New("restore: somebody holds tables of the store for too long: end that transaction (see pg_stat_activity), and try again; nothing was changed")
		// Buyers wait behind its locks, so it gives way to them, and tries again.
		case !ok || pg.Code != pgerrcode.DeadlockDetected && pg.Code != pgerrcode.LockNotAvailable ||
			attempt == restoreAttempts:
			return fmt.Errorf("restore: %w", err)
		}
	}
}

// A sale locks rows of availabilities before anything else, so that table comes first. Once it is
// locked, no sale is under way, and later ones wait without holding locks. Readers are not blocked.
const restoreLocks = `LOCK TABLE item_availabilities, products, items, orders, order_lines, stock_movements, devices, device_variables, device_wants IN EXCLUSIVE MODE`

// A key that was revoked after the backup may be in wrong hands: it stays revoked. In another
// database the same id is another device's, with another time of its making.
const (
	rememberRevoked = `CREATE TEMPORARY TABLE revoked ON COMMIT DROP AS SELECT id, created_at, revoked_at FROM devices WHERE revoked_at IS NOT NULL`
	revokeAgain     = `UPDATE devices d SET revoked_at = r.revoked_at FROM revoked r
		WHERE r.id = d.id AND r.created_at = d.created_at AND d.revoked_at IS NULL`
)

func restore(ctx context.Context, tx pgx.Tx, from io.Reader, progress Progress) error {
	if err := run(ctx, tx, copySettings...); err != nil {
		return err
	}
	if err := run(ctx, tx, `SET LOCAL sneakers23.unsaid = 'on'`, `SET LOCAL lock_timeout = '2s'`,
		`SET LOCAL idle_in_transaction_session_timeout = '10min'`, restoreLocks, rememberRevoked,
		`DELETE FROM stock_movements`, `DELETE FROM order_lines`, `DELETE FROM orders`, `DELETE FROM products`, `DELETE FROM devices`); err != nil {
		return err
	}
	var head backupHead
	err := readBackup(from, func(h backupHead) error {
		head = h
		return nil
	}, func(t backupTable, rows io.Reader) (int64, error) {
		if t.Name == "item_availabilities" { // the items came with empty ones
			if err := run(ctx, tx, `DELETE FROM item_availabilities`); err != nil {
				return 0, err
			}
		}
		tag, err := tx.Conn().PgConn().CopyFrom(ctx, rows, `COPY `+t.sql()+` FROM STDIN`)
		if err != nil {
			return 0, fmt.Errorf("write %s: %w", t.Name, err)
		}
		progress(t.Name, tag.RowsAffected())
		return tag.RowsAffected(), nil
	})
	if err != nil {
		return err
	}
	if err := run(ctx, tx, revokeAgain); err != nil {
		return err
	}
	// Nodes that run notice the restore by this row.
	if _, err := tx.Exec(ctx, `INSERT INTO restores (backup_of) VALUES ($1)`, head.CreatedAt); err != nil {
		return err
	}
	return renew(ctx, tx, head)
}

// renew lets nothing that was ever given be given again: not a revision, nor an id. Every row gets
// a new revision, so that it is news to all nodes, whatever they have seen.
func renew(ctx context.Context, tx pgx.Tx, head backupHead) error {
	if _, err := tx.Exec(ctx, `SELECT setval('revisions', greatest($1, (SELECT last_value FROM revisions)))`,
		head.Revision); err != nil {
		return err
	}
	for i, table := range numbered {
		last, err := lastID(ctx, tx, table)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT setval(pg_get_serial_sequence($1, 'id'), greatest($2::bigint, $3::bigint))`,
			table, last, head.LastIDs[i]); err != nil {
			return err
		}
	}
	return run(ctx, tx, `UPDATE products SET revision = revision`, `UPDATE item_availabilities SET revision = revision`,
		`UPDATE device_wants SET revision = nextval('revisions')`)
}

// run runs statements one after the other.
func run(ctx context.Context, tx pgx.Tx, statements ...string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
