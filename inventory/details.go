package inventory

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sneakers23/inventory/picture"
)

// Details is what operators write of a product: not its release, or the stock of sizes that are
// there.
type Details struct {
	SKU   string `json:"sku"`
	Order int    `json:"order"` // place on the page, ascending
	Brand string `json:"brand"`
	Name  string `json:"name"`
	Color string `json:"color"`
	Price Cents  `json:"price_usd"`
	State State  `json:"state"`
	Story string `json:"story,omitempty"` // paragraphs, with an empty line between them

	Limit  int            `json:"limit,omitempty"`  // pairs that one shopper may buy; 0: any number
	Images []ImageDetails `json:"images,omitempty"` // the first is shown in lists
	Sizes  []SizeDetails  `json:"sizes"`
}

// ImageDetails is what operators write of an image of a product.
type ImageDetails struct {
	Picture string `json:"picture"` // id of a picture that was uploaded
	Alt     string `json:"alt"`     // says what it shows, to those who do not see it
}

// SizeDetails is what operators write of one size of a product.
type SizeDetails struct {
	SKU   string `json:"sku"`
	Size  string `json:"us"`
	EU    string `json:"eu,omitempty"`
	UK    string `json:"uk,omitempty"`
	CM    string `json:"cm,omitempty"`
	Stock int    `json:"stock,omitempty"` // pairs that a new size begins with
}

// Limits of what operators write. Words are counted in characters.
const (
	MaxEdits  = 500    // products in one call of Save
	MaxNamed  = 10_000 // sizes that the edits of one call name
	MaxSizes  = 60     // of a product
	MaxImages = 6      // of a product
	MaxWord   = 200    // brand, name, color
	MaxLimit  = 1000
	MaxAlt    = 300 // of an image
	MaxSize   = 16
	MaxStory  = 5000
	MaxPrice  = Cents(1_000_000_00)
	MaxOrder  = 1_000_000
	maxPairs  = 1_000_000
)

// Details returns what operators wrote of the product.
func (p *Product) Details() Details {
	d := Details{
		SKU: p.SKU, Order: p.Order, Brand: p.Brand, Name: p.Name, Color: p.Color, Price: p.Price,
		State: cmp.Or(p.State, Live), Story: p.Story, Limit: p.Limit, Sizes: make([]SizeDetails, len(p.Items)),
	}
	for _, image := range p.Images {
		d.Images = append(d.Images, ImageDetails{image.Picture, image.Alt})
	}
	for i, it := range p.Items {
		d.Sizes[i] = SizeDetails{SKU: it.SKU, Size: it.Size, EU: it.EU, UK: it.UK, CM: it.CM}
	}
	return d
}

// Version tells details apart: that of a product changes with whatever operators write of it, and
// is the same at all nodes. Stock is no part of it.
func (d Details) Version() string {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%q %d %q %q %q %d %q %q %d",
		d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story, d.Limit)
	for _, image := range d.Images {
		fmt.Fprintf(hash, " %q %q", image.Picture, image.Alt)
	}
	for _, s := range d.Sizes {
		fmt.Fprintf(hash, " %q %q %q %q %q", s.SKU, s.Size, s.EU, s.UK, s.CM)
	}
	return strconv.FormatUint(hash.Sum64(), 36)
}

// Problem says what is wrong with an edit.
type Problem struct {
	Edit  int    `json:"edit"`  // which of the edits, from 0 on; -1 for all of them
	Size  int    `json:"size"`  // which of its sizes, from 0 on; -1 for none
	Field string `json:"field"` // as in a file of products
	Text  string `json:"text"`  // what is wrong, without the name of the field
}

// Problems are why edits are refused, all of them.
type Problems []Problem

// Error lists the problems in sentences.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Field + " " + problem.Text
	}
	return "inventory: " + strings.Join(texts, "; ")
}

// checker collects problems.
type checker struct {
	edit, size int
	found      Problems
}

func (c *checker) fail(field, format string, args ...any) {
	c.found = append(c.found, Problem{c.edit, c.size, field, fmt.Sprintf(format, args...)})
}

var skuPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (c *checker) sku(sku string) {
	switch {
	case sku == "":
		c.fail("sku", "is missing")
	case !skuPattern.MatchString(sku):
		c.fail("sku", "%q has more than letters, digits, dots, dashes and underscores, or is longer than 64", sku)
	case strings.Trim(sku, ".") == "":
		c.fail("sku", "%q has only dots, and its page would have no address", sku)
	case strings.Trim(sku, "0123456789") == "":
		c.fail("sku", "%q is a number, and could be mistaken for an id", sku)
	}
}

// words checks a text of at least and at most so many characters.
func (c *checker) words(field, text string, least, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		c.fail(field, "is missing")
	case n > most:
		c.fail(field, "is %d characters long, of at most %d", n, most)
	case !utf8.ValidString(text):
		c.fail(field, "is no UTF-8")
	}
	for _, r := range text {
		if paragraph := field == "story" && r == '\n'; invisible(r) && !paragraph {
			c.fail(field, "has the invisible character %U", r)
			return
		}
	}
}

