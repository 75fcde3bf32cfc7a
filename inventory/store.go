package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is the inventory in PostgreSQL, where every decision is made. Its methods return what they
// committed, for [Server.Apply]. An error of theirs means that nothing was, unless the connection
// broke or ctx ended in the middle: then only the database knows. They may be called from any
// goroutine.
type Store struct{ pool *pgxpool.Pool }

// NewStore makes a store of the tables in this database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool} }

const productColumns = `id, sku, "order", brand, name, color, price_cents, main_image_url, released, release_at,
	state, story, images, per_shopper, paused, revision`

const itemColumns = `i.id, i.product_id, i.sku, i.size, i.eu, i.uk, i.cm,
	a.available_count, a.sold_count, a.revision, a.frozen_at IS NOT NULL`

// Rows reads everything in one snapshot.
func (s *Store) Rows(ctx context.Context) (Rows, error) {
	var rows Rows
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) (err error) {
		products, _ := tx.Query(ctx, `SELECT `+productColumns+` FROM products`)
		if rows.Products, err = pgx.CollectRows(products, pgx.RowToStructByPos[ProductRow]); err != nil {
			return err
		}
		items, _ := tx.Query(ctx, `SELECT `+itemColumns+` FROM items i JOIN item_availabilities a ON a.item_id = i.id`)
		if rows.Items, err = pgx.CollectRows(items, pgx.RowToStructByPos[ItemRow]); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT coalesce(max(id), 0) FROM restores`).Scan(&rows.Restore)
	})
	if err != nil {
		return Rows{}, fmt.Errorf("read inventory: %w", err)
	}
	return rows, nil
}

// Products reads products, those that there are, as changes.
func (s *Store) Products(ctx context.Context, ids ...ProductID) ([]Change, error) {
	const byID = `SELECT ` + productColumns + ` FROM products WHERE id = ANY ($1)`
	changes, err := productChanges(s.pool.Query(ctx, byID, ids))
	if err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	return changes, nil
}

// Release releases a product now; a scheduled time is forgotten.
func (s *Store) Release(ctx context.Context, id ProductID) ([]Change, error) {
	return s.changeProduct(ctx, "release product", id, `
		UPDATE products SET released = true, release_at = NULL
		WHERE id = $1 AND NOT released AND state = 'live' RETURNING `+productColumns, id)
}

// Schedule lets a product be released at a time to come, see [Store.ReleaseDue].
func (s *Store) Schedule(ctx context.Context, id ProductID, at time.Time) ([]Change, error) {
	if !at.After(time.Now()) {
		return nil, ErrPast
	}
	return s.changeProduct(ctx, "schedule release", id, `
		UPDATE products SET release_at = $2
		WHERE id = $1 AND NOT released AND state = 'live' RETURNING `+productColumns, id, at)
}

// changeProduct runs a statement that finds the product only while it is live and not released.
func (s *Store) changeProduct(
	ctx context.Context, what string, id ProductID, sql string, args ...any,
) ([]Change, error) {
	changes, err := s.products(ctx, sql, args...)
	if err == nil && len(changes) == 0 {
		var live bool
		err = s.pool.QueryRow(ctx, `SELECT state = 'live' FROM products WHERE id = $1`, id).Scan(&live)
		switch {
		case err == nil && !live:
			err = ErrNotLive
		case err == nil:
			err = ErrReleased
		case errors.Is(err, pgx.ErrNoRows):
			err = ErrNotFound
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s %d: %w", what, id, err)
	}
	return changes, nil
}

// ReleaseDue releases all products whose time has come. Several nodes may call it at once: one of
// them does it.
func (s *Store) ReleaseDue(ctx context.Context) ([]Change, error) {
	changes, err := s.products(ctx, `
		UPDATE products SET released = true, release_at = NULL
		WHERE id IN (SELECT id FROM products WHERE NOT released AND release_at <= now() ORDER BY id FOR UPDATE)
		RETURNING `+productColumns)
	if err != nil {
		return nil, fmt.Errorf("release what is due: %w", err)
	}
	return changes, nil
}

// products runs a statement that returns productColumns, as the operator of ctx.
func (s *Store) products(ctx context.Context, sql string, args ...any) (changes []Change, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		changes, err = productChanges(tx.Query(ctx, sql, args...))
		return err
	})
	return changes, err
}

// productChanges collects rows of productColumns. An error of the query comes again with its rows.
func productChanges(rows pgx.Rows, _ error) ([]Change, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Change, error) {
		p, err := pgx.RowToAddrOfStructByPos[ProductRow](row)
		return Change{Product: p}, err
	})
}
