package states

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"sneakers23/checkout"
)

// desk sells what it is asked for, or refuses as its state wants, and knows what it has sold. It is
// the teller and the ledger of a shop, and may be called from any goroutine.
type desk struct {
	shelf *shelf

	mu      sync.Mutex
	refuses error
	orders  []checkout.Order
}

// refuse lets all purchases fail from now on.
func (d *desk) refuse(why error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuses = why
}

// cancel cancels all orders.
func (d *desk) cancel() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.orders {
		d.orders[i].Status = checkout.Cancelled
	}
}

// lastOrder is the order that was made last, "" for none.
func (d *desk) lastOrder() checkout.OrderID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.orders) == 0 {
		return ""
	}
	return d.orders[len(d.orders)-1].ID
}

// Buy makes an order of the lines, or returns the one that has any of them already.
func (d *desk) Buy(_ context.Context, p checkout.Purchase) (checkout.Order, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuses != nil {
		return checkout.Order{}, d.refuses
	}
	for _, l := range p.Lines {
		if o, ok := d.with(l.ID); ok {
			return o, nil
		}
	}
	order := checkout.Order{
		ID:        checkout.OrderID(fmt.Sprintf("OrderOfTheGallery%05d", len(d.orders)+1)),
		CreatedAt: time.Date(2026, 5, 2, 18, 0, 0, 0, time.UTC),
		Status:    checkout.Confirmed, Buyer: p.Buyer,
	}
	catalog := d.shelf.Catalog()
	for _, l := range p.Lines {
		item, product, ok := catalog.Item(l.Item)
		if !ok {
			return checkout.Order{}, checkout.ErrNoItem
		}
		order.Total += product.Price
		order.Lines = append(order.Lines, checkout.OrderLine{
			LineID: l.ID, Item: l.Item, Product: l.Product, SKU: item.SKU, Size: item.Size, Brand: product.Brand,
			Name:  product.Name,
			Color: product.Color, MainImageURL: product.MainImageURL, Price: product.Price,
		})
	}
	d.orders = append(d.orders, order)
	return order, nil
}

// with finds the order that has a line. It is called with mu held.
func (d *desk) with(line checkout.LineID) (checkout.Order, bool) {
	for _, o := range d.orders {
		if slices.ContainsFunc(o.Lines, func(l checkout.OrderLine) bool { return l.LineID == line }) {
			return o, true
		}
	}
	return checkout.Order{}, false
}

// Order finds an order.
func (d *desk) Order(_ context.Context, id checkout.OrderID) (checkout.Order, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.orders {
		if o.ID == id {
			return o, nil
		}
	}
	return checkout.Order{}, checkout.ErrNoOrder
}

// Bought tells which of the lines are in an order.
func (d *desk) Bought(_ context.Context, lines []checkout.LineID) (map[checkout.LineID]checkout.Purchased, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	bought := make(map[checkout.LineID]checkout.Purchased)
	for _, line := range lines {
		if o, ok := d.with(line); ok {
			bought[line] = checkout.Purchased{Order: o.ID, Buyer: o.Buyer}
		}
	}
	return bought, nil
}
