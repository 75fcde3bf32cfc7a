package app

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
	"sneakers23/replication/cluster"
)

// Schema is a database opened for work on its schema, without a node. It shares a private
// PostgreSQL with the node that runs on it, if one does.
type Schema struct{ db *database }

// OpenSchema opens the database; Close ends its use. The private one of a data directory is not
// made for the occasion unless create is true, nor opened while a node with that directory uses
// another one.
func OpenSchema(ctx context.Context, c DatabaseConfig, create bool, log *slog.Logger) (*Schema, error) {
	if c.private() {
		if err := checkPrivate(c, create); err != nil {
			return nil, err
		}
	}
	db, err := openDatabase(ctx, c, log)
	if err != nil {
		return nil, err
	}
	return &Schema{db}, nil
}

func checkPrivate(c DatabaseConfig, create bool) error {
	client, err := Dial(c.DataDir)
	if err == nil {
		defer client.Close()
		if !client.Uses(c) {
			return errors.New("the node that runs here uses another database: name that with --database-url (DATABASE_URL)")
		}
	} else if !errors.Is(err, cluster.ErrNoNode) {
		return err
	}
	_, err = os.Stat(filepath.Join(c.DataDir, "postgres"))
	if errors.Is(err, fs.ErrNotExist) && !create {
		return fmt.Errorf("there is no private database in %s yet: `sneakers23 serve` or `sneakers23 migrate up` makes one; or name yours with --database-url (DATABASE_URL)", c.DataDir)
	}
	return nil
}

// Uses tells whether the node works on this database.
func (c *Client) Uses(db DatabaseConfig) bool { return c.Node.About == db.name() }

// Close ends the use of the database. A private PostgreSQL without other users stops.
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

// Seed fills an empty store, and tells whether it was empty. A private database gets its schema
// first, one that was named must have it.
func (s *Schema) Seed(ctx context.Context) (bool, error) {
	if err := s.db.prepare(ctx, false); err != nil {
		return false, err
	}
	return inventory.NewStore(s.db.pool).Seed(ctx)
}
