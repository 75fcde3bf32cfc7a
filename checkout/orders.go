package checkout

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/checkout/ledger"
)

// Orders reads and cancels what the teller has made. Its methods may be called from any goroutine.
type Orders struct {
	pool   *pgxpool.Pool
	ledger *ledger.Committer
}

// NewOrders makes orders of the tables in this database, which are cancelled through the ledger.
func NewOrders(pool *pgxpool.Pool, l *ledger.Committer) *Orders { return &Orders{pool, l} }

// orderColumns and lineColumns are what collectOrders takes, of orders o and order_lines l.
const (
	orderColumns = `o.id, o.created_at, o.total_cents, o.status, o.buyer, `
	lineColumns  = `l.line_id, l.item_id, l.product_id, l.sku, l.size, l.brand, l.name, l.color,
		l.main_image_url, l.price_cents`
)

// selectOrders reads orders with their lines.
const selectOrders = `SELECT ` + orderColumns + lineColumns + ` FROM orders o JOIN order_lines l ON l.order_id = o.id`

// planned asks PostgreSQL to plan a statement for the tables as they are, which grow from nothing
// in a minute.
const planned = pgx.QueryExecModeCacheDescribe

// collectOrders gathers the lines of each order. Orders come in the order in which the rows first
// name them.
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
				ID: orderKey(key).id(), CreatedAt: o.CreatedAt, Total: o.Total, Status: o.Status,
				Buyer: shopperID(buyer),
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

// Order returns the order with that id. The error is ErrNoOrder, also for what is no id, or the
// database's.
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

// MaxList is the most orders that List returns at once.
const MaxList = 500

// Filter says which orders to list.
type Filter struct {
	Status OrderStatus // empty: all
	Before OrderID     // only orders older than this one; empty: from the newest on
	Limit  int         // at most so many, and at most MaxList; 0: MaxList
}

// List returns orders, the newest first. The error is ErrNoOrder for an unknown Before, or the
// database's.
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
