package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sneakers23/inventory"
	"sneakers23/migrations"
)

// Schema is a database opened for work on its schema, without a node. It shares a private PostgreSQL with the node
// that runs on it, if one does.
type Schema struct{ db *database }

// OpenSchema opens the database. Close ends its use.
func OpenSchema(ctx context.Context, c DatabaseConfig, log *slog.Logger) (*Schema, error) {
	db, err := openDatabase(ctx, c, log)
	if err != nil {
		return nil, err
	}
	return &Schema{db}, nil
}

// Close ends the use of the database. A private PostgreSQL that nobody else uses stops.
func (s *Schema) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return s.db.close(ctx)
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

// Status lists the steps.
func (s *Schema) Status(ctx context.Context) ([]migrations.Step, error) {
	return migrations.Status(ctx, s.db.url)
}

// Seed applies pending steps to the private database and fills it; one that was named must have its schema.
func (s *Schema) Seed(ctx context.Context) (bool, error) {
	if s.db.private != nil {
		if _, err := s.Up(ctx); err != nil {
			return false, err
		}
	}
	return inventory.NewStore(s.db.pool).Seed(ctx)
}
