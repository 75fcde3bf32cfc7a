package products

import (
	"cmp"
	"time"

	"sneakers23/inventory"
)

// listPage is the list of all products.
type listPage struct {
	Loaded   bool   // the catalog has come from the database
	Paused   bool   // the whole shop is
	Trouble  string // why something was not done, "" mostly
	Products []listed
}

// listed is a product in the list.
type listed struct {
	SKU       string
	Name      string
	Brand     string
	Color     string
	Price     string
	ImageURL  string
	State     inventory.State
	Released  bool
	Paused    inventory.Pause
	ReleaseAt *time.Time // UTC
	Sizes     int
	Left      int
	Sold      int
	Lacks     string // what a product should have before it is live, "" for nothing
}

func (p *Pages) viewList() listPage {
	catalog := p.cfg.Catalog().All()
	page := listPage{Loaded: catalog.Loaded()}
	for product := range catalog.Products() {
		row := listed{
			SKU: product.SKU, Name: product.Name, Brand: product.Brand, Color: product.Color,
			Price: product.Price.String(), ImageURL: p.imageURL(product.Thumbnail()), State: cmp.Or(product.State,
				inventory.Live),
			Released: product.Released, Paused: product.Paused, Sizes: len(product.Items), Lacks: lacks(product),
		}
		if product.ReleaseAt != nil {
			due := product.ReleaseAt.UTC()
			row.ReleaseAt = &due
		}
		page.Paused = page.Paused || product.Paused == inventory.ShopPaused
		for _, it := range product.Items {
			row.Left += it.Available
			row.Sold += it.Sold
		}
		page.Products = append(page.Products, row)
	}
	return page
}

// lacks says what a product should have before it is live.
func lacks(p *inventory.Product) string {
	if p.State == inventory.Archived {
		return ""
	}
	left := 0
	for _, it := range p.Items {
		left += it.Available + it.Sold
	}
	switch {
	case len(p.Items) == 0:
		return "no sizes"
	case left == 0:
		return "no pairs"
	case p.Thumbnail() == "":
		return "no photo"
	}
	return ""
}
