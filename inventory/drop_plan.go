package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// PlanDrop plans a drop, in the name of the operator of ctx. The products that it releases show its
// time. The error is ErrPast, by the database's clock, ErrNotFound, ErrNotLive, ErrReleased,
// ErrNoActs, ErrTooMany, ErrTwiceInDrop, ErrBadCount, ErrZone, ErrEnd, ErrAnnounce, a
// *PlannedError, or the database's.
func (s *Store) PlanDrop(ctx context.Context, p Plan) (d Drop, changes []Change, err error) {
	if err = p.check(); err == nil {
		err = s.inPlans(ctx, func(tx pgx.Tx) error {
			d, changes, err = planDrop(ctx, tx, p)
			return err
		})
	}
	if err != nil {
		return Drop{}, nil, fmt.Errorf("plan drop: %w", err)
	}
	return d, changes, nil
}

func planDrop(ctx context.Context, tx pgx.Tx, p Plan) (d Drop, changes []Change, err error) {
	products, err := productsOfPlan(ctx, tx, p)
	if err != nil {
		return d, nil, err
	}
	rows, _ := tx.Query(ctx, `INSERT INTO drops (at, ends_at, zone, planned_by, announces)
		SELECT $1, $2, $3, $4, $5 WHERE $1 > shop_time() RETURNING id`,
		p.At, p.EndsAt, p.Zone, Actor(ctx), p.Announces)
	id, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[DropID])
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrPast
	}
	if err != nil {
		return d, nil, err
	}
	b := &pgx.Batch{}
	for product, releases := range products {
		b.Queue(`INSERT INTO drop_products (drop_id, product_id, releases) VALUES ($1, $2, $3)`, id, product, releases)
	}
	for _, r := range p.Restocks {
		b.Queue(`INSERT INTO drop_restocks (drop_id, item_id, pairs) VALUES ($1, $2, $3)`, id, r.Item, r.Pairs)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return d, nil, err
	}
	if d, err = dropByID(ctx, tx, id); err == nil {
		err = noteDrop(ctx, tx, "drop_planned", d)
	}
	if err == nil {
		changes, err = showDrop(ctx, tx, id)
	}
	return d, changes, err
}

