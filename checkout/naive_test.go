package checkout

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// naive sells as the original did, each cart in a transaction of its own, to compare the teller
// with. It is as good as that can be, and does the same: it writes the same rows, checks release
// and price, returns the order, and shows the catalog what it sold. Rows other than stock are
// written first. The guarded updates come last, ordered by id, all in one round trip. The second
// commits. So a hot row is held for one round trip and one commit.
type naive struct {
	pool  *pgxpool.Pool
	stock ledger.Publisher
}

const (
	naiveOrder = `INSERT INTO orders (id, total_cents) VALUES ($1, $2) RETURNING created_at`
	naiveLines = `INSERT INTO order_lines
			(line_id, order_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT l.line_id, $2, i.id, p.id, i.sku, i.size, p.brand, p.name, p.color, p.main_image_url, p.price_cents
		FROM unnest($1::uuid[], $3::bigint[]) l (line_id, item_id)
		JOIN items i ON i.id = l.item_id JOIN products p ON p.id = i.product_id WHERE p.released
		RETURNING line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents`
	naiveMovements = `INSERT INTO stock_movements (reason, available_delta, sold_delta, order_id, item_id)
		SELECT 'sale', -1, 1, $1, * FROM unnest($2::bigint[])`
	naiveCount = `UPDATE item_availabilities SET available_count = available_count - 1, sold_count = sold_count + 1
		WHERE item_id = $1 AND available_count > 0 RETURNING item_id, available_count, sold_count, revision`
)

func (n naive) Buy(ctx context.Context, p Purchase) (Order, error) {
	conn, err := n.pool.Acquire(ctx)
	if err != nil {
		return Order{}, err
	}
	defer conn.Release()
	key := newOrderKey()
	o := Order{ID: key.id(), Total: p.Total, Status: Confirmed}
	sold, err := n.write(ctx, conn, key, p, &o)
	if err == nil && len(sold) < len(p.Lines) {
		err = ErrSoldOut
	}
	if err != nil {
		_, _ = conn.Exec(ctx, `ROLLBACK`)
		return Order{}, err
	}
	if _, err := conn.Exec(ctx, `COMMIT`); err != nil {
		return Order{}, err
	}
	changes := make([]inventory.Change, len(sold))
	for i, row := range sold {
		l := o.Lines[i]
		row.ProductID, row.SKU, row.Size = l.Product, l.SKU, l.Size
		changes[i].Item = &row
	}
	return o, n.stock.Committed(ctx, changes...)
}

// write sends all but the COMMIT, and returns the rows that had a pair left.
func (n naive) write(
	ctx context.Context, conn *pgxpool.Conn, key orderKey, p Purchase, o *Order,
) (sold []inventory.ItemRow, err error) {
	lines := slices.SortedFunc(slices.Values(p.Lines), func(a, b Line) int { return cmp.Compare(a.Item, b.Item) })
	ids := make([][16]byte, len(lines))
	items := make([]inventory.ItemID, len(lines))
	for i, l := range lines {
		ids[i], items[i] = l.ID, l.Item
	}
	var total inventory.Cents
	b := &pgx.Batch{}
	b.Queue(`BEGIN`)
	b.Queue(naiveOrder, [16]byte(key), p.Total).QueryRow(func(row pgx.Row) error { return row.Scan(&o.CreatedAt) })
	b.Queue(naiveLines, ids, [16]byte(key), items).Query(func(rows pgx.Rows) error {
		var (
			l  OrderLine
			id [16]byte
		)
		_, err := pgx.ForEachRow(rows, []any{
			&id, &l.Item, &l.Product, &l.SKU, &l.Size, &l.Brand, &l.Name, &l.Color, &l.MainImageURL, &l.Price,
		}, func() error {
			l.LineID = id
			o.Lines = append(o.Lines, l)
			total += l.Price
			return nil
		})
		return err
	})
	b.Queue(naiveMovements, [16]byte(key), items)
	for _, id := range items {
		b.Queue(naiveCount, id).Query(func(rows pgx.Rows) error {
			var row inventory.ItemRow
			_, err := pgx.ForEachRow(rows, []any{&row.ID, &row.Available, &row.Sold, &row.Revision}, func() error {
				sold = append(sold, row)
				return nil
			})
			return err
		})
	}
	err = conn.SendBatch(ctx, b).Close()
	sortLines(o.Lines)
	switch {
	case err != nil:
		return nil, err
	case len(o.Lines) < len(lines):
		return nil, ErrNotReleased
	case total != p.Total:
		return nil, ErrPriceChanged
	}
	return sold, nil
}
