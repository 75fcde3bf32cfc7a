package admin

import (
	"strconv"
	"time"

	"sneakers23/inventory"
)

// dashboardPage is what the page is made of: the products with what is known of them now. The
// socket brings all else, and keeps all of it true.
type dashboardPage struct {
	Token    string
	Levels   inventory.Thresholds
	Loaded   bool // the catalog has come from the database
	Left     grouped
	Sold     grouped
	Products []productCard
}

// productCard is a product with its sizes.
type productCard struct {
	ID        inventory.ProductID
	SKU       string
	Brand     string
	Name      string
	Color     string
	Price     string
	ImageURL  string
	Released  bool
	Paused    bool
	SoldOut   bool       // it is released, and no size has a pair left
	ReleaseAt *time.Time // UTC; nil when no release is scheduled
	Left      grouped
	Sold      grouped
	Sizes     []sizeRow
}

type sizeRow struct {
	ItemID inventory.ItemID
	Size   string
	Level  inventory.Level
	Left   grouped
	Sold   grouped
}

// Share is how many of a hundred pairs are left; the last one is seen too.
func (r sizeRow) Share() int {
	if r.Left <= 0 {
		return 0
	}
	return max(1, int(100*r.Left/(r.Left+r.Sold)))
}

// grouped is a number that is written with its thousands apart, as the script writes it.
type grouped int

func (n grouped) String() string {
	s := strconv.Itoa(int(n))
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// viewDashboard asks imageURL for the addresses of the products' images.
func viewDashboard(catalog *inventory.Catalog, token string, imageURL func(string) string) dashboardPage {
	page := dashboardPage{Token: token, Levels: catalog.Levels(), Loaded: catalog.Loaded()}
	for p := range catalog.Products() {
		card := viewCard(p, imageURL)
		page.Left += card.Left
		page.Sold += card.Sold
		page.Products = append(page.Products, card)
	}
	return page
}

func viewCard(p *inventory.Product, imageURL func(string) string) productCard {
	card := productCard{
		ID:       p.ID,
		SKU:      p.SKU,
		Brand:    p.Brand,
		Name:     p.Name,
		Color:    p.Color,
		Price:    p.Price.String(),
		ImageURL: imageURL(p.Thumbnail()),
		Released: p.Released,
		Paused:   p.Paused != inventory.NotPaused,
		Sizes:    make([]sizeRow, len(p.Items)),
	}
	if p.ReleaseAt != nil {
		due := p.ReleaseAt.UTC()
		card.ReleaseAt = &due
	}
	for i, it := range p.Items {
		card.Sizes[i] = sizeRow{
			ItemID: it.ID, Size: it.Size, Level: it.Level, Left: grouped(it.Available), Sold: grouped(it.Sold),
		}
		card.Left += grouped(it.Available)
		card.Sold += grouped(it.Sold)
	}
	card.SoldOut = card.Released && card.Left == 0 && len(p.Items) > 0
	return card
}
