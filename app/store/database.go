package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres"
	"sneakers23/inventory"
	"sneakers23/migrations"
)

// Database is an open database: a PostgreSQL named by URL, or a private one that lives with the
// node. Its pools may be used from any goroutine until Close.
type Database struct {
	Private *postgres.Server // nil when the database was named
	Pool    *pgxpool.Pool
	Sales   *pgxpool.Pool // the committer's own: pages that ask much keep no sale waiting
	Logs    *pgxpool.Pool // for logs of devices, which wait for the disk and not for pages
	Health  *pgxpool.Pool // one connection, which answers while all others are in use

	url    string
	schema Range // known after Prepare
	ahead  bool  // the database has steps that this program does not know
	log    *slog.Logger
}

// Range is the schemas that a program can live with: two programs can use a database at the same
// time if their ranges meet.
type Range struct {
	Oldest int64 // the oldest program that can live with the database as it is, by its newest step
	Newest int64 // the newest step that this program knows
}

// Config says which database to use.
type Config struct {
	URL     string // empty: a private PostgreSQL under DataDir
	DataDir string
	BinDir  string // where the programs of the private PostgreSQL are; empty: they are looked for
}

// IsPrivate reports whether the database belongs to the node.
func (c Config) IsPrivate() bool { return c.URL == "" }

// Name tells databases apart without giving away how to reach them.
func (c Config) Name() string {
	if c.IsPrivate() {
		return "private"
	}
	sum := sha256.Sum256([]byte(c.URL))
	return hex.EncodeToString(sum[:8])
}

// salesConnections is one for the batch that is being sold, and some that may be slow to close
// after a failure.
const salesConnections = 4

// logConnections are one for the batch that is being written, one for old logs that are dropped,
// and one that may be slow to close after a failure.
const logConnections = 3

// connectWithin is how long a database may take to answer for the first time.
const connectWithin = 10 * time.Second

// Open starts or reaches the database and connects its pools. It does nothing to the schema. The
// error says what to do, and holds no password.
func Open(ctx context.Context, c Config, log *slog.Logger) (_ *Database, err error) {
	d := &Database{url: c.URL, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close(context.WithoutCancel(ctx)))
		}
	}()
	if c.IsPrivate() {
		d.Private, err = postgres.Start(ctx, postgres.Config{Dir: c.DataDir, BinDir: c.BinDir, Log: log})
		if err != nil {
			return nil, fmt.Errorf("private PostgreSQL: %w", err)
		}
		d.url = d.Private.URL()
	}
	cfg, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		// pgx's own words may quote a part of the password
		return nil, errors.New("--database-url (DATABASE_URL) can't be read: it should be like postgres://user:password@host:5432/name")
	}
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = "sneakers23"
	cfg.AfterConnect = setSession(params)
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	cfg.HealthCheckPeriod = 5 * time.Second
	sales, logs, health := cfg.Copy(), cfg.Copy(), cfg.Copy()
	sales.MaxConns = salesConnections
	logs.MinConns, logs.MaxConns = 0, logConnections
	health.MinConns, health.MaxConns = 0, 1
	for _, p := range []struct {
		pool **pgxpool.Pool
		cfg  *pgxpool.Config
	}{{&d.Pool, cfg}, {&d.Sales, sales}, {&d.Logs, logs}, {&d.Health, health}} {
		if *p.pool, err = pgxpool.NewWithConfig(ctx, p.cfg); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
	}
	pingCtx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	if err := d.Pool.Ping(pingCtx); err != nil {
		return nil, unreachable(cfg.ConnConfig, err)
	}
	if c.IsPrivate() {
		return d, nil
	}
	switch err := refusePooler(ctx, d.Pool, d.Sales); {
	case errors.Is(err, errPooled):
		return nil, pooled(cfg.ConnConfig)
	case err != nil:
		return nil, unreachable(cfg.ConnConfig, err)
	}
	return d, nil
}

// pooled says that a pooler stands before the database which a node can't use, and what to do.
func pooled(c *pgx.ConnConfig) error {
	return fmt.Errorf("%s:%d is %w, and a node keeps locks, timeouts and statements in its session: "+
		"let it pool by session (PgBouncer: pool_mode = session), or name PostgreSQL itself in --database-url (DATABASE_URL)", c.Host, c.Port, errPooled)
}

// unreachable says which database does not answer and what to do, without its password.
func unreachable(c *pgx.ConnConfig, err error) error {
	at := fmt.Sprintf("%q at %s:%d", c.Database, c.Host, c.Port)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case pgerrcode.InvalidCatalogName:
			return fmt.Errorf("database %s does not exist: create it with createdb, or correct --database-url (DATABASE_URL)", at)
		case pgerrcode.InvalidPassword, pgerrcode.InvalidAuthorizationSpecification:
			return fmt.Errorf("database %s refuses user %s: correct --database-url (DATABASE_URL)", at, c.User)
		}
		return fmt.Errorf("database %s: %s", at, pg.Message)
	}
	why := err.Error()
	if op, ok := errors.AsType[*net.OpError](err); ok {
		why = op.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		why = fmt.Sprintf("no answer within %v", connectWithin)
	}
	return fmt.Errorf("database %s does not answer (%s): is PostgreSQL running there? Start it, or correct --database-url (DATABASE_URL)",
		at, why)
}

