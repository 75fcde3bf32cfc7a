package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// NewCatalog is the catalog of these rows.
func NewCatalog(rows Rows, levels Thresholds) *Catalog {
	return newState(rows, levels, emptyCatalog).catalog
}

// state is what the server's loop knows: the newest row of each product and item, and the catalog
// made from them. It does no I/O and starts nothing.
type state struct {
	levels   Thresholds
	products map[ProductID]ProductRow
	items    map[ItemID]ItemRow // also those whose product is not known yet: changes come in any order
	catalog  *Catalog
}

// newState follows a catalog that may have been shown already: what looks as it did keeps its
// Shown.
func newState(rows Rows, levels Thresholds, before *Catalog) *state {
	s := &state{
		levels:   levels,
		products: make(map[ProductID]ProductRow, len(rows.Products)),
		items:    make(map[ItemID]ItemRow, len(rows.Items)),
		catalog:  before,
	}
	for _, row := range rows.Products {
		s.products[row.ID] = row
	}
	for _, row := range rows.Items {
		s.items[row.ID] = row
	}
	s.catalog = s.rebuild()
	return s
}

// apply takes the changes that are news, and returns them. The catalog is a new one if there were
// any. The items of a product that shoppers begin or cease to see are news as well.
func (s *state) apply(changes []Change) []Change {
	var (
		news    []Change
		touched = make(map[ProductID]bool)
		moved   bool // a row came, went, or changed its place: the index is out of date
	)
	for _, c := range changes {
		switch {
		case c.Product != nil:
			held := s.products[c.Product.ID]
			if !c.supersedes(held.Revision) {
				continue
			}
			moved = moved || c.WentBack() || held.SKU != c.Product.SKU || held.Order != c.Product.Order
			if c.Gone {
				delete(s.products, c.Product.ID)
			} else {
				s.products[c.Product.ID] = *c.Product
			}
			touched[c.Product.ID] = true
			if held.Hidden() != c.Product.Hidden() {
				moved = true
				news = append(news, s.itemsOf(c.Product.ID)...)
			}
		case c.Item != nil:
			held := s.items[c.Item.ID]
			if !c.supersedes(held.Revision) {
				continue
			}
			moved = moved || c.WentBack() || held.ProductID != c.Item.ProductID || held.Size != c.Item.Size
			if c.Gone {
				delete(s.items, c.Item.ID)
			} else {
				s.items[c.Item.ID] = *c.Item
			}
			touched[c.Item.ProductID] = true
		default:
			continue
		}
		news = append(news, c)
	}
	switch {
	case len(news) == 0:
	case moved:
		s.catalog = s.rebuild()
	default:
		s.catalog = s.update(touched)
	}
	return news
}

// itemsOf returns the items of a product as changes.
func (s *state) itemsOf(id ProductID) []Change {
	p, ok := s.catalog.All().Product(id)
	if !ok {
		return nil
	}
	changes := make([]Change, 0, len(p.Items))
	for _, it := range p.Items {
		row := s.items[it.ID]
		changes = append(changes, Change{Item: &row})
	}
	return changes
}

// update makes the next catalog when only values changed: the touched products are copied, all else
// is shared.
func (s *state) update(touched map[ProductID]bool) *Catalog {
	next := *s.catalog.All()
	next.products = slices.Clone(next.products)
	for id := range touched {
		i, ok := next.index.byID[id]
		if !ok {
			continue // an item whose product has not come yet
		}
		before := next.products[i]
		p := &Product{ProductRow: s.products[id], Items: slices.Clone(before.Items)}
		for j, it := range p.Items {
			p.Items[j] = s.item(it.ID)
		}
		next.put(i, p, before)
	}
	if s.catalog.all == nil {
		return &next
	}
	return next.visible(s.catalog.index)
}

