package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"sneakers23/migrations"
)

// backupTables are the tables of a backup, each behind those that it refers to.
var backupTables = []string{
	"pictures", "renditions", "products", "items", "item_availabilities", "orders", "order_lines", "stock_movements",
	"devices",
	"device_variables", "device_wants", "drops", "drop_products", "drop_restocks", "shop_pause", "shop_settings",
	"shop_pages",
}

// notBackedUp are the tables that no backup holds, each with the reason.
var notBackedUp = map[string]string{
	migrations.Table: "the applied steps are those of the database, whatever is restored into it",
	"schema_range":   "which programs suit a database goes with its own steps",
	"restores":       "which restores a database has seen is a fact of that database; its nodes count them",
	"events":         "what happened in a database has happened, also what a restore makes undone",
	"device_logs":    "logs may be many times larger than the rest, and are dropped after some days anyway",
}

// table is a table with its columns, as a backup names them.
type table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// columnList lists the columns for SQL.
func (t table) columnList() string {
	columns := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	return strings.Join(columns, ", ")
}

// sql names the table and its columns for COPY.
func (t table) sql() string {
	return pgx.Identifier{t.Name}.Sanitize() + " (" + t.columnList() + ")"
}

// columnsOf lists the columns of a table in their order.
func columnsOf(ctx context.Context, tx pgx.Tx, table string) ([]string, error) {
	rows, _ := tx.Query(ctx, `SELECT attname FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, table)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// idSequence returns the sequence that numbers the rows of a table, quoted for SQL, or nothing.
func idSequence(ctx context.Context, tx pgx.Tx, table string) (string, error) {
	rows, _ := tx.Query(ctx, `SELECT pg_get_serial_sequence($1, attname) FROM pg_attribute
		WHERE attrelid = $1::regclass AND attidentity <> '' AND NOT attisdropped`, table)
	sequences, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(sequences, ""), err // a table has one at most
}
