// Package pgtest gives every test a real PostgreSQL, with a schema of its own.
//
// The server is the one that $DATABASE_URL names; where it names none, the test binary starts one
// of its own in a temporary directory when the first test asks, with the binaries that package
// postgres finds ($PG_BINDIR first). A test that can have no server fails; none is ever skipped.
//
// The own server's cluster is a copy that has fsync off, see package initdbtest. The first
// benchmark that asks for a database switches it on again: what a commit costs is measured with the
// disk.
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
//	func TestSell(t *testing.T) {
//		t.Parallel()
//		pool := pgtest.Pool(t, migrations.Up)
//		…
//	}
package pgtest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
)

// A Setup brings a new, empty schema into the state that a test begins with: migrations.Up, or a
// seed of the test's own. Its connString has the schema in its search_path.
type Setup = func(ctx context.Context, connString string) error

// poolSize bounds a pool, on machines with many cores: each test has one.
const poolSize = 16

// Pool returns a pool of up to 16 connections to a new schema that is dropped when the test is
// over. Every setup has run in it.
func Pool(t testing.TB, setups ...Setup) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(URL(t, setups...)) // URL first: its cleanup must run last
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	cfg.MaxConns = min(cfg.MaxConns, poolSize)
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { closePool(t, pool) })
	return pool
}

// closePool does not wait forever for connections that the test has not given back.
func closePool(t testing.TB, pool *pgxpool.Pool) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(waittest.Limit()):
		t.Errorf("pgtest: %d connections of the pool are still in use after the test", pool.Stat().AcquiredConns())
	}
}

// URL returns the address of a new schema that is dropped when the test is over, for a test that
// starts a whole node with it. Every setup has run in it.
func URL(t testing.TB, setups ...Setup) string {
	t.Helper()
	ctx, cancel := within("make a schema for a test")
	defer cancel()
	base, err := serverURL()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	if _, measures := t.(*testing.B); measures {
		if err := useDisk(ctx, t); err != nil {
			t.Fatalf("pgtest: %v", err)
		}
	}
	schema, connString, err := newSchema(base)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := dropSchema(base, schema); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	for _, setup := range setups {
		if err := setup(ctx, connString); err != nil {
			t.Fatalf("pgtest: set up the schema: %v", err)
		}
	}
	return connString
}
