package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Pause stops the selling of a product, or of the whole shop if the id is 0. It returns the products
// that were not paused before. The error is ErrNotFound, or the database's.
//
// The availability rows of all sizes are locked first, in the order of their ids, as a sale does: a
// sale that has read "not paused" commits before, and a later one reads "paused". So when Pause
// returns, no sale contradicts it.
func (s *Store) Pause(ctx context.Context, id ProductID) ([]Change, error) {
	if id == 0 {
		return s.setPause(ctx, "pause the shop", "shop_paused", `SELECT id FROM products WHERE paused = '' ORDER BY id`,
			ShopPaused)
	}
	return s.setPause(ctx, "pause", "", `SELECT id FROM products WHERE id = $1 AND paused <> 'product'`, ProductPaused, id)
}

// Resume lets a product be sold again, or all products that were paused with the whole shop if the
// id is 0. It returns the products that were paused. The error is ErrNotFound, or the database's.
func (s *Store) Resume(ctx context.Context, id ProductID) ([]Change, error) {
	if id == 0 {
		return s.setPause(ctx, "resume the shop", "shop_resumed", `SELECT id FROM products WHERE paused = 'shop' ORDER BY id`,
			NotPaused)
	}
	return s.setPause(ctx, "resume", "", `SELECT id FROM products WHERE id = $1 AND paused <> ''`, NotPaused, id)
}

// setPause gives the products that the statement selects another pause. event is the kind of the one
// event of all of them, "" if each product has one of its own.
func (s *Store) setPause(
	ctx context.Context, what, event, selected string, to Pause, args ...any,
) (changes []Change, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		if err := lockEdits(ctx, tx); err != nil { // no product is created meanwhile
			return err
		}
		rows, _ := tx.Query(ctx, selected, args...)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[ProductID])
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return anyProduct(ctx, tx, args)
		}
		if _, err := lockSizes(ctx, tx, ids...); err != nil {
			return err
		}
		if event != "" {
			_, err := tx.Exec(ctx, `WITH silent AS (SELECT set_config('sneakers23.unsaid', 'on', true))
				INSERT INTO events (kind, subject, pairs, who) SELECT $1, '', $2, nullif($3, '') FROM silent`,
				event, len(ids), Actor(ctx))
			if err != nil {
				return err
			}
		}
		changes, err = productChanges(tx.Query(ctx, `
			UPDATE products SET paused = $2 WHERE id IN (SELECT id FROM products WHERE id = ANY ($1) ORDER BY id FOR UPDATE)
			RETURNING `+productColumns, ids, to))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return changes, nil
}

// anyProduct returns ErrNotFound if a product was asked for by its id and there is none.
func anyProduct(ctx context.Context, tx pgx.Tx, ids []any) error {
	if len(ids) == 0 {
		return nil
	}
	err := tx.QueryRow(ctx, `SELECT FROM products WHERE id = $1`, ids...).Scan()
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// Pause stops the selling of a product, or of the whole shop, see [Store.Pause]. It returns the
// products that were not paused before.
func (s *Server) Pause(ctx context.Context, id ProductID) ([]ProductID, error) {
	return s.pauseOrResume(ctx, id, s.store.Pause)
}

// Resume lets a product, or the whole shop, be sold again, see [Store.Resume]. It returns the products
// that were paused.
func (s *Server) Resume(ctx context.Context, id ProductID) ([]ProductID, error) {
	return s.pauseOrResume(ctx, id, s.store.Resume)
}

func (s *Server) pauseOrResume(
	ctx context.Context, id ProductID, do func(context.Context, ProductID) ([]Change, error),
) (touched []ProductID, err error) {
	err = s.decideWithin(ctx, savePatience, func(ctx context.Context) ([]Change, error) {
		changes, err := do(ctx, id)
		for _, c := range changes {
			touched = append(touched, c.Product.ID)
		}
		return changes, err
	})
	return touched, err
}
