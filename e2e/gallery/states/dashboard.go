package states

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/web/admin"
	"sneakers23/web/shop"
)

// book tells a dashboard of fixed orders.
type book struct{ busy bool }

// SalesBefore sums the orders of the past.
func (b book) SalesBefore(context.Context, time.Time) (checkout.Sales, error) {
	if !b.busy {
		return checkout.Sales{}, nil
	}
	return checkout.Sales{Orders: 12_846, Revenue: 1_693_412_50}, nil
}

// SalesByMinute tells of an hour with a drop in its middle.
func (b book) SalesByMinute(_ context.Context, since time.Time) (map[time.Time]checkout.Sales, error) {
	sales := make(map[time.Time]checkout.Sales)
	if !b.busy {
		return sales, nil
	}
	now := time.Now().UTC().Truncate(time.Minute)
	for ago := range 60 {
		at := now.Add(-time.Duration(ago) * time.Minute)
		if at.Before(since) {
			break
		}
		orders := 4 + ago*7%5
		if fall := 30 - ago; fall >= 0 {
			orders += 400 / (fall + 1)
		}
		sales[at] = checkout.Sales{Orders: orders, Revenue: inventory.Cents(orders) * 131_20}
	}
	return sales, nil
}

// past tells a dashboard of fixed events.
type past struct{ busy bool }

// Recent returns each kind of event.
func (p past) Recent(context.Context, int) ([]admin.Record, error) {
	if !p.busy {
		return nil, nil
	}
	at := time.Now().Truncate(time.Minute)
	records := []admin.Record{
		{Kind: "trouble_over", Subject: "node-b", Why: "database", Due: at.Add(-time.Minute)},
		{Kind: "trouble", Subject: "node-b", Why: "database"},
		{Kind: "proxy", Subject: "2001:db8:0:1::/64"},
		{Kind: "restocked", Subject: "Hop Man 3, size 9.5", Pairs: 50, Again: true, Who: "ann@desk"},
		{Kind: "corrected", Subject: "Hop Man 3, size 7", Pairs: -2, Who: "ann@desk", Why: "two pairs were wet"},
		{Kind: "sold_out", Subject: "Hop Man 3, size 7.5"},
		{Kind: "released", Subject: "Hop Man 3", Who: "a-person-with-a-very-long-name@a-machine-with-a-very-long-name"},
		{Kind: "scheduled", Subject: "Breezy Boost 600", Due: at.Add(26 * time.Hour), Who: "the dashboard"},
		{Kind: "called_off", Subject: "Breezy Boost 600", Who: "ann@desk"},
		{Kind: "returned", Subject: "Hop Man 3, size 8", Pairs: 1},
		{Kind: "unreleased", Subject: "Breezy Boost 600", Who: "ann@desk"},
		{Kind: "node_here", Subject: "node-b"},
		{Kind: "node_gone", Subject: "node-b"},
		{Kind: "restored", Due: at.Add(-24 * time.Hour)},
	}
	for i := range records {
		records[i].At = at.Add(-time.Duration(i*i) * time.Minute)
	}
	return records, nil
}

// Note forgets: what befalls nodes here is no part of the picture.
func (past) Note(context.Context, admin.Record) error { return nil }

// nodesOf are the nodes of a dashboard: some, of which one lags behind, or one.
func nodesOf(busy bool) func() []admin.NodeState {
	nodes := []admin.NodeState{{Name: "node-a", Sockets: 1, Revision: 1, Ready: true}}
	if busy {
		nodes = []admin.NodeState{
			{Name: "node-a", Sockets: 18_412, Revision: 1_204_771, Ready: true},
			{Name: "node-b", Sockets: 17_930, Revision: 1_204_771, Ready: true},
			{
				Name: "a-node-with-a-very-long-name.eu-central.shop.example", Sockets: 201, Revision: 1_198_002,
				Lag: 7400, Ready: true,
			},
		}
	}
	return func() []admin.NodeState { return nodes }
}

// crowd are the shoppers of a dashboard.
func crowd() (d presence.Diff) {
	pages := []string{
		"/", "/products/SHU60100", "/products/SHU60200", "/products/SHU60300", "/checkout", "/checkout/complete",
		"/orders/:id",
		"/a/page/that/is/none/of/the/shop/and/has/a/long/address",
	}
	for i := range 480 {
		// An error of the encoder would be a mistake of ours.
		meta, _ := json.Marshal(shop.Shopper{
			Page: pages[i*i%7+i%2], Items: []inventory.ItemID{
				size(hopMan, 6.5+float64(i%5)/2), size(breezy, 7+float64(i%4)),
			},
		})
		d.Joins = append(d.Joins, &presence.Presence{
			Topic: admin.CartTracker, Key: fmt.Sprint("shopper ", i), Meta: meta,
		})
	}
	return d
}

// busyStock is the usual stock some time later, so that there is something to tell of.
func busyStock() *stock {
	s := usual().out(size(hopMan, 7.5)).gone(long)
	s.changed(soon, func(p *inventory.ProductRow) {
		at := time.Now().Add(26 * time.Hour)
		p.ReleaseAt = &at
	})
	for i := range s.Items {
		if s.Items[i].ID == size(hopMan, 9.5) {
			s.Items[i].Available = 50
		}
	}
	return s
}

// idle is the desk behind the dashboard's buttons, which does nothing.
type idle struct{}

// idleError is its answer, which the dashboard shows.
type idleError struct{}

func (idleError) Error() string { return "This is the gallery: nothing can be changed here." }

// Release refuses.
func (idle) Release(context.Context, inventory.ProductID) (admin.Done, error) {
	return admin.Done{}, idleError{}
}

// Restock refuses.
func (idle) Restock(context.Context, inventory.ItemID, int) (admin.Done, error) {
	return admin.Done{}, idleError{}
}
