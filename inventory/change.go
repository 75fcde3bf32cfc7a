package inventory

import "slices"

// Rows is everything that the database knows of the inventory, read in one snapshot.
type Rows struct {
	Products []ProductRow
	Items    []ItemRow
	Restore  int64 // the number of the last restore from a backup; 0: there was none
}

// Change is the new value of one row: exactly one of Product and Item is set. It carries the whole
// row with its revision, so applying it needs no question to the database, may be repeated, and may
// come in any order: the higher revision wins.
type Change struct {
	Product *ProductRow `json:"product,omitempty"`
	Item    *ItemRow    `json:"item,omitempty"`

	By string `json:"by,omitempty"` // the operator who made it; empty: a shopper, or the shop itself

	// Gone says that the database has the row no longer. Replaces is the revision that this change
	// may overwrite although its own is not higher: the one that was seen when the database proved
	// to have gone back. Both are found by [Catalog.Missed], and mean nothing to another node: each
	// compares its own catalog.
	Gone     bool     `json:"-"`
	Replaces Revision `json:"-"`
}

// Revision of the row that the change carries.
func (c Change) Revision() Revision {
	if c.Product != nil {
		return c.Product.Revision
	}
	return c.Item.Revision
}

// supersedes tells whether the change is news to who holds that revision of the row. An unknown row
// has revision 0.
func (c Change) supersedes(held Revision) bool {
	return c.Revision() > held && !c.Gone || held != 0 && c.Replaces == held
}

// Missed compares the catalog with rows that were read from the database after the catalog was
// taken, and returns what would make it equal to them. The order matters: because the catalog is
// the older of the two, a lower revision in rows proves that the database went back (a restore, a
// failover), and a row that rows lack was deleted.
func (c *Catalog) Missed(rows Rows) []Change {
	c = c.All()
	var missed []Change
	products := make(map[ProductID]bool, len(rows.Products))
	for _, row := range rows.Products {
		products[row.ID] = true
		var held ProductRow
		if p, ok := c.Product(row.ID); ok {
			held = p.ProductRow
		}
		if !row.equal(held) {
			missed = append(missed, Change{Product: &row, Replaces: held.Revision})
		}
	}
	items := make(map[ItemID]bool, len(rows.Items))
	for _, row := range rows.Items {
		items[row.ID] = true
		held, _, _ := c.Item(row.ID)
		if row != held.ItemRow {
			missed = append(missed, Change{Item: &row, Replaces: held.Revision})
		}
	}
	for p := range c.Products() {
		for _, it := range p.Items {
			if !items[it.ID] {
				missed = append(missed, Change{Item: &it.ItemRow, Gone: true, Replaces: it.Revision})
			}
		}
		if !products[p.ID] {
			missed = append(missed, Change{Product: &p.ProductRow, Gone: true, Replaces: p.Revision})
		}
	}
	return missed
}

// WentBack tells whether the change shows that the database holds less than this node had seen of
// it.
func (c Change) WentBack() bool {
	return c.Gone || c.Replaces != 0 && c.Replaces >= c.Revision()
}

func (r ProductRow) equal(o ProductRow) bool {
	return r.Revision == o.Revision && r.looksLike(o)
}

// looksLike ignores the revision, which no page shows.
func (r ProductRow) looksLike(o ProductRow) bool {
	switch {
	case r.ReleaseAt == nil || o.ReleaseAt == nil:
		if r.ReleaseAt != o.ReleaseAt {
			return false
		}
	case !r.ReleaseAt.Equal(*o.ReleaseAt):
		return false
	}
	return r.ID == o.ID && r.SKU == o.SKU && r.Order == o.Order && r.Brand == o.Brand && r.Name == o.Name &&
		r.Color == o.Color && r.Price == o.Price && r.MainImageURL == o.MainImageURL && r.Released == o.Released &&
		r.State == o.State && r.Story == o.Story && r.Limit == o.Limit && r.Paused == o.Paused &&
		slices.EqualFunc(r.Images, o.Images, Image.equal)
}

func (i Image) equal(o Image) bool {
	return i.Picture == o.Picture && i.Alt == o.Alt && slices.Equal(i.Renditions, o.Renditions)
}
