package app

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

// database is where the truth is: a PostgreSQL named by URL, or a private one that lives with the
// node.
type database struct {
	url     string
	private *postgres.Server // nil when the database was named
	pool    *pgxpool.Pool
	sales   *pgxpool.Pool // the teller's own: pages that ask much keep no sale waiting
	// for logs of devices, which wait for the disk and not for pages; connected when the first
	// comes
	logs *pgxpool.Pool
	// one connection, by which it is known whether the database answers while all others are in use
	health *pgxpool.Pool
	schema int64 // version of the newest migration; known after prepare
	log    *slog.Logger
}

// DatabaseConfig says which database to use.
type DatabaseConfig struct {
	URL     string // empty: a private PostgreSQL under DataDir
	DataDir string
	BinDir  string // where the programs of the private PostgreSQL are; empty: they are looked for
}

// private tells whether the database belongs to the node.
func (c DatabaseConfig) private() bool { return c.URL == "" }

// name tells databases apart without giving away how to reach them.
func (c DatabaseConfig) name() string {
	if c.private() {
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

// openDatabase starts or reaches the database and connects a pool to it. It does nothing to the
// schema.
func openDatabase(ctx context.Context, c DatabaseConfig, log *slog.Logger) (_ *database, err error) {
	d := &database{url: c.URL, log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(context.WithoutCancel(ctx)))
		}
	}()
	if c.private() {
		d.private, err = postgres.Start(ctx, postgres.Config{Dir: c.DataDir, BinDir: c.BinDir, Log: log})
		if err != nil {
			return nil, fmt.Errorf("private PostgreSQL: %w", err)
		}
		d.url = d.private.URL()
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
	if d.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	sales := cfg.Copy()
	sales.MaxConns = salesConnections
	if d.sales, err = pgxpool.NewWithConfig(ctx, sales); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	logs := cfg.Copy()
	logs.MinConns, logs.MaxConns = 0, logConnections
	if d.logs, err = pgxpool.NewWithConfig(ctx, logs); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	health := cfg.Copy()
	health.MinConns, health.MaxConns = 0, 1
	if d.health, err = pgxpool.NewWithConfig(ctx, health); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	pingCtx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	if err := d.pool.Ping(pingCtx); err != nil {
		return nil, unreachable(cfg.ConnConfig, err)
	}
	if c.private() {
		return d, nil
	}
	switch err := refusePooler(ctx, d.pool, d.sales); {
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

// prepare makes the schema what this program needs, and fills an empty store if asked to. The
// private database belongs to the node: it is migrated and filled in any case.
func (d *database) prepare(ctx context.Context, seed bool) error {
	pending, err := d.pending(ctx)
	if err != nil {
		return err
	}
	if pending > 0 && d.private == nil {
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
	}
	if !seed && d.private == nil {
		return nil
	}
	seeded, err := inventory.NewStore(d.pool).Seed(ctx)
	if seeded {
		d.log.Info("store was empty, two products put in")
	}
	return err
}

// pending is how many steps are to be applied. It waits for whoever applies some at this moment.
func (d *database) pending(ctx context.Context) (int, error) {
	steps, err := migrations.Status(ctx, d.url)
	if err != nil {
		return 0, err
	}
	for _, s := range steps {
		d.schema = max(d.schema, s.Version)
	}
	return toApply(steps, d.private != nil)
}

// checkEmpty refuses to put our tables among foreign ones because DATABASE_URL happened to be set.
func (d *database) checkEmpty(ctx context.Context) error {
	var tables int
	err := d.pool.QueryRow(ctx, `
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

// warn says loudly what would let a committed sale be lost.
func (d *database) warn(ctx context.Context) error {
	off, err := postgres.CheckDurability(ctx, d.pool)
	if err != nil {
		return err
	}
	for _, setting := range off {
		d.log.Error("THE DATABASE MAY LOSE COMMITTED SALES: a durable setting is off, switch it on in postgresql.conf",
			"setting", setting)
	}
	return nil
}

// where tells an operator how to look into the database.
func (d *database) where() string {
	if d.private != nil {
		return fmt.Sprintf("private PostgreSQL in %s; look into it with: psql '%s'", d.private.Dir(), d.url)
	}
	c := d.pool.Config().ConnConfig
	return fmt.Sprintf("%s at %s:%d", c.Database, c.Host, c.Port)
}

// close ends the pool, and the use of the private server, which gets some time of its own: one that
// is cut off must recover at its next start.
func (d *database) close(ctx context.Context) error {
	var errs []error
	if d.pool != nil {
		errs = append(errs, within(ctx, "connections to the database", d.pool.Close))
	}
	if d.sales != nil {
		errs = append(errs, within(ctx, "the teller's connections to the database", d.sales.Close))
	}
	if d.logs != nil {
		errs = append(errs, within(ctx, "connections to the database for logs of devices", d.logs.Close))
	}
	if d.health != nil {
		errs = append(errs, within(ctx, "the connection that watches the database", d.health.Close))
	}
	if d.private != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		errs = append(errs, d.private.Stop(ctx))
	}
	return errors.Join(errs...)
}
