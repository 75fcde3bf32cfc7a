package shop

import (
	"slices"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// cartLine is a line of a cart as shoppers see it, on the wire and on pages.
type cartLine struct {
	ID           inventory.ItemID    `json:"id"`
	ProductID    inventory.ProductID `json:"product_id"`
	SKU          string              `json:"sku"`
	Size         string              `json:"size"`
	Brand        string              `json:"brand"`
	Name         string              `json:"name"`
	Color        string              `json:"color"`
	Price        inventory.Cents     `json:"price_usd"`
	MainImageURL string              `json:"main_image_url"`
	Released     bool                `json:"released"`
	OutOfStock   bool                `json:"out_of_stock"`
	Paused       bool                `json:"paused,omitempty"` // selling is; the line can be bought when it is resumed
	Sizes        []cartSize          `json:"sizes,omitempty"`  // of the product, when this one is out

	line checkout.Line
}

// cartSize is a size that may be taken in place of one that is sold out.
type cartSize struct {
	ItemID inventory.ItemID `json:"item_id"`
	Size   string           `json:"size"`
	Level  inventory.Level  `json:"level"`
}

// Words says how many are left, as the page's legend does.
func (s cartSize) Words() string { return wordsFor(s.Level) }

// buyable reports whether the line can be bought now.
func (l cartLine) buyable() bool { return l.Released && !l.OutOfStock }

// Others are the sizes that may be taken instead of one that is out.
func (l cartLine) Others() []cartSize {
	return slices.DeleteFunc(slices.Clone(l.Sizes), func(s cartSize) bool { return s.Level == inventory.LevelOut })
}

// cartView is the cart beside a page. Its zero value is an empty cart, and so are the values of its
// Blanks: from them the page's script makes what comes in later.
type cartView struct {
	Lines      []cartLine
	Missing    inventory.ItemID // of a line whose item has left the shop, 0 for none
	Serialized string
	Subtotal   inventory.Cents // of what can be bought now

	BlankLine cartLine
	BlankSize cartSize
}

func (v *cartView) holds(id inventory.ItemID) bool {
	return slices.ContainsFunc(v.Lines, func(l cartLine) bool { return l.ID == id })
}

// State is what the cart as a whole is: "all" of it can be bought now, or "part" of it, or none of
// it before its release ("soon"), or all of it is sold out, and "others" (sizes) may be taken
// instead, or "none".
func (v *cartView) State() string {
	buyable := 0
	for _, l := range v.Lines {
		if l.buyable() {
			buyable++
		}
	}
	switch {
	case buyable == len(v.Lines):
		return "all"
	case buyable > 0:
		return "part"
	case slices.ContainsFunc(v.Lines, func(l cartLine) bool { return !l.OutOfStock }):
		return "soon"
	case slices.ContainsFunc(v.Lines, func(l cartLine) bool { return len(l.Others()) > 0 }):
		return "others"
	}
	return "none"
}

// Count is the number of lines, for a template.
func (v *cartView) Count() int { return len(v.Lines) }

func (p *Pages) viewCart(cart checkout.Cart, cartID string) *cartView {
	catalog := p.shelf.Catalog()
	v := &cartView{Lines: viewCart(cart, catalog, p.imageURL), Missing: missing(cart, catalog)}
	for _, l := range v.Lines {
		if l.buyable() {
			v.Subtotal += l.Price
		}
	}
	if len(v.Lines) > 0 {
		v.Serialized = p.carts.tokens.Sign(cart, cartID)
	}
	return v
}

// cartPayload is the payload of the event cart, and the response to what changes the cart.
type cartPayload struct {
	Items      []cartLine       `json:"items"`
	Missing    inventory.ItemID `json:"missing,omitzero"` // see cartView
	Serialized string           `json:"serialized"`
}

// viewCart lists the lines as the catalog has them, by item. Items that the catalog lacks cannot be
// shown.
func viewCart(cart checkout.Cart, catalog *inventory.Catalog, imageURL func(string) string) []cartLine {
	lines := make([]cartLine, 0, cart.Len())
	for _, l := range cart.Lines() {
		if item, product, ok := catalog.Item(l.Item); ok {
			lines = append(lines, viewLine(l, item, product, imageURL))
		}
	}
	return lines
}

// visible are the lines that the catalog knows. The others are not shown, not bought and not
// counted, but stay in the cart: another node may know them already, and merges what this one says.
func visible(cart checkout.Cart, catalog *inventory.Catalog) []checkout.Line {
	return slices.DeleteFunc(cart.Lines(), func(l checkout.Line) bool {
		_, _, ok := catalog.Item(l.Item)
		return !ok
	})
}

// missing returns the item of the first line whose item has left the shop, 0 if there is none. The
// shopper is told, since the line cannot be shown any more. It stays in the cart until the shopper
// removes it.
func missing(cart checkout.Cart, catalog *inventory.Catalog) inventory.ItemID {
	for _, l := range cart.Lines() {
		if catalog.Gone(l.Item) {
			return l.Item
		}
	}
	return 0
}

func viewLine(l checkout.Line, item inventory.Item, p *inventory.Product, imageURL func(string) string) cartLine {
	v := cartLine{
		ID:           item.ID,
		ProductID:    p.ID,
		SKU:          item.SKU,
		Size:         item.Size,
		Brand:        p.Brand,
		Name:         p.Name,
		Color:        p.Color,
		Price:        p.Price,
		MainImageURL: imageURL(p.Thumbnail()),
		Released:     p.Released,
		Paused:       p.Paused != inventory.NotPaused,
		OutOfStock:   item.Level == inventory.LevelOut,
		line:         l,
	}
	if v.OutOfStock {
		for _, it := range p.Items {
			v.Sizes = append(v.Sizes, cartSize{it.ID, it.Size, it.Level})
		}
	}
	return v
}

// newLine returns a line for an item that a shopper puts into a cart now.
func newLine(item inventory.Item, p *inventory.Product) checkout.Line {
	return checkout.Line{ID: checkout.NewLineID(), Product: p.ID, Item: item.ID}
}
