package ledger

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// Audit is what the books of a shop say, at one moment.
type Audit struct {
	Items     int
	Movements int
	Orders    int
	Findings  []Finding
}

// MaxFindings bounds the findings of each query of an audit. A further one says that there are
// more.
const MaxFindings = 100

// Finding is something in the books that contradicts something else.
type Finding struct {
	Kind  FindingKind
	Item  inventory.ItemID // 0 for none
	Order string           // its id, "" for none: it is a secret, see package checkout
	Text  string
}

// FindingKind says which two things contradict each other.
type FindingKind string

// The kinds of findings.
const (
	CountsOff       FindingKind = "counts"    // available and sold are not as many as ever came
	MovementsOff    FindingKind = "movements" // the movements do not add up to the counts
	FrozenItem      FindingKind = "frozen"    // the item is sold no more until its count is corrected
	LineUnbooked    FindingKind = "line"      // an order line without the movement of its sale
	SaleWithoutLine FindingKind = "sale"      // the movement of a sale for an order, without a line
	ReturnOff       FindingKind = "return"    // a return that is not booked as its order says
	SoldOff         FindingKind = "sold"      // more or fewer pairs are sold than orders and operators have
	TotalOff        FindingKind = "order"     // an order whose total is not that of its lines
)

// audits are the questions of an audit. Each returns kinds, items, orders and what is wrong with
// them. Remains of deleted products are not asked about: their counts are gone, and their movements
// went with them before the ledger's schema step. Sales by operators have no order.
var audits = []string{
	`SELECT 'counts', item_id, NULL::uuid,
		format('%s pairs are available and %s sold, and %s ever came', available_count, sold_count, stocked_count)
	FROM item_availabilities WHERE available_count + sold_count <> stocked_count`,

	`SELECT 'movements', a.item_id, NULL::uuid,
		format('the movements add up to %s available and %s sold, and the counts are %s and %s',
			coalesce(m.available, 0), coalesce(m.sold, 0), a.available_count, a.sold_count)
	FROM item_availabilities a LEFT JOIN (
		SELECT item_id, sum(available_delta) AS available, sum(sold_delta) AS sold
		FROM stock_movements GROUP BY item_id
	) m USING (item_id)
	WHERE a.available_count <> coalesce(m.available, 0) OR a.sold_count <> coalesce(m.sold, 0)`,

	`SELECT 'frozen', item_id, NULL::uuid, 'it is frozen, and sold no more until its count is corrected'
	FROM item_availabilities WHERE frozen_at IS NOT NULL`,

	`SELECT CASE WHEN l.order_id IS NULL THEN 'sale' ELSE 'line' END, item_id, order_id, CASE
		WHEN l.order_id IS NULL
		THEN format('%s pairs are booked as sold for an order that has no line of it', m.sold_delta)
		WHEN m.order_id IS NULL THEN 'its sale is not booked'
		ELSE format('its sale is booked with %s pairs', m.sold_delta) END
	FROM order_lines l FULL JOIN (
		SELECT order_id, item_id, sold_delta FROM stock_movements WHERE reason = 'sale' AND order_id IS NOT NULL
	) m USING (order_id, item_id)
	WHERE l.order_id IS NULL OR m.sold_delta <> 1 OR m.order_id IS NULL AND item_id IN (SELECT id FROM items)`,

	`SELECT 'line', item_id, order_id, format('its sale is booked %s times', count(*))
	FROM stock_movements WHERE reason = 'sale' AND order_id IS NOT NULL
	GROUP BY order_id, item_id HAVING count(*) > 1`,

	`SELECT 'return', item_id, order_id, format('its return is booked %s times, and its order is %s',
		coalesce(m.times, 0), CASE WHEN c.status IS NULL THEN 'not cancelled' ELSE 'cancelled' END)
	FROM (
		SELECT l.order_id, l.item_id, o.status FROM orders o JOIN order_lines l ON l.order_id = o.id
		WHERE o.status = 'cancelled'
	) c FULL JOIN (
		SELECT order_id, item_id, count(*) AS times FROM stock_movements WHERE reason = 'return'
		GROUP BY order_id, item_id
	) m USING (order_id, item_id)
	WHERE c.status IS NULL OR m.times > 1 OR m.times IS NULL AND item_id IN (SELECT id FROM items)`,

	`SELECT 'sold', a.item_id, NULL::uuid, format('%s pairs are sold, and orders have %s and operators sold %s',
		a.sold_count, coalesce(l.pairs, 0) - coalesce(c.pairs, 0), coalesce(m.pairs, 0))
	FROM item_availabilities a
	LEFT JOIN (SELECT item_id, count(*) AS pairs FROM order_lines GROUP BY item_id) l USING (item_id)
	LEFT JOIN (
		SELECT l.item_id, count(*) AS pairs FROM orders o JOIN order_lines l ON l.order_id = o.id
		WHERE o.status = 'cancelled' GROUP BY l.item_id
	) c USING (item_id)
	LEFT JOIN (
		SELECT item_id, sum(sold_delta) AS pairs FROM stock_movements WHERE reason = 'sale' AND order_id IS NULL
		GROUP BY item_id
	) m USING (item_id)
	WHERE a.sold_count <> coalesce(l.pairs, 0) - coalesce(c.pairs, 0) + coalesce(m.pairs, 0)`,

	`SELECT 'order', 0::bigint, id, format('its total is %s cents, and its lines sum up to %s', sum(total), sum(lines))
	FROM (
		SELECT id, total_cents AS total, 0 AS lines FROM orders
		UNION ALL SELECT order_id, 0, price_cents FROM order_lines
	) b
	GROUP BY id HAVING sum(total) <> sum(lines)`,
}

// Check audits the books of a database in one snapshot, without a lock: counts against movements,
// movements against orders. The error is the database's.
func Check(ctx context.Context, pool *pgxpool.Pool) (Audit, error) {
	a := Audit{Findings: []Finding{}}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL jit = off`); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM items), (SELECT count(*) FROM stock_movements),
			(SELECT count(*) FROM orders)`).
			Scan(&a.Items, &a.Movements, &a.Orders)
		if err != nil {
			return err
		}
		for _, query := range audits {
			if err := a.ask(ctx, tx, query); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Audit{}, fmt.Errorf("audit: %w", err)
	}
	return a, nil
}

// ask adds the findings of a query.
func (a *Audit) ask(ctx context.Context, tx pgx.Tx, query string) error {
	rows, _ := tx.Query(ctx, query+` LIMIT $1`, MaxFindings+1)
	found := 0
	var (
		kind  FindingKind
		item  inventory.ItemID
		order *[16]byte
		text  string
	)
	_, err := pgx.ForEachRow(rows, []any{&kind, &item, &order, &text}, func() error {
		f := Finding{Kind: kind, Item: item, Text: text}
		if found++; found > MaxFindings {
			a.Findings = append(a.Findings, Finding{Kind: kind, Text: "there are more of this kind"})
			return nil
		}
		if order != nil {
			f.Order = base64.RawURLEncoding.EncodeToString(order[:])
		}
		a.Findings = append(a.Findings, f)
		return nil
	})
	return err
}