// invisible reports whether readers do not see a character, but what it does to others.
func invisible(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// check returns what is wrong with the products that the edits want, and what contradicts others.
func (e *editing) check() Problems {
	c := &checker{size: -1}
	products, sizes := make(map[string]int), make(map[string]string)
	for i, d := range e.wanted {
		c.edit = i
		p := e.of(e.edits[i])
		differs := !d.compare(p).Unchanged() // what stays as it is may be older than these rules
		if differs {
			c.product(d)
			c.state(p, d.State)
			if e.edits[i].Images != nil {
				c.images(d.Images, e.pictures)
			}
		}
		if first, twice := products[d.SKU]; twice {
			c.fail("sku", "%s is that of product %d as well", d.SKU, first+1)
		}
		products[d.SKU] = i
		if p != nil && e.edits[i].New {
			c.fail("sku", "%s is that of another product", d.SKU)
		}
		if other, taken := e.bySKU[d.SKU]; taken && p != nil && other != p.ID {
			c.fail("sku", "%s is that of another product", d.SKU)
		}
		for j, s := range e.edits[i].Sizes {
			c.size = j
			if differs {
				c.sizeOf(d, s.SKU)
			}
			if of, twice := sizes[s.SKU]; twice {
				c.fail("sku", "%s is that of another size of %s as well", s.SKU, of)
			}
			sizes[s.SKU] = d.SKU
			if of, there := e.ofItem[s.SKU]; there && (p == nil || of != p.ID) {
				c.fail("sku", "%s is that of a size of another product", s.SKU)
			}
		}
		c.size = -1
	}
	return c.found
}

// state checks what a product becomes. p is nil for a new one.
func (c *checker) state(p *Product, state State) {
	switch {
	case state != Draft && state != Live && state != Archived:
		c.fail("state", "is %q; it must be draft, live or archived", state)
	case p == nil || state != Draft || p.State == Draft:
	case p.Released:
		c.fail("state", "cannot be draft again: %s is released; take the release back first", p.SKU)
	case p.ReleaseAt != nil:
		c.fail("state", "cannot be draft again: a release of %s is scheduled; call it off first", p.SKU)
	}
}

func (c *checker) product(d Details) {
	c.sku(d.SKU)
	c.words("brand", d.Brand, 1, MaxWord)
	c.words("name", d.Name, 1, MaxWord)
	c.words("color", d.Color, 1, MaxWord)
	c.words("story", d.Story, 0, MaxStory)
	switch {
	case d.Price < 1:
		c.fail("price", "is missing: it must be more than nothing")
	case d.Price > MaxPrice:
		c.fail("price", "is %s, of at most %s", d.Price, MaxPrice)
	}
	if d.Limit < 0 || d.Limit > MaxLimit {
		c.fail("limit", "must be from 0 to %d, where 0 is no limit", MaxLimit)
	}
	if d.Order < -MaxOrder || d.Order > MaxOrder {
		c.fail("order", "must be from %d to %d", -MaxOrder, MaxOrder)
	}
	if len(d.Sizes) > MaxSizes {
		c.fail("sizes", "are %d, of at most %d", len(d.Sizes), MaxSizes)
	}
}

// images checks the images of a product, whose pictures must be among those that were uploaded.
func (c *checker) images(images []ImageDetails, uploaded map[string][]picture.Rendition) {
	if len(images) > MaxImages {
		c.fail("images", "are %d, of at most %d", len(images), MaxImages)
		return
	}
	for i, image := range images {
		c.words("images", image.Alt, 0, MaxAlt)
		switch same := func(o ImageDetails) bool { return o.Picture == image.Picture }; {
		case image.Alt == "":
			c.fail("images", "%d has no text: say what it shows, for those who do not see it", i+1)
		case len(uploaded[image.Picture]) == 0:
			c.fail("images", "%d is picture %q, which was not uploaded, or is deleted", i+1, image.Picture)
		case slices.IndexFunc(images, same) < i:
			c.fail("images", "%d is the same picture as another one", i+1)
		}
	}
}

// sizeOf checks the size of a product that has the SKU.
func (c *checker) sizeOf(d Details, sku string) {
	s := d.Sizes[slices.IndexFunc(d.Sizes, func(s SizeDetails) bool { return s.SKU == sku })]
	c.sku(s.SKU)
	c.words("us", s.Size, 1, MaxSize)
	c.words("eu", s.EU, 0, MaxSize)
	c.words("uk", s.UK, 0, MaxSize)
	c.words("cm", s.CM, 0, MaxSize)
	if s.Stock < 0 || s.Stock > maxPairs {
		c.fail("stock", "must be from 0 to %d", maxPairs)
	}
	if slices.ContainsFunc(d.Sizes, func(other SizeDetails) bool { return other.SKU != sku && other.Size == s.Size }) {
		c.fail("us", "%s is that of another size as well", s.Size)
	}
}
