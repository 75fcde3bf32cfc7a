// Package webtest helps the tests of web and its wings.
package webtest

import (
	"sync/atomic"
	"time"

	"sneakers23/inventory"
)

// Shelf holds the catalog that a test wants to be shown. Put may be called while pages are served.
type Shelf struct {
	catalog atomic.Pointer[inventory.Catalog]
}

// NewShelf shows the rows.
func NewShelf(rows inventory.Rows) *Shelf {
	s := new(Shelf)
	s.Put(rows)
	return s
}

// Put shows these rows from now on. Each catalog is made on its own, as by a node that just
// started: it has the same Shown as one that looks the same, but also as one with as many products
// that looks different.
func (s *Shelf) Put(rows inventory.Rows) {
	s.catalog.Store(inventory.NewCatalog(rows, inventory.DefaultThresholds))
}

// Catalog is what was put last.
func (s *Shelf) Catalog() *inventory.Catalog { return s.catalog.Load() }

// ShopTime is the time of this machine.
func (s *Shelf) ShopTime() time.Time { return time.Now() }

// Rows are two products with a size of each level; the first is released.
func Rows() inventory.Rows {
	rows := inventory.Rows{Products: []inventory.ProductRow{
		{
			ID: 1, SKU: "SHU6000", Order: 1, Brand: "Snks 23", Name: "Hop Man 3", Color: "yellow/blue", Price: 12000,
			MainImageURL: "/assets/images/hop-man-3.svg", Released: true, Revision: 1,
		},
		{
			ID: 2, SKU: "SHU6100", Order: 2, Brand: "Asler", Name: "Breezy Boost 600", Color: "momentum", Price: 14050,
			MainImageURL: "https://elsewhere.example/breezy.svg", Revision: 1,
		},
	}}
	sizes := []struct {
		name      string
		available int
	}{{"9", 0}, {"9.5", 149}, {"10", 499}, {"10.5", 500}}
	for _, product := range rows.Products {
		for _, size := range sizes {
			rows.Items = append(rows.Items, inventory.ItemRow{
				ID:        inventory.ItemID(len(rows.Items) + 1),
				ProductID: product.ID,
				SKU:       product.SKU + "-" + size.name,
				Size:      size.name,
				Available: size.available,
				Revision:  1,
			})
		}
	}
	return rows
}

// PutShown is Put with another Shown for each product, as after a change that their pages show.
func (s *Shelf) PutShown(rows inventory.Rows, shown uint64) {
	c := inventory.NewCatalog(rows, inventory.DefaultThresholds)
	for p := range c.Products() {
		p.Shown = shown // no reader has seen the catalog yet
	}
	s.catalog.Store(c)
}

// Close shows a catalog that is not loaded.
func (s *Shelf) Close() {
	s.catalog.Store(inventory.NewServer(nil, inventory.DefaultThresholds, nil, nil).Catalog())
}
