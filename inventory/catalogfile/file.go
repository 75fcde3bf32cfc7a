package catalogfile

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"sneakers23/inventory"
)

// file is what a file holds, by its keys.
type file struct {
	Products []product `json:"products" yaml:"products"`
}

type product struct {
	SKU   text    `json:"sku" yaml:"sku"`
	Order *number `json:"order,omitempty" yaml:"order,omitempty"`
	Brand *text   `json:"brand,omitempty" yaml:"brand,omitempty"`
	Name  *text   `json:"name,omitempty" yaml:"name,omitempty"`
	Color *text   `json:"color,omitempty" yaml:"color,omitempty"`
	Price *price  `json:"price,omitempty" yaml:"price,omitempty"`
	State *text   `json:"state,omitempty" yaml:"state,omitempty"`
	Story *text   `json:"story,omitempty" yaml:"story,omitempty"`

	Limit  *number  `json:"limit,omitempty" yaml:"limit,omitempty"`
	Images *[]image `json:"images,omitempty" yaml:"images,omitempty"`
	Sizes  []size   `json:"sizes,omitempty" yaml:"sizes,omitempty"`
}

type image struct {
	File text `json:"file" yaml:"file"`
	Alt  text `json:"alt" yaml:"alt"`
}

type size struct {
	SKU   text   `json:"sku" yaml:"sku"`
	US    *text  `json:"us,omitempty" yaml:"us,omitempty"`
	EU    *text  `json:"eu,omitempty" yaml:"eu,omitempty"`
	UK    *text  `json:"uk,omitempty" yaml:"uk,omitempty"`
	CM    *text  `json:"cm,omitempty" yaml:"cm,omitempty"`
	Stock number `json:"stock,omitempty" yaml:"stock,omitempty"`
}

// text is a word or more as it stands in the file: the size 9.50 is not 9.5, and the name 0x10 is
// not 16, also where there are no quotes.
type text string

// UnmarshalYAML takes what YAML would make a number, a truth or a date as the text that it is.
func (t *text) UnmarshalYAML(n ast.Node) error {
	switch n := n.(type) {
	case *ast.NullNode:
		*t = ""
	case *ast.StringNode:
		*t = text(n.Value)
	case *ast.LiteralNode:
		*t = text(n.Value.Value)
	case ast.ScalarNode:
		*t = text(n.GetToken().Value)
	default:
		return wrong(n, "must be a text")
	}
	return nil
}

// UnmarshalJSON takes a number or a truth as the text that it is, as UnmarshalYAML does.
func (t *text) UnmarshalJSON(b []byte) error {
	if strings.ContainsRune("-0123456789tf", rune(b[0])) {
		*t = text(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(t))
}

// number is a whole number in the file.
type number int

// UnmarshalYAML reads digits, with or without quotes.
func (x *number) UnmarshalYAML(n ast.Node) error {
	var t text
	if err := t.UnmarshalYAML(n); err != nil {
		return err
	}
	value, err := strconv.Atoi(string(t))
	if err != nil {
		return wrong(n, "must be a whole number, and is %q", t)
	}
	*x = number(value)
	return nil
}

// wrong is the error of a value, at its line and key.
func wrong(n ast.Node, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if i := strings.LastIndexByte(n.GetPath(), '.'); i >= 0 {
		text = n.GetPath()[i+1:] + " " + text
	}
	return &Error{n.GetToken().Position.Line, text}
}

// price is an amount of dollars in the file: "120", "120.5" or "120.50".
type price inventory.Cents

// MarshalJSON writes a price with its cents, and as a text, so that no program rounds it.
func (p price) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// MarshalYAML writes a price as people do.
func (p price) MarshalYAML() ([]byte, error) { return []byte(p.String()), nil }

func (p price) String() string { return inventory.Cents(p).Plain() }

// UnmarshalYAML reads what MarshalYAML writes, with or without quotes.
func (p *price) UnmarshalYAML(n ast.Node) error {
	var t text
	if err := t.UnmarshalYAML(n); err != nil {
		return err
	}
	cents, err := inventory.ParsePrice(string(t))
	if err != nil {
		return wrong(n, "%v", err)
	}
	*p = price(cents)
	return nil
}

// UnmarshalJSON reads a text or a number.
func (p *price) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	cents, err := inventory.ParsePrice(string(t))
	if err != nil {
		return fmt.Errorf("price %w", err)
	}
	*p = price(cents)
	return nil
}

// edits are what the file wants of the products.
func (f file) edits() []inventory.Edit {
	edits := make([]inventory.Edit, len(f.Products))
	for i, p := range f.Products {
		e := inventory.Edit{
			SKU: string(p.SKU), Order: (*int)(p.Order), Brand: (*string)(p.Brand), Name: (*string)(p.Name),
			Color: (*string)(p.Color), Price: (*inventory.Cents)(p.Price), State: (*inventory.State)(p.State),
			Story: (*string)(p.Story), Limit: (*int)(p.Limit),
		}
		if p.Images != nil {
			e.Images = &[]inventory.ImageDetails{}
			for _, img := range *p.Images {
				*e.Images = append(*e.Images, inventory.ImageDetails{Picture: string(img.File), Alt: string(img.Alt)})
			}
		}
		for _, s := range p.Sizes {
			e.Sizes = append(e.Sizes, inventory.SizeEdit{
				SKU: string(s.SKU), Size: (*string)(s.US), EU: (*string)(s.EU), UK: (*string)(s.UK),
				CM: (*string)(s.CM), Stock: int(s.Stock),
			})
		}
		edits[i] = e
	}
	return edits
}

// fileOf is the file of products that are there.
func fileOf(products []inventory.Details) file {
	f := file{Products: make([]product, len(products))}
	for i, d := range products {
		p := product{
			SKU: text(d.SKU), Order: (*number)(&d.Order), Brand: (*text)(&d.Brand), Name: (*text)(&d.Name),
			Color: (*text)(&d.Color), Price: (*price)(&d.Price), State: (*text)(&d.State), Story: (*text)(&d.Story),
		}
		if d.Limit > 0 {
			p.Limit = (*number)(&d.Limit)
		}
		if len(d.Images) > 0 {
			p.Images = &[]image{}
			for _, img := range d.Images {
				*p.Images = append(*p.Images, image{File: text(img.Picture), Alt: text(img.Alt)})
			}
		}
		for _, s := range d.Sizes {
			p.Sizes = append(p.Sizes, size{
				SKU: text(s.SKU), US: (*text)(&s.Size), EU: filled(s.EU), UK: filled(s.UK), CM: filled(s.CM),
			})
		}
		f.Products[i] = p
	}
	return f
}

// filled returns nothing for an empty text, so that the file stays short.
func filled(s string) *text {
	if s == "" {
		return nil
	}
	return (*text)(&s)
}
