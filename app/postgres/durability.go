package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A Querier is a connection, a pool or a transaction of pgx.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// CheckDurability asks the database whether what it has committed survives a crash of its machine,
// and returns each setting that says no, as "fsync = off"; none means that all is well. It asks in
// db's own session, so that what a role, a database or a connection string changed is seen.
func CheckDurability(ctx context.Context, db Querier) ([]string, error) {
	rows, err := db.Query(ctx, `
		SELECT name || ' = ' || setting
		FROM pg_settings
		WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
		ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("postgres: check durability: %w", err)
	}
	off, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("postgres: check durability: %w", err)
	}
	return off, nil
}
