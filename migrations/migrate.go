package migrations

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib" // database/sql is what goose speaks
	"github.com/pressly/goose/v3"
)

// ErrNone says that there was no step to take back.
var ErrNone = errors.New("migrations: nothing is applied")

// ErrNewer says that the database was migrated by a newer version of the program, and that this one
// can't live with it.
var ErrNewer = errors.New("migrations: the database is newer than this program: run the newer version")

// Step is one migration.
type Step struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"` // empty if this program does not know it
	Applied   bool      `json:"applied"`
	AppliedAt time.Time `json:"applied_at,omitzero"`
}

// Up applies all pending steps and returns them. Each is a transaction of its own; an error leaves
// those before it. Several nodes may call it at once: one works, the others wait.
func Up(ctx context.Context, databaseURL string) ([]Step, error) {
	var steps []Step
	err := alone(ctx, databaseURL, func(p *goose.Provider, _ schema) error {
		return patiently(func() error {
			results, err := p.Up(ctx)
			if partial, ok := errors.AsType[*goose.PartialError](err); ok {
				results = partial.Applied
			}
			for _, r := range results {
				steps = append(steps, step(r.Source, true))
			}
			return err
		})
	})
	if err != nil {
		return steps, fmt.Errorf("migrate up: %w", err)
	}
	return steps, nil
}

// Down takes the newest applied step back and returns it, or ErrNone. A step that this program does
// not know is taken back by the program that does.
func Down(ctx context.Context, databaseURL string) (Step, error) {
	var undone Step
	err := alone(ctx, databaseURL, func(p *goose.Provider, at schema) error {
		if at.newest > known(p) {
			return fmt.Errorf("step %d is of a newer version of the program: take it back with that version", at.newest)
		}
		return patiently(func() error {
			result, err := p.Down(ctx)
			if errors.Is(err, goose.ErrNoNextVersion) {
				return ErrNone
			}
			if err == nil {
				undone = step(result.Source, false)
			}
			return err
		})
	})
	if err != nil {
		return Step{}, fmt.Errorf("migrate down: %w", err)
	}
	return undone, nil
}

// Table is where a database keeps which steps are applied to it.
const Table = "sneakers23_migrations"

// State is how far a database is migrated.
type State struct {
	Steps []Step // all, the oldest first; also those that were applied by a newer program
	// Oldest is the oldest program that can live with the database: the newest step that it knows.
	// It is never higher than the newest applied step.
	Oldest int64
}

// Status tells how far the database is migrated. It changes nothing, except in a database that has
// no Table: that gets an empty one.
func Status(ctx context.Context, databaseURL string) (State, error) {
	var state State
	err := alone(ctx, databaseURL, func(p *goose.Provider, at schema) error {
		all, err := p.Status(ctx)
		for _, s := range all {
			one := step(s.Source, s.State == goose.StateApplied)
			one.AppliedAt = s.AppliedAt
			state.Steps = append(state.Steps, one)
		}
		state.Steps, state.Oldest = append(state.Steps, at.unknown...), at.oldest
		return err
	})
	if err != nil {
		return State{}, fmt.Errorf("migrate status: %w", err)
	}
	return state, nil
}

func step(s *goose.Source, applied bool) Step {
	return Step{Version: s.Version, Name: filepath.Base(s.Path), Applied: applied}
}

// alone runs do while no other process migrates the same schema. The lock is PostgreSQL's, and goes
// with the connection; goose's own asks every five seconds, this one waits.
func alone(ctx context.Context, databaseURL string, do func(*goose.Provider, schema) error) (err error) {
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return err
	}
	locks := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, locks.Close()) }()
	lock, err := locks.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	const key = `hashtextextended('sneakers23 migrations in ' || current_schema(), 0)`
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_lock(`+key+`)`); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(setLockTimeout))
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true),
		goose.WithTableName(Table))
	if err != nil {
		return err
	}
	at, err := lookAt(ctx, p, db)
	if err != nil {
		return err
	}
	if at.oldest > known(p) {
		return at.newer()
	}
	return do(p, at)
}

// known is the newest step that this program knows.
func known(p *goose.Provider) int64 {
	sources := p.ListSources()
	return sources[len(sources)-1].Version
}

// A query that wants a table waits behind a step that waits for the same table. So a step waits for
// a moment, lets the queries pass, and is tried again.
const (
	lockTimeout  = `SET lock_timeout = '2s'`
	lockAttempts = 20
)

func setLockTimeout(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, lockTimeout)
	return err
}

// patiently tries until no lock is missing any more, or often enough.
func patiently(try func() error) error {
	for attempt := 1; ; attempt++ {
		err := try()
		pg, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || pg.Code != pgerrcode.LockNotAvailable && pg.Code != pgerrcode.DeadlockDetected {
			return err
		}
		if attempt == lockAttempts {
			return fmt.Errorf("another transaction holds a table for too long: end it (see pg_stat_activity), "+
				"and try again; steps that are done stay done: %w", err)
		}
	}
}
