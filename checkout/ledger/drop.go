package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"sneakers23/inventory"
)

// ErrNotDue says that the time of a drop has not come, by the database's clock.
var ErrNotDue = errors.New("ledger: the time of the drop has not come")

// OpenDrop does all that a drop is to do at its time, in one transaction: its sizes get their pairs, and
// its products are released. It reports whether it has done so: not if the drop has opened before or
// is cancelled. Any number of nodes may call it at once. The error is ErrNotDue, or one of Submit.
//
// The clock is read after the drop's row is locked, by which a drop that is moved or cancelled waits:
// so none opens before its time, whatever the clocks of nodes say.
func (c *Committer) OpenDrop(ctx context.Context, d inventory.Drop) (opened bool, err error) {
	o := &opening{id: newOperationID(), drop: d, items: make([]inventory.ItemID, len(d.Restocks))}
	for i, r := range d.Restocks {
		o.items[i] = r.Item
	}
	if err := c.Submit(ctx, o, nil); err != nil {
		return false, fmt.Errorf("open drop %d: %w", d.ID, err)
	}
	return o.opened, nil
}

// opening opens a drop.
type opening struct {
	id    [16]byte
	drop  inventory.Drop
	items []inventory.ItemID

	opened bool // the outcome
}

// Items implements [Operation].
func (o *opening) Items() []inventory.ItemID { return o.items }

// Kind implements [Operation].
func (o *opening) Kind() Kind { return openings{} }

type openings struct{}

// Begin implements [Kind].
func (openings) Begin(ops []Operation) Attempt {
	a := &openingAttempt{rows: make(map[inventory.DropID]dropRow)}
	for _, op := range ops {
		a.ids = append(a.ids, op.(*opening).drop.ID)
	}
	return a
}

// dropRow is what decides whether a drop opens.
type dropRow struct {
	at      time.Time
	planned bool     // it has neither opened nor been cancelled
	by      [16]byte // the operation that has opened it, zero for none
}

type openingAttempt struct {
	ids  []inventory.DropID
	rows map[inventory.DropID]dropRow
	now  time.Time
	open []inventory.DropID // to be written
	by   [][16]byte         // the operations that open them
}

// Read implements [Attempt].
func (a *openingAttempt) Read(b *pgx.Batch) {
	b.Queue(`SELECT id, at, opened_at IS NULL AND cancelled_at IS NULL, opened_by
		FROM drops WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, a.ids).Query(func(rows pgx.Rows) error {
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
	b.Queue(`SELECT shop_time()`).QueryRow(func(row pgx.Row) error { return row.Scan(&a.now) })
}

// Decide implements [Attempt]. A size that is gone, or would be too full, gets no pairs, and does not
// keep the drop from opening.
func (a *openingAttempt) Decide(op Operation, s *Stock) error {
	o := op.(*opening)
	row, ok := a.rows[o.drop.ID]
	o.opened = ok && row.by == o.id // by an attempt whose outcome was in doubt
	switch {
	case !ok || !row.planned:
		return nil
	case a.now.Before(row.at):
		return ErrNotDue
	}
	for _, r := range o.drop.Restocks {
		if item := s.Row(r.Item); item != nil && item.Available+r.Pairs <= MaxPairs {
			s.Move(r.Item, Movement{
				Available: r.Pairs, Operation: r.Operation, Cause: Cause{Reason: Restocked, Who: o.drop.PlannedBy},
			})
		}
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
			ORDER BY p.id FOR UPDATE OF p
		)`, a.open)
	b.Queue(`UPDATE drop_products SET planned = false WHERE drop_id = ANY ($1)`, a.open)
}

// Committed implements [Attempt].
func (a *openingAttempt) Committed() {}
