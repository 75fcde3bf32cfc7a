package operator

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// Order is an order as the command line lists it.
type Order struct {
	ID        string      `json:"id"`
	Number    string      `json:"number"` // for people: it opens nothing, see checkout.OrderNumber
	CreatedAt time.Time   `json:"created_at"`
	Total     int64       `json:"total_cents"`
	Status    string      `json:"status"`
	Lines     []OrderLine `json:"lines"`
	Everywhere
}

// OrderLine is one pair of an order.
type OrderLine struct {
	Item  inventory.ItemID `json:"item_id"`
	SKU   string           `json:"sku"`
	Size  string           `json:"size"`
	Price int64            `json:"price_cents"`

	// Told of a single order only.
	Brand string `json:"brand,omitempty"`
	Name  string `json:"name,omitempty"`
	Color string `json:"color,omitempty"`
}

// OrdersRequest asks for orders, the newest first.
type OrdersRequest struct {
	Status string `json:"status,omitempty"` // confirmed or cancelled; empty: all
	Before string `json:"before,omitempty"` // id: only those older than this one
	Limit  int    `json:"limit"`            // 1 to MaxOrders
}

// Dollars is an amount of an order as people read it: $1,120, or $1,120.50 when there are cents.
func Dollars(cents int64) string { return inventory.Cents(cents).String() }

// MaxOrders is the most orders of one OrdersRequest.
const MaxOrders = checkout.MaxList

// OrderRequest names an order by its id or its number.
type OrderRequest struct {
	ID string `json:"id"`
}

// Orders lists orders, without the words for their shoes.
func (c *Client) Orders(ctx context.Context, q OrdersRequest) ([]Order, error) {
	return ask[[]Order](ctx, c, commandOrders, q)
}

// Order returns one order.
func (c *Client) Order(ctx context.Context, q OrderRequest) (Order, error) {
	return ask[Order](ctx, c, commandOrder, q)
}

// Cancel cancels an order. It returns after the node shows the pairs that came back.
func (c *Client) Cancel(ctx context.Context, q OrderRequest) (Order, error) {
	return ask[Order](ctx, c, commandCancel, q)
}

func (o *Operator) listOrders(ctx context.Context, q OrdersRequest) ([]Order, error) {
	if q.Limit < 1 || q.Limit > MaxOrders {
		return nil, fmt.Errorf("at most %d orders at once", MaxOrders)
	}
	orders, err := o.orders.List(ctx, checkout.Filter{
		Status: checkout.OrderStatus(q.Status), Before: checkout.OrderID(q.Before), Limit: q.Limit,
	})
	if err != nil {
		return nil, err
	}
	views := make([]Order, len(orders))
	for i, order := range orders {
		views[i] = viewOrder(order, false)
	}
	return views, nil
}

func (o *Operator) showOrder(ctx context.Context, q OrderRequest) (Order, error) {
	id, err := o.named(ctx, q)
	if err != nil {
		return Order{}, err
	}
	order, err := o.orders.Order(ctx, id)
	if err != nil {
		return Order{}, err
	}
	return viewOrder(order, true), nil
}

// named returns the id of the order that a request names by its id or its number.
func (o *Operator) named(ctx context.Context, q OrderRequest) (checkout.OrderID, error) {
	if number, ok := checkout.ParseOrderNumber(q.ID); ok {
		return o.numbered(ctx, number)
	}
	return checkout.OrderID(q.ID), nil
}

// numbered returns the one order with that number.
func (o *Operator) numbered(ctx context.Context, number checkout.OrderNumber) (checkout.OrderID, error) {
	ids, err := o.orders.Numbered(ctx, number)
	switch {
	case errors.Is(err, checkout.ErrNoOrder):
		return "", fmt.Errorf("none of the newest %d orders has the number %s; an older one is named by its id",
			checkout.NumberedAmong, number)
	case err != nil:
		return "", err
	case len(ids) > 1:
		return "", fmt.Errorf("%d orders have the number %s: name one by its id: %s", len(ids), number, joined(ids))
	}
	return ids[0], nil
}

func joined(ids []checkout.OrderID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return strings.Join(texts, ", ")
}

func (o *Operator) cancelOrder(ctx context.Context, q OrderRequest) (Order, error) {
	id, err := o.named(ctx, q)
	if err != nil {
		return Order{}, err
	}
	order, err := o.orders.Cancel(ctx, id)
	if err != nil {
		return Order{}, err
	}
	o.did(ctx, "an order is cancelled, its pairs are back", "pairs", len(order.Lines), "cents", int64(order.Total))
	view := viewOrder(order, true)
	items := make([]inventory.ItemID, len(order.Lines))
	for i, l := range order.Lines {
		items[i] = l.Item
	}
	view.Missing = o.everywhere(ctx, nil, items)
	return view, nil
}

func viewOrder(o checkout.Order, words bool) Order {
	view := Order{
		ID: string(o.ID), Number: string(o.ID.Number()), CreatedAt: o.CreatedAt, Total: int64(o.Total),
		Status: string(o.Status),
		Lines:  make([]OrderLine, len(o.Lines)),
	}
	for i, l := range o.Lines {
		view.Lines[i] = OrderLine{Item: l.Item, SKU: l.SKU, Size: l.Size, Price: int64(l.Price)}
		if words {
			view.Lines[i].Brand, view.Lines[i].Name, view.Lines[i].Color = l.Brand, l.Name, l.Color
		}
	}
	return view
}
