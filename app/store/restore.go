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

// CheckBackup reads a backup to its end and describes it. It changes nothing.
func (s *Schema) CheckBackup(ctx context.Context, file io.ReaderAt, size int64) (BackupInfo, error) {
	info := BackupInfo{Rows: make(map[string]int64)}
	if _, err := s.db.pending(ctx); err != nil {
		return info, err
	}
	b, err := s.openBackup(file, size)
	if err != nil {
		return info, err
	}
	info.CreatedAt, info.Schema = b.head.CreatedAt, b.head.Schema
	for _, t := range b.head.Tables {
		err := b.readTable(t, func(rows io.Reader) (n int64, err error) {
			_, err = io.Copy(io.Discard, rows)
			return b.rows[t.Name], err
		})
		if err != nil {
			return info, err
		}
		info.Rows[t.Name] = b.rows[t.Name]
	}
	return info, nil
}

// openBackup opens a backup that fits the schema of the program.
func (s *Schema) openBackup(file io.ReaderAt, size int64) (*backupReader, error) {
	b, err := openBackup(file, size)
	if err != nil {
		return nil, err
	}
	if b.head.Schema != s.db.schema {
		return nil, fmt.Errorf("the backup has step %d of the schema, this program step %d: "+
			"restore it with the version of the program that made it, then run `sneakers23 migrate up`",
			b.head.Schema, s.db.schema)
	}
	return b, nil
}

// restoreAttempts is how often a restore that meets others is tried.
const restoreAttempts = 20

// Restore puts the store into the state of a backup, which CheckBackup has found good: all of it,
// or nothing. Nodes may run meanwhile: buyers wait for a moment, pages go on from the old state
// until the new one is committed, and within 5 s every node shows it.
func (s *Schema) Restore(ctx context.Context, file io.ReaderAt, size int64, progress Progress) error {
	if err := s.db.Prepare(ctx, false); err != nil { // an empty database gets the tables
		return err
	}
	from, err := s.openBackup(file, size)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
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

func restore(ctx context.Context, tx pgx.Tx, from *backupReader, progress Progress) error {
	if err := run(ctx, tx, copySettings...); err != nil {
		return err
	}
	if err := run(ctx, tx, `SET LOCAL sneakers23.unsaid = 'on'`, `SET LOCAL lock_timeout = '2s'`,
		`SET LOCAL idle_in_transaction_session_timeout = '10min'`, restoreLocks, rememberRevoked,
		`DELETE FROM stock_movements`, `DELETE FROM order_lines`, `DELETE FROM orders`, `DELETE FROM products`, `DELETE FROM devices`); err != nil {
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
	if err := run(ctx, tx, revokeAgain); err != nil {
		return err
	}
	// Nodes that run notice the restore by this row.
	if _, err := tx.Exec(ctx, `INSERT INTO restores (backup_of) VALUES ($1)`, from.head.CreatedAt); err != nil {
		return err
	}
	return renew(ctx, tx, from.head)
}

// renew lets nothing that was ever given be given again: not a revision, nor an id. Every row gets
// a new revision, so that it is news to all nodes, whatever they have seen.
func renew(ctx context.Context, tx pgx.Tx, head backupHead) error {
	if _, err := tx.Exec(ctx, `SELECT setval('revisions', greatest($1, (SELECT last_value FROM revisions)))`,
		head.Revision); err != nil {
		return err
	}
	for name, id := range head.LastIDs {
		sequence, err := idSequence(ctx, tx, name)
		if err != nil {
			return err
		}
		last, err := lastValue(ctx, tx, sequence)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT setval($1, greatest($2::bigint, $3::bigint))`, sequence, last, id); err != nil {
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
