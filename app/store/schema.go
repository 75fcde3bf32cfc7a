package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"sneakers23/inventory"
	"sneakers23/migrations"
)

// Schema is a database opened for work on its schema, without a node. It shares a private
// PostgreSQL with the node that runs on it, if one does.
type Schema struct{ db *Database }

// OpenSchema opens the database; Close ends its use. The private one of a data directory is not
// made for the occasion unless create is true.
func OpenSchema(ctx context.Context, c Config, create bool, log *slog.Logger) (*Schema, error) {
	if c.IsPrivate() && !create {
		if _, err := os.Stat(filepath.Join(c.DataDir, "postgres")); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no private database in %s yet: `sneakers23 serve` or "+
				"`sneakers23 migrate up` makes one; or name yours with --database-url (DATABASE_URL)", c.DataDir)
		}
	}
	db, err := Open(ctx, c, log)
	if err != nil {
		return nil, err
	}
	return &Schema{db}, nil
}

// Close ends the use of the database. A private PostgreSQL without other users stops.
func (s *Schema) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s.db.Close(ctx)
}

// Up applies all pending steps.
func (s *Schema) Up(ctx context.Context) ([]migrations.Step, error) {
	return migrations.Up(ctx, s.db.url)
}

// Down takes the newest step back.
func (s *Schema) Down(ctx context.Context) (migrations.Step, error) {
	step, err := migrations.Down(ctx, s.db.url)
	if errors.Is(err, migrations.ErrNone) {
		return step, errors.New("nothing to take back: no step is applied")
	}
	return step, err
}

// Status lists the steps, those of a newer program too.
func (s *Schema) Status(ctx context.Context) ([]migrations.Step, error) {
	state, err := migrations.Status(ctx, s.db.url)
	return state.Steps, err
}

// Seed fills an empty store, and reports whether it was empty. A private database gets its schema
// first, one that was named must have it.
func (s *Schema) Seed(ctx context.Context) (bool, error) {
	if err := s.db.Prepare(ctx, false); err != nil {
		return false, err
	}
	return inventory.NewStore(s.db.Pool).Seed(ctx)
}

// SeedMore is Seed with four more products, also for a store that has been seeded before.
func (s *Schema) SeedMore(ctx context.Context) (inventory.Seeded, error) {
	if err := s.db.Prepare(ctx, false); err != nil {
		return inventory.Seeded{}, err
	}
	return inventory.NewStore(s.db.Pool).SeedMore(ctx)
}
