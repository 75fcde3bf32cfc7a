package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Drops reads drops with what they do: the planned ones by their time, then the others, the latest
// first. most bounds the others. now is the time on the database's clock.
func (s *Store) Drops(ctx context.Context, most int) (drops []Drop, now time.Time, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, `SELECT shop_time()`).Scan(&now); err != nil {
				return err
			}
			drops, err = readDrops(ctx, tx, `
				SELECT * FROM (
					SELECT * FROM drops WHERE opened_at IS NULL AND cancelled_at IS NULL ORDER BY at, id
				) planned
				UNION ALL
				SELECT * FROM (SELECT * FROM drops WHERE opened_at IS NOT NULL OR cancelled_at IS NOT NULL
					ORDER BY coalesce(opened_at, cancelled_at) DESC, id DESC LIMIT $1) others`, most)
			return err
		})
	if err != nil {
		return nil, now, fmt.Errorf("read drops: %w", err)
	}
	return drops, now, nil
}

// Drop reads a drop. The error is ErrNotFound, or the database's.
func (s *Store) Drop(ctx context.Context, id DropID) (d Drop, now time.Time, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, `SELECT shop_time()`).Scan(&now); err != nil {
				return err
			}
			d, err = dropByID(ctx, tx, id)
			return err
		})
	if err != nil {
		return Drop{}, now, fmt.Errorf("read drop %d: %w", id, err)
	}
	return d, now, nil
}

// DropOf reads the planned drop that releases a product. The error is ErrNotFound, or the
// database's.
func (s *Store) DropOf(ctx context.Context, id ProductID) (d Drop, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		drops, err := readDrops(ctx, tx, `SELECT * FROM drops WHERE id IN (
			SELECT drop_id FROM drop_products WHERE product_id = $1 AND planned AND releases)`, id)
		if err == nil && len(drops) == 0 {
			err = ErrNotFound
		}
		if err == nil {
			d = drops[0]
		}
		return err
	})
	if err != nil {
		return Drop{}, fmt.Errorf("read drop of product %d: %w", id, err)
	}
	return d, nil
}

func dropByID(ctx context.Context, tx pgx.Tx, id DropID) (Drop, error) {
	drops, err := readDrops(ctx, tx, `SELECT * FROM drops WHERE id = $1`, id)
	if err == nil && len(drops) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Drop{}, err
	}
	return drops[0], nil
}

// readDrops reads the drops that a statement selects, in its order, with what they do.
func readDrops(ctx context.Context, tx pgx.Tx, selected string, args ...any) ([]Drop, error) {
	rows, _ := tx.Query(ctx, `SELECT d.id, d.at, d.ends_at, d.zone, d.planned_by, d.opened_at, d.cancelled_at,
			d.version, d.announces,
			ARRAY(SELECT product_id FROM drop_products WHERE drop_id = d.id AND releases ORDER BY product_id),
			ARRAY(SELECT item_id FROM drop_restocks WHERE drop_id = d.id ORDER BY item_id),
			ARRAY(SELECT pairs FROM drop_restocks WHERE drop_id = d.id ORDER BY item_id),
			ARRAY(SELECT operation FROM drop_restocks WHERE drop_id = d.id ORDER BY item_id)
		FROM (`+selected+`) d`, args...)
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Drop, err error) {
		var (
			items      []ItemID
			pairs      []int
			operations [][16]byte
		)
		err = row.Scan(&d.ID, &d.At, &d.EndsAt, &d.Zone, &d.PlannedBy, &d.OpenedAt, &d.CancelledAt, &d.Version,
			&d.Announces, &d.Releases, &items, &pairs, &operations)
		for i, item := range items {
			d.Restocks = append(d.Restocks, DropRestock{item, pairs[i], operations[i]})
		}
		return d, err
	})
}

// NextDrop reads the planned drop that opens first, but for those that are named, and how long that
// is from now on, by the database's clock. The error is ErrNotFound if none is planned, or the
// database's.
func (s *Store) NextDrop(ctx context.Context, but ...DropID) (d Drop, in time.Duration, err error) {
	var seconds float64
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var id DropID
		err := tx.QueryRow(ctx, `SELECT id, extract(epoch FROM at - shop_time())::float8 FROM drops
			WHERE opened_at IS NULL AND cancelled_at IS NULL AND NOT id = ANY ($1) ORDER BY at, id LIMIT 1`,
			append([]DropID{}, but...)).Scan(&id, &seconds)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err == nil {
			d, err = dropByID(ctx, tx, id)
		}
		return err
	})
	if err != nil {
		return Drop{}, 0, fmt.Errorf("look for the next drop: %w", err)
	}
	return d, time.Duration(seconds * float64(time.Second)), nil
}