// productsOfPlan returns the products of a plan, and whether it releases them. It locks their rows,
// so that none is archived meanwhile.
func productsOfPlan(ctx context.Context, tx pgx.Tx, p Plan) (map[ProductID]bool, error) {
	items := make([]ItemID, len(p.Restocks))
	for i, r := range p.Restocks {
		items[i] = r.Item
	}
	const named = ` FROM products
		WHERE id = ANY ($1) OR id IN (SELECT product_id FROM items WHERE id = ANY ($2)) ORDER BY id`
	if _, err := tx.Exec(ctx, `SELECT`+named+` FOR UPDATE`, p.Releases, items); err != nil {
		return nil, err
	}
	// Read behind the locks: a drop of these products may have opened meanwhile.
	rows, _ := tx.Query(ctx, `SELECT id, sku, state, released, coalesce(id = ANY ($1), false),
			(SELECT drop_id FROM drop_products d WHERE d.product_id = products.id AND planned)`+named,
		p.Releases, items)
	products := make(map[ProductID]bool)
	var (
		id                 ProductID
		sku                string
		state              State
		released, releases bool
		other              *DropID
		wrong              error
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &sku, &state, &released, &releases, &other}, func() error {
		products[id] = releases
		switch {
		case wrong != nil:
		case releases && state != Live:
			wrong = &PlanProductError{sku, ErrNotLive}
		case releases && released:
			wrong = &PlanProductError{sku, ErrReleased}
		case other != nil:
			wrong = &PlannedError{sku, *other}
		}
		return nil
	})
	if err := errors.Join(err, wrong); err != nil {
		return nil, err
	}
	var known int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM items WHERE id = ANY ($1)`, items).Scan(&known); err != nil {
		return nil, err
	}
	missing := func(id ProductID) bool { _, there := products[id]; return !there }
	if known < len(items) || slices.ContainsFunc(p.Releases, missing) {
		return nil, ErrNotFound
	}
	return products, nil
}

// MoveDrop gives a drop that has not opened another time. seen is the version that the operator
// looked at, 0 for any. The error is ErrNotFound, ErrOpened, ErrCancelled, ErrEdited, ErrPast,
// ErrEndsBefore, or the database's.
func (s *Store) MoveDrop(ctx context.Context, id DropID, seen int64, at time.Time) (Drop, []Change, error) {
	return s.changeDrop(ctx, "move", "drop_moved", id, seen, func(tx pgx.Tx, d Drop) error {
		if d.EndsAt != nil && !d.EndsAt.After(at) {
			return ErrEndsBefore
		}
		tag, err := tx.Exec(ctx, `UPDATE drops SET at = $2, version = version + 1 WHERE id = $1 AND $2 > shop_time()`,
			id, at)
		if err == nil && tag.RowsAffected() == 0 {
			err = ErrPast
		}
		return err
	})
}

// CancelDrop cancels a drop that has not opened. Its products are no longer scheduled. The error is
// that of MoveDrop but for the last ones.
func (s *Store) CancelDrop(ctx context.Context, id DropID, seen int64) (Drop, []Change, error) {
	return s.changeDrop(ctx, "cancel", "drop_cancelled", id, seen, func(tx pgx.Tx, _ Drop) error {
		_, err := tx.Exec(ctx, `WITH cancelled AS (
				UPDATE drops SET cancelled_at = shop_time(), version = version + 1 WHERE id = $1 RETURNING id
			)
			UPDATE drop_products SET planned = false WHERE drop_id IN (SELECT id FROM cancelled)`, id)
		return err
	})
}

// changeDrop changes a drop that has not opened, and what its products show of it. The drop's row
// is locked first: a drop that is opening at this moment opens before, or not at all.
func (s *Store) changeDrop(
	ctx context.Context, what, event string, id DropID, seen int64, change func(pgx.Tx, Drop) error,
) (d Drop, changes []Change, err error) {
	err = s.inPlans(ctx, func(tx pgx.Tx) error {
		var none int
		if err := tx.QueryRow(ctx, `SELECT 1 FROM drops WHERE id = $1 FOR UPDATE`, id).Scan(&none); err != nil {
			if errors.Is(err, pgx.ErrNoRows) {
				err = ErrNotFound
			}
			return err
		}
		if d, err = dropByID(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case d.CancelledAt != nil:
			return ErrCancelled
		case d.OpenedAt != nil:
			return ErrOpened
		case seen != 0 && seen != d.Version:
			return ErrEdited
		}
		if err := change(tx, d); err != nil {
			return err
		}
		if d, err = dropByID(ctx, tx, id); err != nil {
			return err
		}
		if err := noteDrop(ctx, tx, event, d); err != nil {
			return err
		}
		changes, err = showDrop(ctx, tx, id)
		return err
	})
	if err != nil {
		return Drop{}, nil, fmt.Errorf("%s drop %d: %w", what, id, err)
	}
	return d, changes, nil
}

// EndDrop changes when a drop ends and its banner goes, nil for never. A banner that had gone with
// the end before comes back, unless another one has taken its place, or an operator has taken it
// away. Nothing else may change of a drop that has opened. seen is the version that the operator
// looked at, 0 for any. The error is ErrNotFound, ErrCancelled, ErrEdited, ErrEnd, or the
// database's.
func (s *Store) EndDrop(ctx context.Context, id DropID, seen int64, at *time.Time) (d Drop, err error) {
	err = s.inPlans(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE drops SET ends_at = $2, version = version + 1
			WHERE id = $1 AND cancelled_at IS NULL AND ($3::bigint = 0 OR $3 = version)
				AND ($2::timestamptz IS NULL OR $2 > at AND $2 > shop_time())`, id, at, seen)
		if err != nil {
			return err
		}
		d, err = dropByID(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() > 0:
			if err := changeBannerOf(ctx, tx, d, d.Announces, d.EndsAt); err != nil {
				return err
			}
			return noteDrop(ctx, tx, "drop_end", d)
		case d.CancelledAt != nil:
			return ErrCancelled
		case seen != 0 && seen != d.Version:
			return ErrEdited
		}
		return ErrEnd
	})
	if err != nil {
		return Drop{}, fmt.Errorf("end drop %d: %w", id, err)
	}
	return d, nil
}

