package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
//   - not released, another price, no such item, too late: then there is no order, and its lines miss it;
//   - a line that was bought already: its key.
//
// What the two round trips of a look and a write have for nothing, this one needs a time for. The statements are on their way
// before any row is locked. Should they be held up, be given up here, and reach the database after all, when a later attempt
// has told the buyer that there is nothing left, they must not be carried out any more. So they count only until a moment of
// the database's clock, and until that has passed nobody looks again.
const (
	loneCount = `UPDATE item_availabilities SET available_count = available_count - 1, sold_count = sold_count + 1
		WHERE item_id = $1 RETURNING item_id, available_count, sold_count, revision`
	loneOrder = `INSERT INTO orders (id, total_cents, created_at, buyer)
		SELECT $1, sum(p.price_cents), clock_timestamp(), $6
		FROM unnest($2::bigint[], $3::bigint[]) c (item_id, product_id)
		JOIN items i ON i.id = c.item_id AND i.product_id = c.product_id JOIN products p ON p.id = i.product_id
		WHERE p.released HAVING count(*) = cardinality($2) AND sum(p.price_cents) = $4 AND clock_timestamp() < $5
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

// How long the statements of a lone cart may be on their way, and how much a clock may be wrong in a minute, which is how
// long a reading of the database's clock is good for. Clocks that are being set right run 0.05 % too fast or slow.
const (
	loneWithin  = 500 * time.Millisecond
	clockError  = 100 * time.Millisecond
	readingGood = time.Minute
)

// A reading is what the database's clock said. It was read before we had it, so that clock is ahead of what is reckoned from
// the reading, and never behind.
type reading struct{ theirs, ours time.Time }

// read marks a connection that has a reading.
const read = "checkout: reading"

// readClock returns a reading of the clock of this connection's database.
func readClock(ctx context.Context, conn *pgxpool.Conn) (reading, error) {
	marks := conn.Conn().PgConn().CustomData()
	if r, ok := marks[read].(reading); ok && time.Since(r.ours) < readingGood {
		return r, nil
	}
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	var r reading
	if err := conn.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&r.theirs); err != nil {
		return r, away{err}
	}
	r.ours = time.Now()
	marks[read] = r
	return r, nil
}

// at is the time on the database's clock at a moment of ours, or a little before.
func (r reading) at(moment time.Time) time.Time { return r.theirs.Add(moment.Sub(r.ours)) }

// sellLone sells one cart, or finds that it has to be looked at: then the transaction is rolled back, nothing is
// written, and ok is false. Its error is never decided, since the cart's lines were not looked up; when it is a doubt, by
// then the statements can't be carried out any more.
func (t *Teller) sellLone(ctx context.Context, conn *pgxpool.Conn, waits *ticket) (s sale, ok bool, err error) {
	clock, err := readClock(ctx, conn)
	if err != nil {
		return sale{}, false, fmt.Errorf("read the clock: %w", err)
	}
	over := time.Now().Add(loneWithin)
	order := Order{ID: waits.order.id(), Total: waits.Total, Status: Confirmed, Buyer: waits.Buyer}
	f, err := t.writeLone(ctx, conn, waits, clock.at(over), &order)
	pg, said := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return sale{answers: []answer{{order: order}}, changes: f.newerThan(t.cfg.Stock.Catalog()), wrote: true}, true, nil
	case errors.As(err, new(unsaid)), said && pg.SeverityUnlocalized == "ERROR" && luck(err, enough):
		return sale{}, false, fmt.Errorf("sell a lone cart: %w", err)
	case said && pg.SeverityUnlocalized == "ERROR" && !errors.As(err, new(doubt)):
		t.leave(ctx, conn)
		return sale{}, false, nil
	}
	wait(context.WithoutCancel(ctx), time.Until(over.Add(clockError)))
	return sale{}, false, fmt.Errorf("sell a lone cart: %w", doubt{err})
}

// writeLone writes a cart, commits it and completes the order.
func (t *Teller) writeLone(ctx context.Context, conn *pgxpool.Conn, waits *ticket, until time.Time, order *Order) (facts, error) {
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
	b.Queue(loneOrder, [16]byte(waits.order), items, products, waits.Total, until, waits.Buyer.column())
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
