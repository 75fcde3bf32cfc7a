package inventory

import (
	"context"
	"errors"
	"fmt"

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

// Release releases a product now. No drop releases it any more. The error is ErrNotFound,
// ErrNotLive, ErrReleased, or the database's.
func (s *Store) Release(ctx context.Context, id ProductID) (changes []Change, err error) {
	err = s.inPlans(ctx, func(tx pgx.Tx) error {
		if err := lockDrops(ctx, tx, id); err != nil {
			return err
		}
		changes, err = productChanges(tx.Query(ctx, `
			UPDATE products SET released = true, release_at = NULL
			WHERE id = $1 AND NOT released AND state = 'live' RETURNING `+productColumns, id))
		if err == nil && len(changes) == 0 {
			err = whyNotReleased(ctx, tx, id)
		}
		if err != nil {
			return err
		}
		return tx.SendBatch(ctx, leaveDrops(ctx, &pgx.Batch{}, id)).Close()
	})
	if err != nil {
		return nil, fmt.Errorf("release product %d: %w", id, err)
	}
	return changes, nil
}

// whyNotReleased returns why a product can't be released.
func whyNotReleased(ctx context.Context, tx pgx.Tx, id ProductID) error {
	var live bool
	err := tx.QueryRow(ctx, `SELECT state = 'live' FROM products WHERE id = $1`, id).Scan(&live)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case err == nil && !live:
		return ErrNotLive
	case err == nil:
		return ErrReleased
	}
	return err
}

// productChanges collects rows of productColumns. An error of the query comes again with its rows.
func productChanges(rows pgx.Rows, _ error) ([]Change, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Change, error) {
		p, err := pgx.RowToAddrOfStructByPos[ProductRow](row)
		return Change{Product: p}, err
	})
}
