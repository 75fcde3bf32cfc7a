package store

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/migrations"
)

// copySettings make values the same text on every server, whatever its settings are.
var copySettings = []string{
	`SET LOCAL datestyle = 'ISO, YMD'`, `SET LOCAL timezone = 'UTC'`, `SET LOCAL extra_float_digits = 3`,
	`SET LOCAL statement_timeout = 0`, `SET LOCAL idle_in_transaction_session_timeout = '10min'`,
}

// Progress receives how many rows of a table are done. It is called now and then, and when a table
// is complete.
type Progress func(table string, rows int64)

// BackupInfo describes a backup.
type BackupInfo struct {
	CreatedAt time.Time        `json:"created_at"`
	Schema    int64            `json:"schema"` // the newest step of the schema that its tables have
	Rows      map[string]int64 `json:"rows"`   // by table
}

// Backup writes the whole store as it is at one moment. Nodes may run meanwhile and do not wait.
func (s *Schema) Backup(ctx context.Context, to io.Writer, progress Progress) (info BackupInfo, err error) {
	if pending, err := s.db.pending(ctx); err != nil {
		return info, err
	} else if pending > 0 {
		return info, fmt.Errorf(
			"this database lacks %d steps of this program's schema: correct --database-url (DATABASE_URL), "+
				"or back it up with the version of the program that runs on it", pending,
		)
	}
	if err := s.db.refuseNewer(); err != nil {
		return info, err
	}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.db.Pool, snapshot, func(tx pgx.Tx) error {
		// The snapshot is taken after the locks. A step of the schema is committed before, which
		// checkStep finds, or waits for the backup.
		lock := `LOCK TABLE ` + migrations.Table + `, ` + strings.Join(backupTables, ", ") + ` IN ACCESS SHARE MODE`
		if err := run(ctx, tx, `SET LOCAL lock_timeout = 0`, lock); err != nil {
			return err
		}
		if err := checkStep(ctx, tx, s.db.schema.Newest); err != nil {
			return err
		}
		info, err = writeBackup(ctx, tx, s.db.schema.Newest, backupTables, to, progress)
		return err
	})
	if err != nil {
		return info, fmt.Errorf("backup: %w", err)
	}
	return info, nil
}

// writeBackup writes tables of a database whose newest step is schema.
func writeBackup(
	ctx context.Context, tx pgx.Tx, schema int64, tables []string, to io.Writer, progress Progress,
) (BackupInfo, error) {
	info := BackupInfo{Schema: schema, Rows: make(map[string]int64)}
	if err := run(ctx, tx, copySettings...); err != nil {
		return info, err
	}
	head, err := makeHead(ctx, tx, schema, tables)
	if err != nil {
		return info, err
	}
	info.CreatedAt = head.CreatedAt
	w, err := newBackupWriter(to, head)
	if err != nil {
		return info, err
	}
	for _, t := range head.Tables {
		rows, err := w.begin(t, func(rows int64) { progress(t.Name, rows) })
		if err != nil {
			return info, err
		}
		if _, err := tx.Conn().PgConn().CopyTo(ctx, rows, `COPY `+t.sql()+` TO STDOUT`); err != nil {
			return info, fmt.Errorf("read %s: %w", t.Name, err)
		}
		info.Rows[t.Name] = rows.n
		progress(t.Name, rows.n)
	}
	return info, w.close(info.Rows)
}

func makeHead(ctx context.Context, tx pgx.Tx, schema int64, tables []string) (backupHead, error) {
	h := backupHead{
		Format: backupFormat, Version: backupVersion, Schema: schema, LastIDs: make(map[string]int64),
	}
	err := tx.QueryRow(ctx, `SELECT now(), last_value FROM revisions`).Scan(&h.CreatedAt, &h.Revision)
	if err != nil {
		return h, err
	}
	for _, name := range tables {
		columns, err := columnsOf(ctx, tx, name)
		if err != nil {
			return h, err
		}
		h.Tables = append(h.Tables, table{name, columns})
		sequence, err := idSequence(ctx, tx, name)
		if err != nil {
			return h, err
		}
		if sequence == "" {
			continue
		}
		if h.LastIDs[name], err = lastValue(ctx, tx, sequence); err != nil {
			return h, err
		}
	}
	return h, nil
}

// lastValue returns the last number that a sequence has given.
func lastValue(ctx context.Context, tx pgx.Tx, sequence string) (n int64, err error) {
	err = tx.QueryRow(ctx, `SELECT last_value FROM `+sequence).Scan(&n)
	return n, err
}

// Counts returns how many rows each table has now.
func (s *Schema) Counts(ctx context.Context) (map[string]int64, error) {
	if pending, err := s.db.pending(ctx); err != nil || pending > 0 {
		return map[string]int64{}, err // there is no store yet
	}
	return counts(ctx, s.db.Pool)
}

func counts(ctx context.Context, pool *pgxpool.Pool) (map[string]int64, error) {
	rows := make(map[string]int64)
	for _, name := range backupTables {
		var n int64
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM `+name).Scan(&n); err != nil {
			return nil, err
		}
		rows[name] = n
	}
	return rows, nil
}