// Prepare makes the schema what this program needs, and fills an empty store if asked to. The
// private database belongs to the node: it is migrated and filled in any case.
func (d *Database) Prepare(ctx context.Context, seed bool) error {
	pending, err := d.pending(ctx)
	if err != nil {
		return err
	}
	if pending > 0 && d.Private == nil {
		if err := d.checkEmpty(ctx); err != nil {
			// the tables may be those of another node that has begun at the same time: by now it
			// has made all of them
			var again error
			if pending, again = d.pending(ctx); again != nil || pending > 0 {
				return err
			}
		}
	}
	if pending > 0 {
		if _, err := migrations.Up(ctx, d.url); err != nil {
			return err
		}
		d.log.Info("schema made", "steps", pending)
		if _, err := d.pending(ctx); err != nil { // for the range
			return err
		}
	}
	if !seed && d.Private == nil {
		return nil
	}
	seeded, err := inventory.NewStore(d.Pool).Seed(ctx)
	if seeded {
		d.log.Info("store was empty, two products put in")
	}
	return err
}

// pending is how many steps are to be applied. It waits for whoever applies some at this moment.
func (d *Database) pending(ctx context.Context) (int, error) {
	state, err := migrations.Status(ctx, d.url)
	if err != nil {
		return 0, err
	}
	d.schema, d.ahead = Range{Oldest: state.Oldest}, false
	for _, s := range state.Steps {
		if s.Name == "" {
			d.ahead = true
		} else {
			d.schema.Newest = s.Version
		}
	}
	return toApply(state.Steps, d.Private != nil)
}

// refuseNewer keeps this program from work on whole tables: those of a newer one may have columns
// that it knows nothing of.
func (d *Database) refuseNewer() error {
	if d.ahead {
		return errors.New("the database was migrated by a newer version of the program: do this with that version")
	}
	return nil
}

// checkEmpty refuses to put our tables among foreign ones because DATABASE_URL happened to be set.
func (d *Database) checkEmpty(ctx context.Context) error {
	var tables int
	err := d.Pool.QueryRow(ctx, `
		SELECT count(*) FROM pg_class
		WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p', 'v', 'm')
			AND relname <> $1`, migrations.Table).Scan(&tables)
	if err != nil {
		return fmt.Errorf("look into the database: %w", err)
	}
	if tables > 0 {
		return fmt.Errorf("the database holds %d tables of something else and none of ours: correct --database-url (DATABASE_URL), or, if it is meant, run `sneakers23 migrate up`", tables)
	}
	return nil
}

// toApply is how many steps a starting node applies. A database that was named is migrated when it
// is empty; when it is behind, that is its operator's decision.
func toApply(steps []migrations.Step, private bool) (int, error) {
	pending := 0
	for _, s := range steps {
		if !s.Applied {
			pending++
		}
	}
	if !private && pending > 0 && pending < len(steps) {
		return 0, fmt.Errorf("the database lacks %d of %d migrations: apply them with `sneakers23 migrate up`",
			pending, len(steps))
	}
	return pending, nil
}

// LogDurability logs an error for each setting that would let a committed sale be lost.
func (d *Database) LogDurability(ctx context.Context) error {
	off, err := postgres.CheckDurability(ctx, d.Pool)
	if err != nil {
		return err
	}
	for _, setting := range off {
		d.log.Error("THE DATABASE MAY LOSE COMMITTED SALES: a durable setting is off, switch it on in postgresql.conf",
			"setting", setting)
	}
	return nil
}

// Schema is the range of schemas that this program can live with. It is known after Prepare.
func (d *Database) Schema() Range { return d.schema }

// Where tells an operator how to look into the database.
func (d *Database) Where() string {
	if d.Private != nil {
		return fmt.Sprintf("private PostgreSQL in %s; look into it with: psql '%s'", d.Private.Dir(), d.url)
	}
	c := d.Pool.Config().ConnConfig
	return fmt.Sprintf("%s at %s:%d", c.Database, c.Host, c.Port)
}

// Close ends the pools, and the use of the private server, which gets some time of its own: one
// that is cut off must recover at its next start. A pool whose connections are in use ends behind
// the back of Close when ctx ends: the process is about to end with it.
func (d *Database) Close(ctx context.Context) error {
	var errs []error
	for _, p := range []struct {
		what string
		pool *pgxpool.Pool
	}{
		{"connections to the database", d.Pool},
		{"the committer's connections to the database", d.Sales},
		{"connections to the database for logs of devices", d.Logs},
		{"the connection that watches the database", d.Health},
	} {
		if p.pool != nil {
			errs = append(errs, closePool(ctx, p.what, p.pool))
		}
	}
	if d.Private != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		errs = append(errs, d.Private.Stop(ctx))
	}
	return errors.Join(errs...)
}

// closePool waits for the end of a pool no longer than ctx.
func closePool(ctx context.Context, what string, pool *pgxpool.Pool) error {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		pool.Close()
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s cut off: %w", what, context.Cause(ctx))
	}
}
