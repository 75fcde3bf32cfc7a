package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// write writes what was decided, in two round trips, and returns the rows as they are then.
func (e *editing) write(ctx context.Context, tx pgx.Tx, saved []Saved) ([]Change, error) {
	products, sizes := &pgx.Batch{}, &pgx.Batch{}
	for i := range saved {
		e.queueProduct(ctx, products, i, &saved[i])
	}
	e.queueUse(products)
	if err := tx.SendBatch(ctx, products).Close(); err != nil {
		return nil, nameTwice(err)
	}
	for _, unsaid := range []string{"on", "off"} { // sizes of new products are no events of their own
		sizes.Queue(`SELECT set_config('sneakers23.unsaid', $1, true)`, unsaid)
		for i, s := range saved {
			if s.New == (unsaid == "on") {
				queueSizes(ctx, sizes, e.wanted[i].Sizes, s)
			}
		}
	}
	if err := tx.SendBatch(ctx, sizes).Close(); err != nil {
		return nil, nameTwice(err)
	}
	var touched []ProductID
	for _, s := range saved {
		if !s.Unchanged() {
			touched = append(touched, s.ID)
		}
	}
	return productAndItems(ctx, tx, touched)
}

// queueProduct queues what writes the row of a product, if that is new or differs. A new one gets
// its id when the batch is sent.
func (e *editing) queueProduct(ctx context.Context, b *pgx.Batch, i int, s *Saved) {
	d, images := e.wanted[i], e.imagesOf(i)
	switch {
	case s.New:
		b.Queue(`INSERT INTO products
				(sku, "order", brand, name, color, price_cents, main_image_url, state, story, images, per_shopper)
			VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10) RETURNING id`,
			d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story, images, d.Limit,
		).QueryRow(func(row pgx.Row) error { return row.Scan(&s.ID) })
	case slices.ContainsFunc(s.Changes, func(c FieldChange) bool { return c.Size == "" }):
		b.Queue(`UPDATE products SET sku = $2, "order" = $3, brand = $4, name = $5, color = $6, price_cents = $7,
				state = $8, story = $9, images = $10, per_shopper = $11,
				release_at = CASE $8 WHEN 'live' THEN release_at END
			WHERE id = $1`,
			s.ID, d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story, images, d.Limit)
		if d.State != Live {
			leaveDrops(ctx, b, s.ID)
		}
	}
}

// imagesOf returns the images of the product of an edit as its row has them. They stay as they are
// if the edit does not name them.
func (e *editing) imagesOf(i int) []Image {
	images := []Image{}
	if e.edits[i].Images == nil {
		if p := e.of(e.edits[i]); p != nil && len(p.Images) > 0 {
			images = p.Images
		}
		return images
	}
	for _, d := range e.wanted[i].Images {
		images = append(images, Image{d.Picture, d.Alt, e.pictures[d.Picture]})
	}
	return images
}

// queueUse queues what notes that pictures are used, also those that products lose by an edit: so
// the edit can be taken back for a month.
func (e *editing) queueUse(b *pgx.Batch) {
	used := []string{}
	for i, edit := range e.edits {
		if edit.Images == nil {
			continue
		}
		for _, d := range e.wanted[i].Images {
			used = append(used, d.Picture)
		}
		if p := e.of(edit); p != nil {
			for _, image := range p.Images {
				used = append(used, image.Picture)
			}
		}
	}
	if len(used) > 0 {
		b.Queue(`UPDATE pictures SET used_at = now() WHERE id = ANY ($1)`, used)
	}
}

// queueSizes queues what writes the sizes that are new, or not as they were.
func queueSizes(ctx context.Context, b *pgx.Batch, sizes []SizeDetails, s Saved) {
	differ := make(map[string]bool)
	for _, c := range s.Changes {
		differ[c.Size] = true
	}
	for _, size := range sizes {
		switch {
		case slices.Contains(s.Sizes, size.SKU):
			queueItem(ctx, b, s.ID, size)
		case differ[size.SKU]:
			b.Queue(`UPDATE items SET size = $2, eu = $3, uk = $4, cm = $5 WHERE sku = $1`,
				size.SKU, size.Size, size.EU, size.UK, size.CM)
		}
	}
}

// queueItem queues what adds an item with its first pairs. Its availability comes from the table's
// trigger.
func queueItem(ctx context.Context, b *pgx.Batch, product ProductID, s SizeDetails) {
	b.Queue(`INSERT INTO items (product_id, sku, size, eu, uk, cm) VALUES ($1, $2, $3, $4, $5, $6)`,
		product, s.SKU, s.Size, s.EU, s.UK, s.CM)
	if s.Stock == 0 {
		return
	}
	b.Queue(`WITH stocked AS (
			UPDATE item_availabilities SET available_count = $2, stocked_count = $2
			FROM items i WHERE i.id = item_id AND i.sku = $1 RETURNING item_id
		)
		INSERT INTO stock_movements (item_id, reason, available_delta, who)
		SELECT item_id, 'restock', $2, nullif($3, '') FROM stocked`, s.SKU, s.Stock, Actor(ctx))
}

// nameTwice names the error of a SKU or a size that two rows would have: one came while this call
// was reading, or two sizes swap their names.
func nameTwice(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == pgerrcode.UniqueViolation {
		return fmt.Errorf("%w: %w", ErrTwice, err)
	}
	return err
}

// productAndItems returns products and their items as they are.
func productAndItems(ctx context.Context, tx pgx.Tx, ids []ProductID) ([]Change, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	changes, err := productChanges(tx.Query(ctx, `SELECT `+productColumns+` FROM products WHERE id = ANY ($1)`, ids))
	if err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, `SELECT `+itemColumns+` FROM items i JOIN item_availabilities a ON a.item_id = i.id
		WHERE i.product_id = ANY ($1)`, ids)
	items, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[ItemRow])
	for _, row := range items {
		changes = append(changes, Change{Item: row})
	}
	return changes, err
}
