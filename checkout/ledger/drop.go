package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"sneakers23/inventory"
)

// OpenDrop does all that a drop is to do at its time, in one transaction: its sizes get their
// pairs, its products are released, and its banner becomes the shop's. It reports whether it has
// done so: not if the drop has opened before or is cancelled. Any number of nodes may call it at
// once. The error is inventory.ErrNotDue if the drop's time has not come by the database's clock,
// or if another transaction holds the drop, one of its products, or the settings that will have its
// banner; or it is one of Submit.
//
// The clock is read after the drop's row is locked, by which a drop that is moved or cancelled
// waits: so none opens before its time, whatever the clocks of nodes say. It does not wait for
// transactions that hold these rows, since the sales of the batch would wait as well.
func (c *Committer) OpenDrop(ctx context.Context, d inventory.Drop) (opened bool, err error) {
	o := &opening{id: newOperationID(), drop: d, items: make([]inventory.ItemID, len(d.Restocks))}
	for i, r := range d.Restocks {
		o.items[i] = r.Item
	}
	if err := c.Submit(ctx, o, nil); err != nil {
		return false, fmt.Errorf("open drop %d: %w", d.ID, err)
	}
	if len(o.full) > 0 {
		c.log.Warn("sizes of a drop got no pairs, since they are gone or would be too full", "drop", d.ID, "items",
			o.full)
	}
	return o.opened, nil
}

// opening opens a drop.
type opening struct {
	id    [16]byte
	drop  inventory.Drop
	items []inventory.ItemID

	opened bool               // the outcome
	full   []inventory.ItemID // sizes that got no pairs
}

// Items implements [Operation].
func (o *opening) Items() []inventory.ItemID { return o.items }

// Kind implements [Operation].
func (o *opening) Kind() Kind { return openings{} }

type openings struct{}

// Begin implements [Kind].
func (openings) Begin(ops []Operation) Attempt {
	a := &openingAttempt{rows: make(map[inventory.DropID]dropRow), there: make(map[inventory.DropID]bool)}
	for _, op := range ops {
		a.ids = append(a.ids, op.(*opening).drop.ID)
	}
	return a
}

// dropRow is what decides whether a drop opens.
type dropRow struct {
	at       time.Time
	planned  bool     // it has neither opened nor been cancelled
	by       [16]byte // the operation that has opened it, zero for none
	releases int      // products that it releases
	locked   int      // those of them whose rows are locked; another transaction holds the others
}

type openingAttempt struct {
	ids   []inventory.DropID
	rows  map[inventory.DropID]dropRow // those that are locked
	there map[inventory.DropID]bool
	now   time.Time

	open  []inventory.DropID // to be written
	by    [][16]byte         // the operations that open them
	short []inventory.DropID // of which sizes got no pairs
}

// Read implements [Attempt]. The rows of drops and products are locked without waiting, which also
// keeps the order of locks of no importance. A drop that has a banner is locked only by the holder
// of the lock of the shop's settings: two nodes that each held one of the two would both wait.
func (a *openingAttempt) Read(b *pgx.Batch) {
	b.Queue(`SELECT id, at, opened_at IS NULL AND cancelled_at IS NULL, opened_by
		FROM drops WHERE id = ANY ($1) AND (announces = '' OR pg_try_advisory_xact_lock(`+inventory.StorefrontKey+`))
		ORDER BY id FOR UPDATE SKIP LOCKED`, a.ids).Query(func(rows pgx.Rows) error {
		var (
			id  inventory.DropID
			row dropRow
			by  pgtype.UUID
		)
		_, err := pgx.ForEachRow(rows, []any{&id, &row.at, &row.planned, &by}, func() error {
			row.by = by.Bytes
			a.rows[id] = row
			return nil
		})
		return err
	})
	a.count(b, `SELECT id, 1 FROM drops WHERE id = ANY ($1)`, func(id inventory.DropID, _ int) { a.there[id] = true })
	a.count(b, `SELECT drop_id, count(*)::integer FROM drop_products
		WHERE drop_id = ANY ($1) AND planned AND releases GROUP BY drop_id`,
		func(id inventory.DropID, n int) { a.change(id, func(r *dropRow) { r.releases = n }) })
	a.count(b, `SELECT drop_id, 1 FROM products p JOIN drop_products d ON d.product_id = p.id
		WHERE drop_id = ANY ($1) AND planned AND releases ORDER BY p.id FOR UPDATE OF p SKIP LOCKED`,
		func(id inventory.DropID, _ int) { a.change(id, func(r *dropRow) { r.locked++ }) })
	b.Queue(`SELECT shop_time()`).QueryRow(func(row pgx.Row) error { return row.Scan(&a.now) })
}

