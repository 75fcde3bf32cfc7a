package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres"
	"sneakers23/inventory"
	"sneakers23/migrations"
)

// Stage is a shop for rehearsals: a node of its own in this process, on a copy of the stock in a
// schema of its own. Its sales do not touch the real stock.
type Stage struct {
	node    *Node
	real    *Schema
	schema  string
	lock    *pgx.Conn // holds the schema: one without a holder is left from a rehearsal that was killed
	dataDir string
}

// stageSchemas begins the names of the schemas of rehearsals.
const stageSchemas = "sneakers23_rehearsal_"

// OpenStage copies products and stock of the database, and opens a node on the copy. released
// decides for each product whether it is released there from the beginning; it is given the SKU,
// and whether the real one is released. Schemas of killed rehearsals are dropped first. Close ends
// the node, and drops the copy.
func OpenStage(
	ctx context.Context, c DatabaseConfig, released func(sku string, really bool) bool, log *slog.Logger,
) (_ *Stage, err error) {
	s := &Stage{schema: stageSchemas + strings.ToLower(rand.Text())}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.real, err = OpenSchema(ctx, c, false, log); err != nil {
		return nil, err
	}
	if pending, err := s.real.db.pending(ctx); err != nil || pending > 0 {
		return nil, errors.Join(
			err, errors.New("the database has not the schema of this program: see `sneakers23 migrate status`"),
		)
	}
	if s.lock, err = pgx.Connect(ctx, s.real.db.url); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := s.sweep(ctx); err != nil {
		return nil, err
	}
	url, err := postgres.WithSearchPath(s.real.db.url, s.schema)
	if err != nil {
		return nil, err
	}
	if err := s.copy(ctx, url, released); err != nil {
		return nil, fmt.Errorf("copy the stock: %w", err)
	}
	return s, s.open(ctx, url, log)
}

// sweep drops the schemas that no rehearsal holds.
func (s *Stage) sweep(ctx context.Context) error {
	rows, _ := s.lock.Query(ctx, `SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)`, stageSchemas)
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for rehearsals: %w", err)
	}
	for _, schema := range left {
		var free bool
		if err := s.lock.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtext($1))`, schema).Scan(&free); err != nil {
			return fmt.Errorf("look for rehearsals: %w", err)
		}
		if free {
			s.real.db.log.Warn("dropped what a rehearsal that was killed has left", "schema", schema)
			if err := s.drop(ctx, schema); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stage) drop(ctx context.Context, schema string) error {
	if _, err := s.lock.Exec(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{schema}.Sanitize()+` CASCADE`); err != nil {
		return fmt.Errorf("drop schema %s: %w", schema, err)
	}
	return nil
}

// copy makes the schema, and fills it with the stock as it is at one moment.
func (s *Stage) copy(ctx context.Context, url string, released func(sku string, really bool) bool) error {
	if _, err := s.lock.Exec(ctx, `SELECT pg_advisory_lock(hashtext($1))`, s.schema); err != nil {
		return err
	}
	var real string
	if err := s.lock.QueryRow(ctx, `SELECT current_schema()`).Scan(&real); err != nil {
		return err
	}
	if _, err := s.lock.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{s.schema}.Sanitize()); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var here string
	if err := conn.QueryRow(ctx, `SELECT current_schema()`).Scan(&here); err != nil {
		return err
	}
	if here != s.schema || real == s.schema {
		return fmt.Errorf("the address of the database leads to schema %s in any case: leave search_path out of its options", here)
	}
	if _, err := migrations.Up(ctx, url); err != nil {
		return err
	}
	from := pgx.Identifier{real}.Sanitize() + "."
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		err := run(ctx, tx,
			`SELECT setval('revisions', (SELECT last_value FROM `+from+`revisions))`,
			`INSERT INTO products SELECT * FROM `+from+`products`,
			`INSERT INTO items SELECT * FROM `+from+`items`,
			`DELETE FROM item_availabilities`,
			`INSERT INTO item_availabilities SELECT * FROM `+from+`item_availabilities`,
		)
		if err != nil {
			return err
		}
		return begin(ctx, tx, released)
	})
}

// begin releases what is to be released from the beginning, and nothing else.
func begin(ctx context.Context, tx pgx.Tx, released func(sku string, really bool) bool) error {
	rows, _ := tx.Query(ctx, `SELECT sku, released FROM products`)
	products, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		SKU      string
		Released bool
	}])
	if err != nil {
		return err
	}
	skus := []string{}
	for _, p := range products {
		if released(p.SKU, p.Released) {
			skus = append(skus, p.SKU)
		}
	}
	_, err = tx.Exec(ctx, `UPDATE products SET released = (sku = ANY($1)), release_at = NULL`, skus)
	return err
}

// Release releases a product of the copy, as an operator does.
func (s *Stage) Release(ctx context.Context, sku string) error {
	_, err := s.node.operator.release(inventory.ActingAs(ctx, "rehearsal"), ReleaseRequest{Product: sku})
	return err
}

func (s *Stage) open(ctx context.Context, url string, log *slog.Logger) (err error) {
	if s.dataDir, err = os.MkdirTemp("", "sneakers23-rehearsal-"); err != nil {
		return err
	}
	cfg := DefaultConfig()
	cfg.Listen, cfg.DataDir, cfg.DatabaseURL, cfg.NodeName, cfg.Log = "127.0.0.1:0", s.dataDir, url, "rehearsal", log
	cfg.NoLimits = true // all shoppers of a rehearsal have one address
	s.node, err = Start(ctx, cfg)
	return err
}

// URL of the shop.
func (s *Stage) URL() string { return s.node.URL() }

// AdminPassword opens its dashboard.
func (s *Stage) AdminPassword() string { return s.node.MadePassword() }

// Close ends the node at once and drops the copy.
func (s *Stage) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	if s.node != nil {
		hurry, done := context.WithTimeout(ctx, time.Second) // no client has to reconnect elsewhere
		_ = s.node.Stop(hurry)
		done()
	}
	if s.lock != nil {
		errs = append(errs, s.drop(ctx, s.schema), s.lock.Close(ctx))
	}
	if s.real != nil {
		errs = append(errs, s.real.Close())
	}
	if s.dataDir != "" {
		errs = append(errs, os.RemoveAll(s.dataDir))
	}
	return errors.Join(errs...)
}