// EndDropNow ends a drop that is open, and takes its banner away. One that is over stays as it is.
// seen is the version that the operator looked at, 0 for any. The error is ErrNotFound, ErrNotOpen,
// ErrCancelled, ErrEdited, or the database's.
func (s *Store) EndDropNow(ctx context.Context, id DropID, seen int64) (d Drop, err error) {
	err = s.inPlans(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE drops
			SET ends_at = greatest(shop_time(), at + interval '1 microsecond'), version = version + 1
			WHERE id = $1 AND opened_at IS NOT NULL AND ($2::bigint = 0 OR $2 = version)
				AND (ends_at IS NULL OR ends_at > shop_time())`, id, seen)
		if err != nil {
			return err
		}
		d, err = dropByID(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case d.CancelledAt != nil:
			return ErrCancelled
		case d.OpenedAt == nil:
			return ErrNotOpen
		case tag.RowsAffected() == 0 && seen != 0 && seen != d.Version:
			return ErrEdited
		case tag.RowsAffected() == 0:
			return nil
		}
		if err := changeBannerOf(ctx, tx, d, "", nil); err != nil {
			return err
		}
		return noteDrop(ctx, tx, "drop_end", d)
	})
	if err != nil {
		return Drop{}, fmt.Errorf("end drop %d: %w", id, err)
	}
	return d, nil
}

// changeBannerOf changes the banner of a drop that has opened: "" takes it away. The row of
// settings keeps the drop, so that the banner can come back. This waits for edits of the settings,
// and they wait for it.
func changeBannerOf(ctx context.Context, tx pgx.Tx, d Drop, text string, ends *time.Time) error {
	if d.Announces == "" || d.OpenedAt == nil {
		return nil
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(`+StorefrontKey+`)`); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE shop_settings SET banner = $2, banner_ends = $3 WHERE banner_drop = $1`,
		d.ID, text, ends)
	return err
}

// inPlans runs a transaction in which no other plans or edits.
func (s *Store) inPlans(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		if err := lockEdits(ctx, tx); err != nil {
			return err
		}
		return do(tx)
	})
}

// noteDrop writes an event about a drop. One that releases a single product, and does nothing else,
// is told by the events of that product.
func noteDrop(ctx context.Context, tx pgx.Tx, kind string, d Drop) error {
	if !d.DoesMore() {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO events (kind, subject, due, who) VALUES ($1, $2, $3, nullif($4, ''))`,
		kind, fmt.Sprint("Drop ", d.ID), d.At, Actor(ctx))
	return err
}

// showDrop gives the products that a drop releases its time, or none if it is not planned any more.
func showDrop(ctx context.Context, tx pgx.Tx, id DropID) ([]Change, error) {
	return productChanges(tx.Query(ctx, `
		UPDATE products SET release_at = (
			SELECT at FROM drops WHERE id = $1 AND cancelled_at IS NULL AND opened_at IS NULL
		)
		WHERE NOT released AND state = 'live'
			AND id IN (SELECT product_id FROM drop_products WHERE drop_id = $1 AND releases)
		RETURNING `+productColumns, id))
}

// lockDrops locks the planned drops of products. A drop that opens locks its row before those of
// products, and so does every other change.
func lockDrops(ctx context.Context, tx pgx.Tx, products ...ProductID) error {
	_, err := tx.Exec(ctx, `SELECT FROM drops
		WHERE id IN (SELECT drop_id FROM drop_products WHERE planned AND product_id = ANY ($1)) ORDER BY id FOR UPDATE`,
		products)
	return err
}

