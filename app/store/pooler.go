package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// sessionSettings are what every connection of a node needs, unless the database's URL says
// otherwise. They are set after connecting: PgBouncer refuses them as parameters of the start.
var sessionSettings = []struct{ name, value string }{
	// a node cut off in mid-transaction must not hold a hot row for the others
	{"lock_timeout", "5s"},
	{"idle_in_transaction_session_timeout", "5s"},
	// and the server must find out that a node is cut off: one that waits for the rest of a
	// transaction's statements has no timeout but that of the line
	{"tcp_keepalives_idle", "3"},
	{"tcp_keepalives_interval", "1"},
	{"tcp_keepalives_count", "3"},
}

// setSession returns a pool's AfterConnect.
func setSession(given map[string]string) func(context.Context, *pgx.Conn) error {
	var statements []string
	for _, s := range sessionSettings {
		if given[s.name] == "" {
			statements = append(statements, fmt.Sprintf("SET %s = '%s'", s.name, s.value))
		}
	}
	all := strings.Join(statements, "; ")
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, all)
		return err
	}
}

// errPooled says that a connection is not the same session from one transaction to the next.
var errPooled = errors.New("a pooler that hands out connections by transaction")

const (
	poolerRounds = 4
	poolerWithin = 5 * time.Second
)

// refusePooler returns an error that wraps errPooled if a pooler stands before the database that
// pools by transaction: settings, advisory locks and prepared statements of a session would be
// lost, or be another client's.
//
// Two connections that are open at once never share a backend of PostgreSQL, and a connection never
// changes its own. A pooler gives the backend that one connection has just left to the other, or
// the first one another while the second holds it.
func refusePooler(ctx context.Context, one, other *pgxpool.Pool) error {
	ctx, cancel := context.WithTimeout(ctx, poolerWithin)
	defer cancel()
	first, err := one.Acquire(ctx)
	if err != nil {
		return err
	}
	defer first.Release()
	second, err := other.Acquire(ctx)
	if err != nil {
		return err
	}
	defer second.Release()
	seen := make(map[*pgxpool.Conn]int)
	for range poolerRounds {
		if err := meet(ctx, first, second, seen); err != nil {
			return err
		}
		// Two backends that are handed out in turn alternate. After this statement, which the
		// second connection has no part in, they are the other way round.
		if err := noteBackend(ctx, first, first, seen); err != nil {
			return err
		}
	}
	return nil
}

// meet lets the second connection hold a transaction between two statements of the first.
func meet(ctx context.Context, first, second *pgxpool.Conn, seen map[*pgxpool.Conn]int) error {
	if err := noteBackend(ctx, first, first, seen); err != nil {
		return err
	}
	tx, err := second.Begin(ctx)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && strings.Contains(pg.Message, "statement pooling mode") {
		return errPooled // PgBouncer's words: it refuses all transactions
	}
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it has read one number
	if err := noteBackend(ctx, second, tx, seen); err != nil {
		return err
	}
	return noteBackend(ctx, first, first, seen)
}

type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// noteBackend asks which backend serves a connection, and compares it with what was seen.
func noteBackend(ctx context.Context, of *pgxpool.Conn, by queryer, seen map[*pgxpool.Conn]int) error {
	var pid int
	// the simple protocol: a pooler may lose statements that were prepared
	if err := by.QueryRow(ctx, `SELECT pg_backend_pid()`, pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return err
	}
	for conn, known := range seen {
		if (conn == of) != (known == pid) {
			return errPooled
		}
	}
	seen[of] = pid
	return nil
}
