package inventory

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sneakers23/inventory/picture"
)

// ProductID names a product for as long as the store lives; it is never used again.
type ProductID int64

// ItemID names an item, which is one size of one product.
type ItemID int64

// Cents is an amount of money in US cents. Money is never a float: sums must be exact.
type Cents int64

// String is the amount as shoppers read it: $1,120, or $1,120.50 when there are cents. No amount of
// the shop is negative.
func (c Cents) String() string {
	dollars := strconv.FormatInt(int64(c/100), 10)
	for i := len(dollars) - 3; i > 0; i -= 3 {
		dollars = dollars[:i] + "," + dollars[i:]
	}
	if c%100 == 0 {
		return "$" + dollars
	}
	return fmt.Sprintf("$%s.%02d", dollars, c%100)
}

// Plain is the amount as [ParsePrice] reads it, always with cents: 1120.00.
func (c Cents) Plain() string { return fmt.Sprintf("%d.%02d", c/100, c%100) }

// ParsePrice reads an amount of dollars: 120, 120.5 or 120.50.
func ParsePrice(s string) (Cents, error) {
	dollars, cents, _ := strings.Cut(s, ".")
	if len(cents) == 1 {
		cents += "0"
	}
	amount, err := strconv.ParseUint(dollars+cents, 10, 40)
	switch {
	case err != nil && strings.Trim(dollars+cents, "0123456789") == "" && dollars != "":
		return 0, fmt.Errorf("is %q: that is more than any shoe costs", s)
	case err != nil, dollars == "", len(cents) != 0 && len(cents) != 2, strings.HasSuffix(s, "."):
		return 0, fmt.Errorf("is %q: it must be dollars, without cents or with two digits of them, like 120.00", s)
	}
	if cents == "" {
		amount *= 100
	}
	return Cents(amount), nil
}

// MarshalJSON writes dollars, as price_usd has always been on the wire: 120, or 120.5.
func (c Cents) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(c)/100, 'f', -1, 64), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Cents) UnmarshalJSON(b []byte) error {
	usd, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("inventory: price: %w", err)
	}
	if usd < 0 {
		*c = Cents(usd*100 - 0.5)
		return nil
	}
	*c = Cents(usd*100 + 0.5)
	return nil
}

// Revision orders the values that one row has had: a newer value has a higher revision. The
// database takes it from one sequence inside the row's lock, so it also tells roughly how fresh a
// catalog is.
type Revision int64

// State says where a product is in its life.
type State string

// The states of a product. The zero State is Live.
const (
	Draft    State = "draft"    // operators prepare it, shoppers do not see it
	Live     State = "live"     // shoppers see it, and can buy it once it is released
	Archived State = "archived" // it has left the shop; its orders and its books stay
)

// Pause says why nothing of a product is sold at present.
type Pause string

// The kinds of a pause.
const (
	NotPaused     Pause = ""
	ProductPaused Pause = "product" // by itself; resuming the shop leaves it
	ShopPaused    Pause = "shop"    // with the whole shop
)

// ProductRow is a product as the database has it, without its items.
type ProductRow struct {
	ID           ProductID  `json:"id"`
	SKU          string     `json:"sku"`
	Order        int        `json:"order"` // place on the page, ascending
	Brand        string     `json:"brand"`
	Name         string     `json:"name"`
	Color        string     `json:"color"`
	Price        Cents      `json:"price_usd"`
	MainImageURL string     `json:"main_image_url"` // of a product without images; see Thumbnail
	Released     bool       `json:"released"`
	ReleaseAt    *time.Time `json:"release_at,omitempty"` // when it is scheduled; nil when it is not
	State        State      `json:"state"`
	Story        string     `json:"story,omitempty"` // paragraphs, with an empty line between them
	Images       []Image    `json:"images,omitempty"`
	Limit        int        `json:"limit,omitempty"`  // pairs that one shopper may buy, over all orders; 0: any number
	Paused       Pause      `json:"paused,omitempty"` // nothing of it is sold at present
	Revision     Revision   `json:"revision"`
}

// Image is a picture of a product, as its row has it.
type Image struct {
	Picture    string              `json:"picture"` // id, see [picture.Picture]
	Alt        string              `json:"alt"`     // says what it shows, to those who do not see it
	Renditions []picture.Rendition `json:"renditions"`
}

// ImagePath is where renditions are served, by their names.
const ImagePath = "/images/"

// Thumbnail returns the address of the narrowest rendition of the first image, or else that of the
// main image: "" if there is none.
func (r *ProductRow) Thumbnail() string {
	if len(r.Images) > 0 {
		return ImagePath + r.Images[0].Renditions[0].Name
	}
	return r.MainImageURL
}

// Hidden reports whether shoppers do not see the product: it is a draft, or archived.
func (r *ProductRow) Hidden() bool { return r.State == Draft || r.State == Archived }

// ItemRow is an item together with its availability, as the database has them.
type ItemRow struct {
	ID        ItemID    `json:"id"`
	ProductID ProductID `json:"product_id"`
	SKU       string    `json:"sku"`
	Size      string    `json:"size"` // US
	EU        string    `json:"eu,omitempty"`
	UK        string    `json:"uk,omitempty"`
	CM        string    `json:"cm,omitempty"`
	Available int       `json:"available_count"`
	Sold      int       `json:"sold_count"`
	Revision  Revision  `json:"revision"`
	Frozen    bool      `json:"frozen,omitempty"` // its counts do not add up to what ever came: it is sold no more
}

// Product is a product with its items, as pages show it. Products in a Catalog are shared by all
// its readers: do not change one.
type Product struct {
	ProductRow
	Items []Item // by size

	// Shown changes whenever something of the product that a page shows has changed: a level, the
	// release, a word, but not a count within a level. It means something on this node only, until
	// the node ends: a key for what was rendered or encoded from this product, not a version to
	// send anywhere.
	Shown uint64
}

// Item is one size of a product, as pages show it.
type Item struct {
	ItemRow
	Level Level
}

// Item returns the item of the product with that id.
func (p *Product) Item(id ItemID) (Item, bool) {
	for _, it := range p.Items {
		if it.ID == id {
			return it, true
		}
	}
	return Item{}, false
}
