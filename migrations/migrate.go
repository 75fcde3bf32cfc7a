package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql is what goose speaks
	"github.com/pressly/goose/v3"
)

// ErrNone says that there was no step to take back.
var ErrNone = errors.New("migrations: nothing is applied")

// ErrNewer says that the database was migrated by a newer version of the program.
var ErrNewer = errors.New("migrations: the database is newer than this program: run the newer version")

// Step is one migration.
type Step struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	Applied   bool      `json:"applied"`
	AppliedAt time.Time `json:"applied_at,omitzero"`
}

// Up applies all pending steps and returns them. Each is a transaction of its own; an error leaves
// those before it. Several nodes may call it at once: one works, the others wait.
func Up(ctx context.Context, databaseURL string) ([]Step, error) {
	var steps []Step
	err := alone(ctx, databaseURL, func(p *goose.Provider) error {
		results, err := p.Up(ctx)
		for _, r := range results {
			steps = append(steps, step(r.Source, true))
		}
		return err
	})
	if err != nil {
		return steps, fmt.Errorf("migrate up: %w", err)
	}
	return steps, nil
}

// Down takes the newest applied step back and returns it, or ErrNone.
func Down(ctx context.Context, databaseURL string) (Step, error) {
	var undone Step
	err := alone(ctx, databaseURL, func(p *goose.Provider) error {
		result, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return ErrNone
		}
		if err != nil {
			return err
		}
		undone = step(result.Source, false)
		return nil
	})
	if err != nil {
		return Step{}, fmt.Errorf("migrate down: %w", err)
	}
	return undone, nil
}

// Table is where a database keeps which steps are applied to it.
const Table = "sneakers23_migrations"

// Status lists all steps, the oldest first. It changes nothing, except in a database that has no
// Table: that gets an empty one.
func Status(ctx context.Context, databaseURL string) ([]Step, error) {
	var steps []Step
	err := alone(ctx, databaseURL, func(p *goose.Provider) error {
		all, err := p.Status(ctx)
		for _, s := range all {
			one := step(s.Source, s.State == goose.StateApplied)
			one.AppliedAt = s.AppliedAt
			steps = append(steps, one)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrate status: %w", err)
	}
	return steps, nil
}

func step(s *goose.Source, applied bool) Step {
	return Step{Version: s.Version, Name: filepath.Base(s.Path), Applied: applied}
}

// alone runs do while no other process migrates the same schema. The lock is PostgreSQL's, and goes
// with the connection; goose's own asks every five seconds, this one waits.
func alone(ctx context.Context, databaseURL string, do func(*goose.Provider) error) (err error) {
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	lock, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	const key = `hashtextextended('sneakers23 migrations in ' || current_schema(), 0)`
	if _, err := lock.ExecContext(ctx, `SELECT pg_advisory_lock(`+key+`)`); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true),
		goose.WithTableName(Table))
	if err != nil {
		return err
	}
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	return do(p)
}

// refuseNewer keeps an old program from a database that a newer one has migrated.
func refuseNewer(ctx context.Context, p *goose.Provider) error {
	at, err := p.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	if known := p.ListSources(); at > known[len(known)-1].Version {
		return fmt.Errorf("%w: it has step %d", ErrNewer, at)
	}
	return nil
}
