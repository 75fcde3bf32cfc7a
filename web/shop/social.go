package shop

import (
	"time"

	"sneakers23/inventory"
)

// socialView is what a page says of itself to messengers and search engines, as Open Graph has it.
type socialView struct {
	Type        string
	Site        string
	Title       string
	Description string
	URL         string       // "" while the shop has no address: it must be absolute
	Image       *socialImage // nil without an image, or without an address
	Price       string       // "" for a page that is of no product
	Available   string
}

// socialImage is an image with its absolute address.
type socialImage struct {
	URL, Alt      string
	Width, Height int
}

// social returns what the page at a path says of itself. art is its image, nil for none.
func (p *Pages) social(kind, title, description, path string, art *artView) *socialView {
	settings := p.front.Look().Settings().Settings
	v := &socialView{Type: kind, Site: settings.Name, Title: title, Description: description}
	if settings.URL == "" {
		return v
	}
	v.URL = settings.URL + path
	if art != nil && art.Photo() { // messengers show no drawings
		v.Image = &socialImage{settings.URL + art.Src, art.Alt, art.Width, art.Height}
	}
	return v
}

// The words of schema.org for how much is left.
const (
	schemaInStock    = "https://schema.org/InStock"
	schemaLimited    = "https://schema.org/LimitedAvailability"
	schemaSoldOut    = "https://schema.org/SoldOut"
	schemaOutOfStock = "https://schema.org/OutOfStock" // not on sale yet, or paused: it cannot be ordered
)

// availability returns the word for a product, and the one that Open Graph has.
func availability(product *inventory.Product) (schema, openGraph string) {
	if !product.Released || len(product.Items) == 0 || product.Paused != inventory.NotPaused {
		return schemaOutOfStock, "pending"
	}
	best := inventory.LevelOut
	for _, it := range product.Items {
		switch {
		case it.Level == inventory.LevelMedium, it.Level == inventory.LevelHigh:
			return schemaInStock, "in stock"
		case it.Level != inventory.LevelOut:
			best = it.Level
		}
	}
	if best == inventory.LevelOut {
		return schemaSoldOut, "out of stock"
	}
	return schemaLimited, "in stock"
}

// linkedProduct describes a product to search engines, as schema.org has it.
type linkedProduct struct {
	Context     string      `json:"@context"`
	Type        string      `json:"@type"`
	Name        string      `json:"name"`
	SKU         string      `json:"sku"`
	Color       string      `json:"color,omitempty"`
	Description string      `json:"description,omitempty"`
	Image       []string    `json:"image,omitempty"`
	Brand       linkedBrand `json:"brand"`
	Offers      linkedOffer `json:"offers"`
}

type linkedBrand struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

type linkedOffer struct {
	Type          string      `json:"@type"`
	URL           string      `json:"url"` // below the page's own address while the shop has none
	Price         string      `json:"price"`
	Currency      string      `json:"priceCurrency"`
	Availability  string      `json:"availability"`
	Starts        *time.Time  `json:"availabilityStarts,omitempty"`
	ItemCondition string      `json:"itemCondition"`
	Seller        linkedBrand `json:"seller"`
}

// linked describes a product. The images are those of its page.
func (p *Pages) linked(product *inventory.Product, images []artView) linkedProduct {
	settings := p.front.Look().Settings().Settings
	schema, _ := availability(product)
	data := linkedProduct{
		Context: "https://schema.org", Type: "Product", Name: product.Name, SKU: product.SKU, Color: product.Color,
		Description: product.Story, Brand: linkedBrand{"Brand", product.Brand},
		Offers: linkedOffer{
			Type: "Offer", URL: settings.URL + "/products/" + product.SKU, Price: product.Price.Plain(),
			Currency:     "USD",
			Availability: schema, ItemCondition: "https://schema.org/NewCondition",
			Seller: linkedBrand{"Organization", settings.Name},
		},
	}
	if product.ReleaseAt != nil {
		starts := product.ReleaseAt.UTC()
		data.Offers.Starts = &starts
	}
	for _, image := range images {
		if image.Photo() {
			data.Image = append(data.Image, settings.URL+image.Src)
		}
	}
	return data
}
