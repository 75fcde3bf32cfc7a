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

// Orders reads and cancels what the teller has made. Its methods may be called from any goroutine.
type Orders struct {
	pool  *pgxpool.Pool
	stock shelf
}

// NewOrders makes orders of the tables in this database. What a cancelled order puts back shows in stock.
func NewOrders(pool *pgxpool.Pool, stock shelf) *Orders { return &Orders{pool, stock} }

// selectOrders reads orders with their lines, as collectOrders takes them.
const selectOrders = `SELECT o.id, o.created_at, o.total_cents, o.status, o.buyer,
		l.line_id, l.item_id, l.product_id, l.sku, l.size, l.brand, l.name, l.color, l.main_image_url, l.price_cents
	FROM orders o JOIN order_lines l ON l.order_id = o.id`

// planned asks PostgreSQL to plan a statement for the tables as they are, which grow from nothing in a minute.
const planned = pgx.QueryExecModeCacheDescribe

// collectOrders gathers the lines of each order. Orders come in the order in which the rows first name them.
func collectOrders(rows pgx.Rows) ([]*Order, error) {
	var (
		orders []*Order
		known  = make(map[orderKey]*Order)
		key    [16]byte
		line   [16]byte
		buyer  *[16]byte
		o      Order
		l      OrderLine
	)
	_, err := pgx.ForEachRow(rows, []any{
		&key, &o.CreatedAt, &o.Total, &o.Status, &buyer, &line, &l.Item, &l.Product, &l.SKU, &l.Size,
		&l.Brand, &l.Name, &l.Color, &l.MainImageURL, &l.Price,
	}, func() error {
		order, ok := known[key]
		if !ok {
			order = &Order{
				ID: orderKey(key).id(), CreatedAt: o.CreatedAt, Total: o.Total, Status: o.Status, Buyer: shopperID(buyer),
			}
			known[key] = order
			orders = append(orders, order)
		}
		l.LineID = line
		order.Lines = append(order.Lines, l)
		return nil
	})
	for _, order := range orders {
		sortLines(order.Lines)
	}
	return orders, err
}

// shopperID reads the column of a buyer: NULL is the zero ShopperID.
func shopperID(column *[16]byte) ShopperID {
	if column == nil {
		return ShopperID{}
	}
	return *column
}

// column is what shopperID reads.
func (s ShopperID) column() *[16]byte {
	if s == (ShopperID{}) {
		return nil
	}
	return (*[16]byte)(&s)
}

func sortLines(lines []OrderLine) {
	slices.SortFunc(lines, func(a, b OrderLine) int { return cmp.Compare(a.Item, b.Item) })
}

// Order returns the order with that id. The error is ErrNoOrder, also for what is no id, or the database's.
func (s *Orders) Order(ctx context.Context, id OrderID) (Order, error) {
	key, ok := id.key()
	if !ok {
		return Order{}, ErrNoOrder
	}
	rows, _ := s.pool.Query(ctx, selectOrders+` WHERE o.id = $1`, planned, [16]byte(key))
	orders, err := collectOrders(rows)
	switch {
	case err != nil:
		return Order{}, fmt.Errorf("read order: %w", err)
	case len(orders) == 0:
		return Order{}, ErrNoOrder
	}
	return *orders[0], nil
}

// selectBought reads the orders of lines, as collectBought takes them.
const selectBought = `SELECT l.line_id, l.order_id, o.buyer FROM order_lines l JOIN orders o ON o.id = l.order_id
	WHERE l.line_id = ANY ($1)`

// Bought reports which of the lines were bought, with which orders and by whom. The error is the
// database's.
func (s *Orders) Bought(ctx context.Context, lines []LineID) (map[LineID]Purchased, error) {
	ids := make([][16]byte, len(lines))
	for i, id := range lines {
		ids[i] = id
	}
	rows, _ := s.pool.Query(ctx, selectBought, planned, ids)
	bought, err := collectBought(rows)
	if err != nil {
		return nil, fmt.Errorf("look up lines: %w", err)
	}
	return bought, nil
}

func collectBought(rows pgx.Rows) (map[LineID]Purchased, error) {
	bought := make(map[LineID]Purchased)
	var (
		line, order [16]byte
		buyer       *[16]byte
	)
	_, err := pgx.ForEachRow(rows, []any{&line, &order, &buyer}, func() error {
		bought[line] = Purchased{Order: orderKey(order).id(), Buyer: shopperID(buyer)}
		return nil
	})
	return bought, err
}

// MaxList is the most orders that List returns at once.
const MaxList = 500

