package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Pause stops the selling of a product, or of the whole shop if the id is 0: then of products that
// come later too. It returns the products that were not paused before. The error is ErrNotFound, or
// the database's.
//
// The availability rows of all sizes are locked first, in the order of their ids, as a sale does: a
// sale that has read "not paused" commits before, and a later one reads "paused". So when Pause
// returns, no sale contradicts it.
func (s *Store) Pause(ctx context.Context, id ProductID) ([]Change, error) {
	if id != 0 {
		return s.setPause(ctx, "pause", `SELECT id FROM products WHERE id = $1 AND paused <> 'product'`, ProductPaused,
			id)
	}
	return s.setPause(ctx, "pause the shop", `SELECT id FROM products WHERE paused = '' ORDER BY id`, ShopPaused)
}

// Resume lets a product be sold again, or all products that were paused with the whole shop if the
// id is 0. It returns the products that were paused. The error is ErrNotFound, or the database's.
func (s *Store) Resume(ctx context.Context, id ProductID) ([]Change, error) {
	if id != 0 {
		return s.setPause(ctx, "resume", `SELECT id FROM products WHERE id = $1 AND paused <> ''`, NotPaused, id)
	}
	return s.setPause(ctx, "resume the shop", `SELECT id FROM products WHERE paused = 'shop' ORDER BY id`, NotPaused)
}

// setPause gives the products that the statement selects another pause, and the whole shop if no id
// is given.
func (s *Store) setPause(
	ctx context.Context, what, selected string, to Pause, id ...any,
) (changes []Change, err error) {
	err = s.inPlans(ctx, func(tx pgx.Tx) error { // no product is created meanwhile
		rows, _ := tx.Query(ctx, selected, id...)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[ProductID])
		if err != nil {
			return err
		}
		if len(ids) == 0 && len(id) > 0 {
			return anyProduct(ctx, tx, id)
		}
		if _, err := lockSizes(ctx, tx, ids...); err != nil {
			return err
		}
		if len(id) == 0 {
			if err := setShopPause(ctx, tx, to, len(ids)); err != nil {
				return err
			}
		}
		changes, err = productChanges(tx.Query(ctx, `
			UPDATE products SET paused = $2
			WHERE id IN (SELECT id FROM products WHERE id = ANY ($1) ORDER BY id FOR UPDATE)
			RETURNING `+productColumns, ids, to))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return changes, nil
}

// setShopPause notes whether the whole shop is paused, with one event for all its products.
func setShopPause(ctx context.Context, tx pgx.Tx, to Pause, products int) error {
	note, event := `INSERT INTO shop_pause DEFAULT VALUES ON CONFLICT DO NOTHING`, "shop_paused"
	if to == NotPaused {
		note, event = `DELETE FROM shop_pause`, "shop_resumed"
	}
	tag, err := tx.Exec(ctx, note)
	if err != nil || tag.RowsAffected() == 0 && products == 0 {
		return err
	}
	_, err = tx.Exec(ctx, `WITH silent AS (SELECT set_config('sneakers23.unsaid', 'on', true))
		INSERT INTO events (kind, subject, pairs, who) SELECT $1, '', $2, nullif($3, '') FROM silent`,
		event, products, Actor(ctx))
	return err
}

// anyProduct returns ErrNotFound if there is no product of that id.
func anyProduct(ctx context.Context, tx pgx.Tx, ids []any) error {
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

// Resume lets a product, or the whole shop, be sold again, see [Store.Resume]. It returns the
// products that were paused.
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
