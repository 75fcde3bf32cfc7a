package shop

import (
	"sneakers23/inventory"
)

type homePage struct {
	Layout
	Next     *productView // the drop that comes next, nil if none is scheduled
	Sections []sectionView
	Resting  bool // nothing can be bought, and no drop is scheduled
	Legend   []legendEntry
}

// sectionView is a shelf of the first page, with one product at least.
type sectionView struct {
	ID       string
	Title    string
	WhenOn   string // the title once all its products can be bought; "" to keep Title
	Products []productView
}

// nextDrop returns the product that is released next, nil if no release is scheduled. Of two at the
// same moment it is the first on the page.
func nextDrop(catalog *inventory.Catalog) (next *inventory.Product) {
	for product := range catalog.Products() {
		if product.Released || product.ReleaseAt == nil {
			continue
		}
		if next == nil || product.ReleaseAt.Before(*next.ReleaseAt) {
			next = product
		}
	}
	return next
}

// viewHome divides the catalog into the shelves of the first page.
func (p *Pages) viewHome(catalog *inventory.Catalog, cart *cartView) (page homePage) {
	var on, soon, gone []productView
	next := nextDrop(catalog)
	for product := range catalog.Products() {
		v := p.viewProduct(product, cart)
		switch {
		case product == next:
			page.Next = &v
		case !product.Released:
			soon = append(soon, v)
		case v.Sizes.AllOut():
			gone = append(gone, v)
		default:
			on = append(on, v)
		}
	}
	page.Legend = legend
	page.Resting = len(on) == 0 && next == nil
	for _, section := range []sectionView{
		{"on-now", "On now", "", on}, {"coming-soon", "Coming soon", "On now", soon},
		{"sold-out", "Sold out", "", gone},
	} {
		if len(section.Products) > 0 {
			page.Sections = append(page.Sections, section)
		}
	}
	return page
}
