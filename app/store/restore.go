package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/migrations"
)

// CheckBackup reads a backup to its end and describes it. It changes nothing.
func (s *Schema) CheckBackup(ctx context.Context, file io.ReaderAt, size int64) (BackupInfo, error) {
	info := BackupInfo{Rows: make(map[string]int64)}
	if _, err := s.db.pending(ctx); err != nil {
		return info, err
	}
	if err := s.db.refuseNewer(); err != nil {
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

// openBackup opens a backup of the program's schema or of an older one.
func (s *Schema) openBackup(file io.ReaderAt, size int64) (*backupReader, error) {
	b, err := openBackup(file, size)
	if err != nil {
		return nil, err
	}
	if b.head.Schema > s.db.schema.Newest {
		return nil, fmt.Errorf("the backup has step %d of the schema, and this program knows %d steps: "+
			"restore it with the newer version of the program that made it", b.head.Schema, s.db.schema.Newest)
	}
	return b, nil
}

// Restore puts the store into the state of a backup, which CheckBackup has found good: all of it,
// or nothing. A backup of an older schema is migrated on the way. Nodes may run meanwhile: buyers
// wait while the tables are replaced, pages show the old state until the new one is committed, and
// within 5 s every node shows it.
func (s *Schema) Restore(ctx context.Context, file io.ReaderAt, size int64, progress Progress) error {
	if err := s.db.Prepare(ctx, false); err != nil { // an empty database gets the tables
		return err
	}
	if err := s.db.refuseNewer(); err != nil {
		return err
	}
	from, err := s.openBackup(file, size)
	if err != nil {
		return err
	}
	committing := false
	err = pgx.BeginTxFunc(ctx, s.db.Pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		err := restore(ctx, tx, from, s.db.schema.Newest, progress)
		committing = err == nil
		return err
	})
	pg, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return nil
	case committing && !ok:
		return fmt.Errorf("restore: the connection broke during the commit, so the restore may be done: "+
			"look at the store, and restore again if it is not; doing it twice does no harm: %w", err)
	case ok && pg.Code == pgerrcode.LockNotAvailable:
		return errors.New("restore: another transaction holds tables of the store for too long: " +
			"end it (see pg_stat_activity), and try again; nothing was changed")
	}
	return fmt.Errorf("restore: %w", err)
}

// restore fills a scratch schema with the backup, for which it takes no lock of the store, and then
// replaces the rows of the store.
func restore(ctx context.Context, tx pgx.Tx, from *backupReader, step int64, progress Progress) error {
	if err := run(ctx, tx, copySettings...); err != nil {
		return err
	}
	if err := run(ctx, tx, `SET LOCAL sneakers23.unsaid = 'on'`, `SET LOCAL lock_timeout = '2s'`); err != nil {
		return err
	}
	scratch, err := fillScratch(ctx, tx, from, step, progress)
	if err != nil {
		return err
	}
	if err := replacePatiently(ctx, tx, scratch, step, progress); err != nil {
		return err
	}
	// Nodes that run notice the restore by this row.
	if _, err := tx.Exec(ctx, `INSERT INTO restores (backup_of) VALUES ($1)`, from.head.CreatedAt); err != nil {
		return err
	}
	return run(ctx, tx, `DROP SCHEMA `+scratch+` CASCADE`)
}

// replaceAttempts is how often a restore tries to lock the tables while others use them.
const replaceAttempts = 20

// replacePatiently gives way when it meets other transactions, because buyers wait behind its
// locks, and tries again. The scratch schema stays.
func replacePatiently(ctx context.Context, tx pgx.Tx, scratch string, step int64, progress Progress) error {
	for attempt := 1; ; attempt++ {
		// this is a savepoint: going back to it releases the locks
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
			return replace(ctx, tx, scratch, step, progress)
		})
		pg, ok := errors.AsType[*pgconn.PgError](err)
		givesWay := ok && (pg.Code == pgerrcode.DeadlockDetected || pg.Code == pgerrcode.LockNotAvailable)
		if !givesWay || attempt == replaceAttempts {
			return err
		}
	}
}

