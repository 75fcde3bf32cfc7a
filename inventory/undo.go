package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Unrelease takes a release back while nothing of the product is sold. The error is ErrNotFound,
// ErrNotReleased, ErrSold, or the database's.
//
// A sale locks the availability rows first and reads only then whether the product is released. So
// does Unrelease: it waits for every sale that has read "released" and has not committed, and
// counts its pairs. A sale that comes later waits for this commit, and reads "not released".
func (s *Store) Unrelease(ctx context.Context, id ProductID) ([]Change, error) {
	var changes []Change
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) (err error) {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		if _, err := lockSizes(ctx, tx, id); err != nil {
			return err
		}
		if err := lockReleased(ctx, tx, id); err != nil {
			return err
		}
		// Again: a size that was added since the first look is there now, and no other can come.
		sold, err := lockSizes(ctx, tx, id)
		if err != nil {
			return err
		}
		if sold > 0 {
			return ErrSold
		}
		changes, err = productChanges(tx.Query(ctx, `
			UPDATE products SET released = false, release_at = NULL WHERE id = $1 RETURNING `+productColumns, id))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take back release of product %d: %w", id, err)
	}
	return changes, nil
}

// lockSizes locks the availability of all sizes of these products in the order of their ids, and
// returns how many pairs of them are sold.
func lockSizes(ctx context.Context, tx pgx.Tx, products ...ProductID) (sold int, err error) {
	rows, _ := tx.Query(ctx, `
		SELECT sold_count FROM item_availabilities
		WHERE item_id IN (SELECT id FROM items WHERE product_id = ANY ($1))
		ORDER BY item_id FOR NO KEY UPDATE`, products)
	var count int
	_, err = pgx.ForEachRow(rows, []any{&count}, func() error {
		sold += count
		return nil
	})
	return sold, err
}

// lockReleased locks the row of a released product, so that no size of it can be added.
func lockReleased(ctx context.Context, tx pgx.Tx, id ProductID) error {
	var released bool
	err := tx.QueryRow(ctx, `SELECT released FROM products WHERE id = $1 FOR UPDATE`, id).Scan(&released)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case err == nil && !released:
		return ErrNotReleased
	}
	return err
}

// Unrelease takes a release back while nothing of the product is sold, see [Store.Unrelease].
func (s *Server) Unrelease(ctx context.Context, id ProductID) error {
	return s.decide(ctx, func(ctx context.Context) ([]Change, error) { return s.store.Unrelease(ctx, id) })
}