// count queues a query that returns drops with a number each.
func (a *openingAttempt) count(b *pgx.Batch, query string, each func(inventory.DropID, int)) {
	b.Queue(query, a.ids).Query(func(rows pgx.Rows) error {
		var (
			id inventory.DropID
			n  int
		)
		_, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error {
			each(id, n)
			return nil
		})
		return err
	})
}

// change changes the row of a drop that is locked.
func (a *openingAttempt) change(id inventory.DropID, by func(*dropRow)) {
	if row, ok := a.rows[id]; ok {
		by(&row)
		a.rows[id] = row
	}
}

// Decide implements [Attempt]. A size that is gone, or would be too full, gets no pairs, and does
// not keep the drop from opening.
func (a *openingAttempt) Decide(op Operation, s *Stock) error {
	o := op.(*opening)
	row, ok := a.rows[o.drop.ID]
	o.opened, o.full = ok && row.by == o.id, nil // by an attempt whose outcome was in doubt
	switch {
	case !ok && a.there[o.drop.ID], row.planned && row.locked < row.releases: // it is held
		return inventory.ErrNotDue
	case !row.planned:
		return nil
	case a.now.Before(row.at):
		return inventory.ErrNotDue
	}
	for _, r := range o.drop.Restocks {
		if item := s.Row(r.Item); item != nil && item.Available+r.Pairs <= MaxPairs {
			s.Move(r.Item, Movement{
				Available: r.Pairs, Operation: r.Operation, Cause: Cause{Reason: Restocked, Who: o.drop.PlannedBy},
			})
		} else {
			o.full = append(o.full, r.Item)
		}
	}
	if len(o.full) > 0 {
		a.short = append(a.short, o.drop.ID)
	}
	a.rows[o.drop.ID] = dropRow{} // opened, if it is asked again in this batch
	a.open, a.by, o.opened = append(a.open, o.drop.ID), append(a.by, o.id), true
	return nil
}

// Write implements [Attempt].
func (a *openingAttempt) Write(b *pgx.Batch) {
	if len(a.open) == 0 {
		return
	}
	b.Queue(`UPDATE drops SET opened_at = $3, opened_by = o.by, version = version + 1
		FROM unnest($1::bigint[], $2::uuid[]) o (id, by) WHERE drops.id = o.id`, a.open, a.by, a.now)
	b.Queue(`UPDATE products SET released = true, release_at = NULL
		WHERE id IN (
			SELECT p.id FROM products p JOIN drop_products d ON d.product_id = p.id
			WHERE d.drop_id = ANY ($1) AND d.planned AND d.releases AND NOT p.released AND p.state = 'live'
		)`, a.open)
	b.Queue(`INSERT INTO shop_settings (banner, banner_ends, banner_drop)
		SELECT announces, ends_at, id FROM drops
		WHERE id = ANY ($1) AND announces <> '' AND (ends_at IS NULL OR ends_at > $2)
		ORDER BY at DESC, id DESC LIMIT 1
		ON CONFLICT (one) DO UPDATE SET (banner, banner_ends, banner_drop)
			= (excluded.banner, excluded.banner_ends, excluded.banner_drop)`, a.open, a.now)
	b.Queue(`INSERT INTO events (kind, subject) SELECT 'drop_short', 'Drop ' || id FROM unnest($1::bigint[]) id`,
		a.short)
	b.Queue(`UPDATE drop_products SET planned = false WHERE drop_id = ANY ($1)`, a.open)
}

// Committed implements [Attempt].
func (a *openingAttempt) Committed() {}
