package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres"
	"sneakers23/migrations"
)

// Copy is a copy of products and stock in a schema of its own, in the same database, and looks like
// the shop. Sales there do not touch the real stock.
type Copy struct {
	db     *Database
	schema string
	url    string
	lock   *pgx.Conn // holds the schema: one without a holder is left from a rehearsal that was killed
}

// copySchemas begins the names of the schemas of copies.
const copySchemas = "sneakers23_rehearsal_"

// CopyStock copies products and stock as they are at one moment. released decides for each product
// whether it is released in the copy; it is given the SKU, and whether the real one is released.
// Copies of processes that were killed are dropped first. Close drops the copy.
func CopyStock(
	ctx context.Context, cfg Config, released func(sku string, really bool) bool, log *slog.Logger,
) (_ *Copy, err error) {
	c := &Copy{schema: copySchemas + strings.ToLower(rand.Text())}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	real, err := OpenSchema(ctx, cfg, false, log)
	if err != nil {
		return nil, err
	}
	c.db = real.db
	if pending, err := c.db.pending(ctx); err != nil || pending > 0 {
		return nil, errors.Join(
			err, errors.New("the database has not the schema of this program: see `sneakers23 migrate status`"),
		)
	}
	if err := c.db.refuseNewer(); err != nil {
		return nil, err
	}
	if c.lock, err = pgx.Connect(ctx, c.db.url); err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := c.sweep(ctx); err != nil {
		return nil, err
	}
	if c.url, err = postgres.WithSearchPath(c.db.url, c.schema); err != nil {
		return nil, err
	}
	if err := c.fill(ctx, released); err != nil {
		return nil, fmt.Errorf("copy the stock: %w", err)
	}
	return c, nil
}

// URL is the address of the copy, for a node of its own.
func (c *Copy) URL() string { return c.url }

// sweep drops the schemas that no rehearsal holds.
func (c *Copy) sweep(ctx context.Context) error {
	rows, _ := c.lock.Query(ctx, `SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)`, copySchemas)
	left, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("look for rehearsals: %w", err)
	}
	for _, schema := range left {
		var free bool
		if err := c.lock.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtext($1))`, schema).Scan(&free); err != nil {
			return fmt.Errorf("look for rehearsals: %w", err)
		}
		if free {
			c.db.log.Warn("dropped what a rehearsal that was killed has left", "schema", schema)
			if err := c.drop(ctx, schema); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Copy) drop(ctx context.Context, schema string) error {
	if _, err := c.lock.Exec(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{schema}.Sanitize()+` CASCADE`); err != nil {
		return fmt.Errorf("drop schema %s: %w", schema, err)
	}
	return nil
}

// fill makes the schema, and fills it with the stock as it is at one moment.
func (c *Copy) fill(ctx context.Context, released func(sku string, really bool) bool) error {
	if _, err := c.lock.Exec(ctx, `SELECT pg_advisory_lock(hashtext($1))`, c.schema); err != nil {
		return err
	}
	var real string
	if err := c.lock.QueryRow(ctx, `SELECT current_schema()`).Scan(&real); err != nil {
		return err
	}
	if _, err := c.lock.Exec(ctx, `CREATE SCHEMA `+pgx.Identifier{c.schema}.Sanitize()); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var here string
	if err := conn.QueryRow(ctx, `SELECT current_schema()`).Scan(&here); err != nil {
		return err
	}
	if here != c.schema || real == c.schema {
		return fmt.Errorf("the address of the database leads to schema %s in any case: "+
			"leave search_path out of its options", here)
	}
	if _, err := migrations.Up(ctx, c.url); err != nil {
		return err
	}
	from := pgx.Identifier{real}.Sanitize() + "."
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		err := run(ctx, tx,
			`SET LOCAL sneakers23.unsaid = 'on'`, // a copy is no event of the shop
			`SELECT setval('revisions', (SELECT last_value FROM `+from+`revisions))`,
			`INSERT INTO pictures SELECT * FROM `+from+`pictures`,
			`INSERT INTO renditions SELECT * FROM `+from+`renditions`,
			`INSERT INTO shop_settings SELECT * FROM `+from+`shop_settings`,
			`INSERT INTO shop_pages SELECT * FROM `+from+`shop_pages`,
			`INSERT INTO products SELECT * FROM `+from+`products`,
			`UPDATE products SET release_at = NULL, paused = ''`, // no drop opens in a copy, and nothing is paused
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

// begin releases what is to be released from the beginning, and nothing else. Products that
// shoppers do not see stay as they are.
func begin(ctx context.Context, tx pgx.Tx, released func(sku string, really bool) bool) error {
	rows, _ := tx.Query(ctx, `SELECT sku, released FROM products WHERE state = 'live'`)
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
	_, err = tx.Exec(ctx, `UPDATE products SET released = (sku = ANY($1)), release_at = NULL WHERE state = 'live'`,
		skus)
	return err
}

// Close drops the copy, and ends the use of the database.
func (c *Copy) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	if c.lock != nil {
		errs = append(errs, c.drop(ctx, c.schema), c.lock.Close(ctx))
	}
	if c.db != nil {
		errs = append(errs, c.db.Close(ctx))
	}
	return errors.Join(errs...)
}