// A sale locks rows of availabilities before anything else, so that table comes first. Once it is
// locked, no sale is under way, and later ones wait without holding locks. Readers are not blocked.
var restoreLocks = `LOCK TABLE item_availabilities, ` + strings.Join(backupTables, ", ") + ` IN EXCLUSIVE MODE`

// A key that was revoked after the backup may be in wrong hands: it stays revoked. In another
// database the same id is another device's, with another time of its making.
const (
	rememberRevoked = `CREATE TEMPORARY TABLE revoked ON COMMIT DROP AS
		SELECT id, created_at, revoked_at FROM devices WHERE revoked_at IS NOT NULL`
	revokeAgain = `UPDATE devices d SET revoked_at = r.revoked_at FROM revoked r
		WHERE r.id = d.id AND r.created_at = d.created_at AND d.revoked_at IS NULL`
)

// replace replaces the rows of the store by those of the scratch schema.
func replace(ctx context.Context, tx pgx.Tx, scratch string, step int64, progress Progress) error {
	// no step is applied from here to the commit
	noSteps := `LOCK TABLE ` + migrations.Table + ` IN SHARE MODE`
	if err := run(ctx, tx, restoreLocks, noSteps, rememberRevoked); err != nil {
		return err
	}
	if err := checkStep(ctx, tx, step); err != nil {
		return err
	}
	for _, name := range slices.Backward(backupTables) {
		if err := run(ctx, tx, `DELETE FROM `+name); err != nil {
			return err
		}
	}
	for _, name := range backupTables {
		if err := run(ctx, tx, `DELETE FROM `+name); err != nil { // a trigger may have put rows in
			return err
		}
		columns, err := columnsOf(ctx, tx, scratch+"."+name)
		if err != nil {
			return err
		}
		list := table{name, columns}.columnList()
		tag, err := tx.Exec(ctx, `INSERT INTO `+name+` (`+list+`) OVERRIDING SYSTEM VALUE
			SELECT `+list+` FROM `+scratch+`.`+name)
		if err != nil {
			return fmt.Errorf("replace %s: %w", name, err)
		}
		progress(name, tag.RowsAffected())
	}
	if err := run(ctx, tx, revokeAgain); err != nil {
		return err
	}
	return renew(ctx, tx, scratch)
}

// checkStep finds out, behind the locks, whether the store was migrated since this program looked.
func checkStep(ctx context.Context, tx pgx.Tx, want int64) error {
	var step int64
	if err := tx.QueryRow(ctx, `SELECT max(version_id) FROM `+migrations.Table).Scan(&step); err != nil {
		return err
	}
	if step != want {
		return fmt.Errorf("the database was migrated to step %d of the schema meanwhile, and this program knows step %d: "+
			"try again with the version of the program that runs on it; nothing was changed", step, want)
	}
	return nil
}

// renew keeps every id and every revision that was ever given from being given again. Every row
// gets a new revision, so all nodes apply it, whatever they have seen.
func renew(ctx context.Context, tx pgx.Tx, scratch string) error {
	if err := advance(ctx, tx, "revisions", scratch+".revisions"); err != nil {
		return err
	}
	for _, name := range backupTables {
		sequence, err := idSequence(ctx, tx, name)
		if err != nil {
			return err
		}
		if sequence == "" {
			continue
		}
		other, err := idSequence(ctx, tx, scratch+"."+name)
		if err != nil {
			return err
		}
		if err := advance(ctx, tx, sequence, other); err != nil {
			return err
		}
	}
	return run(ctx, tx, `UPDATE products SET revision = revision`, `UPDATE item_availabilities SET revision = revision`,
		`UPDATE shop_settings SET revision = revision`, `UPDATE shop_pages SET revision = revision`,
		`UPDATE device_wants SET revision = nextval('revisions')`)
}

// advance sets a sequence to where it is or where the other is, whichever is further.
func advance(ctx context.Context, tx pgx.Tx, sequence, other string) error {
	last, err := lastValue(ctx, tx, sequence)
	if err != nil {
		return err
	}
	there, err := lastValue(ctx, tx, other)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `SELECT setval($1, $2)`, sequence, max(last, there))
	return err
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
