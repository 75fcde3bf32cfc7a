package inventory

import (
	"iter"
	"strings"
)

// Catalog is everything that shoppers see, at one moment. It never changes: a change makes a new
// Catalog that shares what stayed the same. So a page holds one for as long as it likes, and no
// reader waits for another. All methods may be called from any goroutine, and those that pages are
// made with do not allocate.
//
// A product that is hidden, and its items, are in [Catalog.All] only. To a page such a product is
// like one that was never there, or that was deleted.
type Catalog struct {
	products []*Product // by Order, then ID
	index    *index     // shared by all catalogs with the same rows
	all      *Catalog   // with the hidden products too; nil if there are none, or this is it
	revision Revision   // of all rows
	levels   Thresholds
	shown    uint64
	loaded   bool
}

// index finds rows by name. It is rebuilt only when a row comes, goes or moves.
type index struct {
	byID   map[ProductID]int // position in products
	bySKU  map[string]int
	byFold map[string]int // SKU in lower case; -1 when several are the same then
	byItem map[ItemID]place

	lastItem ItemID // the highest that there ever was, as far as this node knows
}

type place struct{ product, item int }

var emptyCatalog = &Catalog{index: &index{}}

// Loaded tells whether the catalog came from the database. Before that, it is empty.
func (c *Catalog) Loaded() bool { return c.loaded }

// All returns the catalog of all products, also of those that shoppers do not see. It is what
// operators work with.
func (c *Catalog) All() *Catalog {
	if c.all == nil {
		return c
	}
	return c.all
}

// Len is the number of products.
func (c *Catalog) Len() int { return len(c.products) }

// Products lists all products in the order of the page.
func (c *Catalog) Products() iter.Seq[*Product] {
	return func(yield func(*Product) bool) {
		for _, p := range c.products {
			if !yield(p) {
				return
			}
		}
	}
}

// Product returns the product with that id.
func (c *Catalog) Product(id ProductID) (*Product, bool) {
	i, ok := c.index.byID[id]
	if !ok {
		return nil, false
	}
	return c.products[i], true
}

// ProductBySKU returns the product with that stock-keeping unit.
func (c *Catalog) ProductBySKU(sku string) (*Product, bool) {
	i, ok := c.index.bySKU[sku]
	if !ok {
		return nil, false
	}
	return c.products[i], true
}

// ProductInAnyCase returns the product with that stock-keeping unit, or else the only one whose is
// the same but for upper and lower case.
func (c *Catalog) ProductInAnyCase(sku string) (*Product, bool) {
	if p, ok := c.ProductBySKU(sku); ok {
		return p, true
	}
	i, ok := c.index.byFold[strings.ToLower(sku)]
	if !ok || i < 0 {
		return nil, false
	}
	return c.products[i], true
}

// Item returns the item with that id, and the product it is a size of.
func (c *Catalog) Item(id ItemID) (Item, *Product, bool) {
	at, ok := c.index.byItem[id]
	if !ok {
		return Item{}, nil, false
	}
	p := c.products[at.product]
	return p.Items[at.item], p, true
}

// Gone reports whether an item was deleted, or its product is archived. Ids rise, and are never
// used again: an item that is not here, and has a lower id than another one that is or was, has
// been here. A higher one may be new, and known to other nodes already.
func (c *Catalog) Gone(id ItemID) bool {
	if _, p, there := c.All().Item(id); there {
		return p.State == Archived
	}
	return c.loaded && id <= c.index.lastItem
}

// Revision is the highest revision of any row, also of hidden products: how fresh the catalog is.
func (c *Catalog) Revision() Revision { return c.revision }

// Levels tells where the levels of its items begin.
func (c *Catalog) Levels() Thresholds { return c.levels }

// Shown changes whenever something that a page shows has changed, of any product; see
// [Product.Shown].
func (c *Catalog) Shown() uint64 { return c.shown }