// visible returns the catalog of the products that are not hidden. x is its index if that is known
// already, else nil.
func (c *Catalog) visible(x *index) *Catalog {
	seen := *c
	seen.products = slices.DeleteFunc(slices.Clone(c.products), func(p *Product) bool { return p.Hidden() })
	if len(seen.products) == len(c.products) {
		return c
	}
	if seen.all, seen.index = c, x; x == nil {
		seen.index = newIndex(seen.products)
		seen.index.lastItem = c.index.lastItem
	}
	return &seen
}

// rebuild makes the next catalog from all rows, with a new index.
func (s *state) rebuild() *Catalog {
	items := make(map[ProductID][]Item, len(s.products))
	for id, row := range s.items {
		items[row.ProductID] = append(items[row.ProductID], s.item(id))
	}
	rows := slices.SortedFunc(maps.Values(s.products), func(a, b ProductRow) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID))
	})
	products := make([]*Product, 0, len(rows))
	for _, row := range rows {
		p := &Product{ProductRow: row, Items: items[row.ID]}
		slices.SortFunc(p.Items, bySize)
		products = append(products, p)
	}
	before := s.catalog.All()
	next := &Catalog{
		products: products, index: newIndex(products), levels: s.levels, shown: before.shown + 1, loaded: true,
	}
	next.index.lastItem = max(next.index.lastItem, before.index.lastItem)
	for i, p := range products {
		was, _ := before.Product(p.ID)
		next.put(i, p, was)
	}
	return next.visible(nil)
}

// newIndex makes the index of these products.
func newIndex(products []*Product) *index {
	x := &index{
		byID:   make(map[ProductID]int, len(products)),
		bySKU:  make(map[string]int, len(products)),
		byFold: make(map[string]int, len(products)),
		byItem: make(map[ItemID]place),
	}
	for i, p := range products {
		x.byID[p.ID] = i
		x.bySKU[p.SKU] = i
		x.fold(p.SKU, i)
		for j, it := range p.Items {
			x.byItem[it.ID] = place{i, j}
			x.lastItem = max(x.lastItem, it.ID)
		}
	}
	return x
}

// fold lets the product at i be found by its SKU in any case, unless another one would be found as
// well.
func (x *index) fold(sku string, i int) {
	folded := strings.ToLower(sku)
	if _, taken := x.byFold[folded]; taken {
		i = -1
	}
	x.byFold[folded] = i
}

func (s *state) item(id ItemID) Item {
	row := s.items[id]
	if row.Frozen {
		return Item{ItemRow: row, Level: LevelOut}
	}
	return Item{ItemRow: row, Level: s.levels.Level(row.Available)}
}

// put places a product that is not published yet, and gives it and the catalog a new Shown if a
// page must show it differently than before. before is nil for a new product.
func (c *Catalog) put(i int, p, before *Product) {
	c.products[i] = p
	c.revision = max(c.revision, p.Revision)
	for _, it := range p.Items {
		c.revision = max(c.revision, it.Revision)
	}
	if before != nil && p.looksLike(before) {
		p.Shown = before.Shown
		return
	}
	c.shown++
	p.Shown = c.shown
}

func (p *Product) looksLike(o *Product) bool {
	return p.ProductRow.looksLike(o.ProductRow) && slices.EqualFunc(p.Items, o.Items, func(a, b Item) bool {
		return a.ID == b.ID && a.SKU == b.SKU && a.Size == b.Size && a.EU == b.EU && a.UK == b.UK && a.CM == b.CM &&
			a.Level == b.Level
	})
}

// bySize orders 6, 6.5, 10 as shoppers do; sizes that are no numbers come last, in the order they
// were added.
func bySize(a, b Item) int {
	sizeA, errA := strconv.ParseFloat(a.Size, 64)
	sizeB, errB := strconv.ParseFloat(b.Size, 64)
	switch {
	case errA == nil && errB == nil:
		return cmp.Or(cmp.Compare(sizeA, sizeB), cmp.Compare(a.ID, b.ID))
	case errA == nil:
		return -1
	case errB == nil:
		return 1
	}
	return cmp.Compare(a.ID, b.ID)
}
