package store

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// backupTables are those of the store, each behind those that it refers to.
var backupTables = []string{
	"products", "items", "item_availabilities", "orders", "order_lines", "stock_movements", "devices",
	"device_variables", "device_wants",
}

// copySettings make values the same text on every server, whatever its settings are.
var copySettings = []string{
	`SET LOCAL datestyle = 'ISO, YMD'`, `SET LOCAL timezone = 'UTC'`, `SET LOCAL extra_float_digits = 3`,
	`SET LOCAL statement_timeout = 0`,
}

// Progress hears how many rows of a table are done. It is called now and then, and when a table is
// complete.
type Progress func(table string, rows int64)

// BackupInfo is what a backup holds.
type BackupInfo struct {
	CreatedAt time.Time        `json:"created_at"`
	Schema    int64            `json:"schema"` // the newest migration
	Rows      map[string]int64 `json:"rows"`   // by table
}

// Backup writes the whole store as it is at one moment. Nodes may run meanwhile, and are not kept
// waiting.
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
		if err := run(ctx, tx, copySettings...); err != nil {
			return err
		}
		info, err = writeBackup(ctx, tx, s.db.schema.Newest, to, progress)
		return err
	})
	if err != nil {
		return info, fmt.Errorf("backup: %w", err)
	}
	return info, nil
}

func writeBackup(ctx context.Context, tx pgx.Tx, schema int64, to io.Writer, progress Progress) (BackupInfo, error) {
	info := BackupInfo{Schema: schema, Rows: make(map[string]int64)}
	head := backupHead{Format: backupFormat, Version: backupVersion, Schema: schema}
	if err := tx.QueryRow(ctx, `SELECT now(), last_value FROM revisions`).Scan(&head.CreatedAt,
		&head.Revision); err != nil {
		return info, err
	}
	info.CreatedAt = head.CreatedAt
	for _, table := range numbered {
		last, err := lastID(ctx, tx, table)
		if err != nil {
			return info, err
		}
		head.LastIDs = append(head.LastIDs, last)
	}
	for _, name := range backupTables {
		columns, err := columnsOf(ctx, tx, name)
		if err != nil {
			return info, err
		}
		head.Tables = append(head.Tables, backupTable{name, columns})
	}
	w, err := newBackupWriter(to, head)
	if err != nil {
		return info, err
	}
	for _, table := range head.Tables {
		rows := w.begin(func(rows int64) { progress(table.Name, rows) })
		if _, err := tx.Conn().PgConn().CopyTo(ctx, rows, `COPY `+table.sql()+` TO STDOUT`); err != nil {
			return info, fmt.Errorf("read %s: %w", table.Name, err)
		}
		n, err := rows.end()
		if err != nil {
			return info, err
		}
		info.Rows[table.Name] = n
		progress(table.Name, n)
	}
	return info, w.close()
}

// numbered are the tables whose rows get their ids from a sequence.
var numbered = []string{"products", "items", "stock_movements", "devices"}

// lastID is the last id that a table has given.
func lastID(ctx context.Context, tx pgx.Tx, table string) (id int64, err error) {
	var sequence string
	if err := tx.QueryRow(ctx, `SELECT pg_get_serial_sequence($1, 'id')`, table).Scan(&sequence); err != nil {
		return 0, err
	}
	err = tx.QueryRow(ctx, `SELECT last_value FROM `+sequence).Scan(&id) // quoted where it needs be
	return id, err
}

// columnsOf lists the columns of a table in their order.
func columnsOf(ctx context.Context, tx pgx.Tx, table string) ([]string, error) {
	rows, _ := tx.Query(ctx, `SELECT attname FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, table)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Counts tells how many rows each table has now.
func (s *Schema) Counts(ctx context.Context) (map[string]int64, error) {
	if pending, err := s.db.pending(ctx); err != nil || pending > 0 {
		return map[string]int64{}, err // there is no store yet
	}
	return counts(ctx, s.db.Pool)
}

func counts(ctx context.Context, pool *pgxpool.Pool) (map[string]int64, error) {
	rows := make(map[string]int64)
	for _, table := range backupTables {
		var n int64
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil {
			return nil, err
		}
		rows[table] = n
	}
	return rows, nil
}