// Filter says which orders to list.
type Filter struct {
	Status OrderStatus // empty: all
	Before OrderID     // only orders older than this one; empty: from the newest on
	Limit  int         // at most so many, and at most MaxList; 0: MaxList
}

// List returns orders, the newest first. The error is ErrNoOrder for an unknown Before, or the database's.
func (s *Orders) List(ctx context.Context, f Filter) ([]Order, error) {
	limit := MaxList
	if f.Limit > 0 {
		limit = min(f.Limit, MaxList)
	}
	var before *[16]byte
	if f.Before != "" {
		if _, err := s.Order(ctx, f.Before); err != nil {
			return nil, err
		}
		key, _ := f.Before.key()
		before = (*[16]byte)(&key)
	}
	rows, _ := s.pool.Query(ctx, selectOrders+` JOIN (
			SELECT id AS listed FROM orders
			WHERE ($1 = '' OR status = $1)
				AND ($2::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM orders WHERE id = $2))
			ORDER BY created_at DESC, id DESC LIMIT $3
		) page ON listed = o.id
		ORDER BY o.created_at DESC, o.id DESC`, planned, string(f.Status), before, limit)
	listed, err := collectOrders(rows)
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	orders := make([]Order, len(listed))
	for i, o := range listed {
		orders[i] = *o
	}
	return orders, nil
}

// cancelWithin bounds a cancellation, and the attempts of one that meets others.
const (
	cancelWithin   = 8 * time.Second
	cancelAttempts = 5
)

// Cancel puts the pairs of an order back, and returns the order when this node's catalog shows them. Its lines stay
// bought: the form that made it makes no other. The error is ErrNoOrder, ErrCancelled, inventory.ErrFull, or the
// database's. Once begun it does not end with its caller.
func (s *Orders) Cancel(ctx context.Context, id OrderID) (Order, error) {
	key, ok := id.key()
	if !ok {
		return Order{}, ErrNoOrder
	}
	if ctx.Err() != nil {
		return Order{}, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
	defer cancel()
	changes, err := s.cancel(ctx, key)
	for attempt := 1; attempt < cancelAttempts && rolledBack(err); attempt++ {
		changes, err = s.cancel(ctx, key)
	}
	if err != nil {
		return Order{}, fmt.Errorf("cancel order: %w", err)
	}
	if err := s.stock.Committed(ctx, changes...); err != nil {
		return Order{}, fmt.Errorf("show the return: %w", err)
	}
	return s.Order(ctx, id)
}

// rolledBack tells whether the database ended a transaction only because it met another.
func rolledBack(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code[:2] == "40"
}

// cancel is one transaction. It locks as the teller does: the items' rows first, by id.
func (s *Orders) cancel(ctx context.Context, key orderKey) (changes []inventory.Change, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `SELECT FROM item_availabilities
			WHERE item_id IN (SELECT item_id FROM order_lines WHERE order_id = $1)
			ORDER BY item_id FOR NO KEY UPDATE`, [16]byte(key))
		if err != nil {
			return err
		}
		var status OrderStatus
		err = tx.QueryRow(ctx, `SELECT status FROM orders WHERE id = $1 FOR NO KEY UPDATE`, [16]byte(key)).Scan(&status)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNoOrder
		case err != nil:
			return err
		case status == Cancelled:
			return ErrCancelled
		}
		_, err = tx.Exec(ctx, `UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = $1`, [16]byte(key))
		if err != nil || tag.RowsAffected() == 0 { // none of its items is there any more
			return err
		}
		changes, err = putBack(ctx, tx, key)
		return err
	})
	return changes, err
}

// putBack returns one pair to each item of the order that there is, and books it.
func putBack(ctx context.Context, tx pgx.Tx, key orderKey) ([]inventory.Change, error) {
	rows, _ := tx.Query(ctx, `
		WITH moved AS (
			UPDATE item_availabilities SET available_count = available_count + 1, sold_count = sold_count - 1
			WHERE item_id IN (SELECT item_id FROM order_lines WHERE order_id = $1)
			RETURNING item_id, available_count, sold_count, revision
		), booked AS (
			INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
			SELECT item_id, 'return', 1, -1, $1 FROM moved
		)
		SELECT i.id, i.product_id, i.sku, i.size, a.available_count, a.sold_count, a.revision
		FROM moved a JOIN items i ON i.id = a.item_id`, [16]byte(key))
	changes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (inventory.Change, error) {
		item, err := pgx.RowToAddrOfStructByPos[inventory.ItemRow](row)
		return inventory.Change{Item: item}, err
	})
	if inventory.IsCountOutOfRange(err) {
		err = inventory.ErrFull
	}
	return changes, err
}