// leaveDrops queues what takes a product out of the drop that is to release it. A drop that brings
// pairs of it goes on to do that, so it stays the one plan that the product is in. A drop without
// another product, and without pairs, is cancelled, also if it was to show a banner: that was about
// this product.
func leaveDrops(ctx context.Context, b *pgx.Batch, id ProductID) *pgx.Batch {
	b.Queue(`WITH left_by AS (
			SELECT drop_id, EXISTS (
				SELECT FROM drop_restocks r JOIN items i ON i.id = r.item_id
				WHERE r.drop_id = d.drop_id AND i.product_id = $1
			) AS pairs
			FROM drop_products d WHERE product_id = $1 AND planned AND releases
		), gone AS (
			DELETE FROM drop_products WHERE product_id = $1 AND drop_id IN (SELECT drop_id FROM left_by WHERE NOT pairs)
		), stays AS (
			UPDATE drop_products SET releases = false
			WHERE product_id = $1 AND drop_id IN (SELECT drop_id FROM left_by WHERE pairs)
		), changed AS (
			UPDATE drops SET version = version + 1, cancelled_at = CASE
				WHEN NOT EXISTS (SELECT FROM drop_restocks WHERE drop_id = drops.id)
					AND NOT EXISTS (SELECT FROM drop_products WHERE drop_id = drops.id AND product_id <> $1)
				THEN shop_time() END
			WHERE id IN (SELECT drop_id FROM left_by) AND opened_at IS NULL RETURNING id, at, cancelled_at
		)
		INSERT INTO events (kind, subject, due, who)
		SELECT 'drop_cancelled', 'Drop ' || id, at, nullif($2, '') FROM changed WHERE cancelled_at IS NOT NULL`,
		id, Actor(ctx))
	return b
}

// Schedule plans a drop that releases a product alone, or moves that drop. The error is that of
// PlanDrop, or that of MoveDrop.
func (s *Store) Schedule(ctx context.Context, id ProductID, at time.Time) ([]Change, error) {
	var changes []Change
	alone, err := s.aloneInDrop(ctx, id)
	switch {
	case errors.Is(err, ErrNotScheduled):
		_, changes, err = s.PlanDrop(ctx, Plan{At: at, Releases: []ProductID{id}})
	case err == nil:
		_, changes, err = s.MoveDrop(ctx, alone, 0, at)
	}
	return changes, err
}

// CallOff cancels the drop that releases a product alone. The error is ErrNotFound, ErrReleased,
// ErrNotScheduled, a *PlannedError if the drop does more than that, or the database's.
func (s *Store) CallOff(ctx context.Context, id ProductID) ([]Change, error) {
	alone, err := s.aloneInDrop(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("call off release %d: %w", id, err)
	}
	_, changes, err := s.CancelDrop(ctx, alone, 0)
	return changes, err
}

// aloneInDrop returns the planned drop that releases a product and does nothing else.
func (s *Store) aloneInDrop(ctx context.Context, id ProductID) (DropID, error) {
	var (
		sku      string
		released bool
		drop     *DropID
		alone    bool
	)
	err := s.pool.QueryRow(ctx, `SELECT p.sku, p.released, d.id, coalesce(r.releases, false)
			AND NOT EXISTS (SELECT FROM drop_products WHERE drop_id = d.id AND product_id <> p.id)
			AND NOT EXISTS (SELECT FROM drop_restocks WHERE drop_id = d.id) AND d.announces = ''
		FROM products p
			LEFT JOIN (drop_products r JOIN drops d ON d.id = r.drop_id) ON r.product_id = p.id AND r.planned
		WHERE p.id = $1`, id).Scan(&sku, &released, &drop, &alone)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, ErrNotFound
	case err != nil:
		return 0, err
	case released:
		return 0, ErrReleased
	case drop == nil:
		return 0, ErrNotScheduled
	case !alone:
		return 0, &PlannedError{sku, *drop}
	}
	return *drop, nil
}
