package checkout

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// A batch of one cart is written and committed in one round trip, without a look first, so that a lone buyer waits no
// longer than the database takes to write. The order of the steps is the same: the counts are taken down first, which
// locks the rows in the order of their ids, and what follows sees all that was committed before. Where the look would
// have found a reason not to sell, a constraint fails instead, and with it the transaction:
//   - too few pairs: the CHECK of the counts;
//   - not released, another price, no such item: then there is no order, and its lines miss it;
//   - a line that was bought already: its key.
const (
	loneCount = `UPDATE item_availabilities SET available_count = available_count - 1, sold_count = sold_count + 1
		WHERE item_id = $1 RETURNING item_id, available_count, sold_count, revision`
	loneOrder = `INSERT INTO orders (id, total_cents, created_at)
		SELECT $1, sum(p.price_cents), clock_timestamp()
		FROM unnest($2::bigint[], $3::bigint[]) c (item_id, product_id)
		JOIN items i ON i.id = c.item_id AND i.product_id = c.product_id JOIN products p ON p.id = i.product_id
		WHERE p.released HAVING count(*) = cardinality($2) AND sum(p.price_cents) = $4
		RETURNING created_at`
	loneLines = `INSERT INTO order_lines
			(order_id, line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT $1, c.line_id, i.id, p.id, i.sku, i.size, p.brand, p.name, p.color, p.main_image_url, p.price_cents
		FROM unnest($2::uuid[], $3::bigint[]) c (line_id, item_id)
		JOIN items i ON i.id = c.item_id JOIN products p ON p.id = i.product_id
		RETURNING line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents`
	loneMovements = `INSERT INTO stock_movements (reason, available_delta, sold_delta, order_id, item_id)
		SELECT 'sale', -1, 1, $1, * FROM unnest($2::bigint[])`
)

// promising tells whether a cart will be sold, as far as this node knows. For one that will not, the attempt is spared.
func promising(c *inventory.Catalog, p Purchase) bool {
	var total inventory.Cents
	for _, l := range p.Lines {
		it, shoe, ok := c.Item(l.Item)
		if !ok || shoe.ID != l.Product || !shoe.Released || it.Available < 1 {
			return false
		}
		total += shoe.Price
	}
	return total == p.Total
}

// sellLone sells one cart, or finds that it has to be looked at: then the transaction is rolled back, nothing is
// written, and ok is false. Its error is never decided, since the cart's lines were not looked up.
func (t *Teller) sellLone(ctx context.Context, conn *pgxpool.Conn, waits *ticket) (s sale, ok bool, err error) {
	order := Order{ID: waits.order.id(), Total: waits.Total, Status: Confirmed}
	f, err := t.writeLone(ctx, conn, waits, &order)
	pg, said := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return sale{answers: []answer{{order: order}}, changes: f.news(t.cfg.Stock.Catalog())}, true, nil
	case errors.As(err, new(doubt)), errors.As(err, new(unsaid)):
		return sale{}, false, err
	case !said || pg.SeverityUnlocalized != "ERROR":
		return sale{}, false, doubt{err}
	case luck(err, enough):
		return sale{}, false, err
	}
	t.leave(ctx, conn)
	return sale{}, false, nil
}

// writeLone writes a cart, commits it and completes the order.
func (t *Teller) writeLone(ctx context.Context, conn *pgxpool.Conn, waits *ticket, order *Order) (facts, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.LockWithin+roundTrip)
	defer cancel()
	ids, items, products := columns(waits.Lines)
	f := facts{
		stock: make(map[inventory.ItemID]*inventory.ItemRow, len(items)),
		items: make(map[inventory.ItemID]itemFacts, len(items)),
	}
	b := &pgx.Batch{}
	b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	for _, id := range items { // one by one: a join would lock the rows in whatever order its plan has
		b.Queue(loneCount, id)
	}
	b.Queue(loneOrder, [16]byte(waits.order), items, products, waits.Total)
	b.Queue(loneLines, [16]byte(waits.order), ids, items)
	b.Queue(loneMovements, [16]byte(waits.order), items)
	b.Queue(`COMMIT`)
	results := conn.SendBatch(ctx, b)
	defer results.Close()
	if _, err := results.Exec(); err != nil {
		return f, err
	}
	for range items {
		rows, _ := results.Query()
		if err := f.readStock(rows); err != nil {
			return f, err
		}
	}
	rows, _ := results.Query()
	if _, err := pgx.ForEachRow(rows, []any{&order.CreatedAt}, func() error { return nil }); err != nil {
		return f, err
	}
	rows, _ = results.Query()
	if err := f.readSold(rows, order); err != nil {
		return f, err
	}
	if _, err := results.Exec(); err != nil {
		return f, err
	}
	return f, committed(results)
}

// readSold reads the lines of an order as they were written.
func (f *facts) readSold(rows pgx.Rows, order *Order) error {
	var (
		l  OrderLine
		id [16]byte
	)
	_, err := pgx.ForEachRow(rows, []any{
		&id, &l.Item, &l.Product, &l.SKU, &l.Size, &l.Brand, &l.Name, &l.Color, &l.MainImageURL, &l.Price,
	}, func() error {
		l.LineID = id
		order.Lines = append(order.Lines, l)
		f.items[l.Item] = itemFacts{OrderLine: l, Released: true}
		return nil
	})
	sortLines(order.Lines)
	return err
}

// columns are the lines of a cart in the order of their items.
func columns(lines []Line) (ids [][16]byte, items []inventory.ItemID, products []inventory.ProductID) {
	lines = slices.SortedFunc(slices.Values(lines), func(a, b Line) int { return cmp.Compare(a.Item, b.Item) })
	for _, l := range lines {
		ids, items, products = append(ids, l.ID), append(items, l.Item), append(products, l.Product)
	}
	return ids, items, products
}
