package devices

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store reads and changes devices, and reads what they have said. Its methods may be called from
// any goroutine.
type Store struct {
	pool     *pgxpool.Pool
	keys     keyring
	searches chan struct{} // buffer mostSearches: a token for each search that runs
	log      *slog.Logger
}

// Config is what a Store needs.
type Config struct {
	Pool *pgxpool.Pool
	// one at least: keys are stored under the first; a key that was stored under any of them is
	// verified
	Secrets []string
	Log     *slog.Logger
}

// NewStore makes a store of the tables in this database.
func NewStore(c Config) *Store {
	return &Store{pool: c.Pool, keys: newKeyring(c.Secrets), searches: make(chan struct{}, mostSearches), log: c.Log}
}

// planned has PostgreSQL plan a statement at each execution: tables grow from nothing, and what a
// search must read depends on its words.
const planned = pgx.QueryExecModeCacheDescribe

// actAs tells the transaction who acts in it, for the table of events.
func actAs(ctx context.Context, tx pgx.Tx, who string) error {
	_, err := tx.Exec(ctx, `SELECT set_config('sneakers23.actor', $1, true)`, who)
	return err
}
