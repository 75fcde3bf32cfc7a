package inventory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Edit says what is to become of one product. A field that is nil stays as it is; in a new product
// it gets its default: draft, behind the others, and no word. Sizes that are not named stay too.
type Edit struct {
	Product ProductID `json:"product,omitempty"` // 0: the one that has the SKU, or a new one
	Seen    string    `json:"seen,omitempty"`    // [Details.Version] of what the operator looked at; "": any
	New     bool      `json:"new,omitempty"`     // it must not be there yet

	SKU   string     `json:"sku,omitempty"` // "" leaves that of Product
	Order *int       `json:"order,omitempty"`
	Brand *string    `json:"brand,omitempty"`
	Name  *string    `json:"name,omitempty"`
	Color *string    `json:"color,omitempty"`
	Price *Cents     `json:"price_usd,omitempty"`
	State *State     `json:"state,omitempty"`
	Story *string    `json:"story,omitempty"`
	Sizes []SizeEdit `json:"sizes,omitempty"`

	Limit  *int            `json:"limit,omitempty"`
	Images *[]ImageDetails `json:"images,omitempty"` // all of them, in their order
}

// SizeEdit says what is to become of the size that has the SKU, or of a new one.
type SizeEdit struct {
	SKU   string  `json:"sku"`
	Size  *string `json:"us,omitempty"`
	EU    *string `json:"eu,omitempty"`
	UK    *string `json:"uk,omitempty"`
	CM    *string `json:"cm,omitempty"`
	Stock int     `json:"stock,omitempty"` // pairs that a new size begins with; nothing to one that is there
}

// Saved is what has become of one product, or would become of it.
type Saved struct {
	ID      ProductID     `json:"id,omitempty"` // 0 for a new one in what Try returns
	SKU     string        `json:"sku"`
	Name    string        `json:"name"`
	State   State         `json:"state"`
	New     bool          `json:"new,omitempty"`
	Was     string        `json:"was,omitempty"`     // [Details.Version] before; "" for a new product
	Changes []FieldChange `json:"changes,omitempty"` // of a product that was there
	Sizes   []string      `json:"sizes,omitempty"`   // SKUs of the sizes that are new
}

// Unchanged reports whether the product was as the edit wants it.
func (s Saved) Unchanged() bool { return !s.New && len(s.Changes) == 0 && len(s.Sizes) == 0 }

// FieldChange is a field with another value than before.
type FieldChange struct {
	Size  string `json:"size,omitempty"` // SKU of the size whose field it is; "" for one of the product
	Field string `json:"field"`          // as in a file of products
	From  string `json:"from"`
	To    string `json:"to"`

	// Images says what becomes of the images, like `without "A sole"`; "" for other fields.
	Images string `json:"images,omitempty"`
}

// set gives the field of a product what an edit wants, if it wants anything.
func set[T any](field, wanted *T) {
	if wanted != nil {
		*field = *wanted
	}
}

// over returns the product as the edit wants it. p is nil for a new one, which comes at order if
// the edit does not say where.
func (e Edit) over(p *Product, order int) Details {
	d := Details{Order: order, State: Draft}
	if p != nil {
		d = p.Details()
	}
	if e.SKU != "" || p == nil {
		d.SKU = e.SKU
	}
	set(&d.Order, e.Order)
	set(&d.Brand, e.Brand)
	set(&d.Name, e.Name)
	set(&d.Color, e.Color)
	set(&d.Price, e.Price)
	set(&d.State, e.State)
	set(&d.Story, e.Story)
	set(&d.Limit, e.Limit)
	set(&d.Images, e.Images)
	for _, s := range e.Sizes {
		i := slices.IndexFunc(d.Sizes, func(was SizeDetails) bool { return was.SKU == s.SKU })
		if i < 0 {
			i = len(d.Sizes)
			d.Sizes = append(d.Sizes, SizeDetails{SKU: s.SKU, Stock: s.Stock})
		}
		size := &d.Sizes[i]
		set(&size.Size, s.Size)
		set(&size.EU, s.EU)
		set(&size.UK, s.UK)
		set(&size.CM, s.CM)
	}
	return d.tidy()
}

// tidy returns the details without blanks around words, and with ends of lines as they are here.
func (d Details) tidy() Details {
	for _, text := range []*string{&d.Brand, &d.Name, &d.Color, &d.Story} {
		*text = strings.TrimSpace(strings.ReplaceAll(*text, "\r\n", "\n"))
	}
	d.Images = slices.Clone(d.Images)
	for i := range d.Images {
		d.Images[i].Alt = strings.TrimSpace(d.Images[i].Alt)
	}
	for i := range d.Sizes {
		s := &d.Sizes[i]
		for _, text := range []*string{&s.Size, &s.EU, &s.UK, &s.CM} {
			*text = strings.TrimSpace(*text)
		}
	}
	return d
}

// compare returns what differs between a product and what is to become of it. p is nil for a new
// one.
func (d Details) compare(p *Product) Saved {
	s := Saved{SKU: d.SKU, Name: d.Name, State: d.State, New: p == nil}
	var before Details
	if p != nil {
		before, s.ID = p.Details(), p.ID
		s.Was = before.Version()
		s.Changes = fieldChanges("", before.fields(), d.fields())
		for i := range s.Changes {
			if s.Changes[i].Field == "images" {
				s.Changes[i].Images = imageChange(before.Images, d.Images)
			}
		}
	}
	for _, size := range d.Sizes {
		i := slices.IndexFunc(before.Sizes, func(was SizeDetails) bool { return was.SKU == size.SKU })
		if i < 0 {
			s.Sizes = append(s.Sizes, size.SKU)
			continue
		}
		s.Changes = append(s.Changes, fieldChanges(size.SKU, before.Sizes[i].fields(), size.fields())...)
	}
	return s
}

// field is a field of a product or a size, as text.
type field struct{ name, value string }

func (d Details) fields() []field {
	return []field{
		{"sku", d.SKU}, {"order", strconv.Itoa(d.Order)}, {"brand", d.Brand}, {"name", d.Name}, {"color", d.Color},
		{"price", d.Price.String()}, {"state", string(d.State)}, {"story", d.Story},
		{"limit", strconv.Itoa(d.Limit)}, {"images", imageWords(d.Images)},
	}
}

// imageWords lists images by the beginnings of their ids and by their texts.
func imageWords(images []ImageDetails) string {
	words := make([]string, len(images))
	for i, image := range images {
		words[i] = fmt.Sprintf("%.8s %s", image.Picture, image.Alt)
	}
	return strings.Join(words, "; ")
}

// imageChange says what differs between images.
func imageChange(before, now []ImageDetails) string {
	texts := func(word string, of, but []ImageDetails) (texts []string) {
		for _, image := range of {
			if !slices.ContainsFunc(but, func(other ImageDetails) bool { return other.Picture == image.Picture }) {
				texts = append(texts, fmt.Sprintf("%s %q", word, image.Alt))
			}
		}
		return texts
	}
	switch words := slices.Concat(texts("without", before, now), texts("with", now, before)); {
	case len(words) > 0:
		return strings.Join(words, ", ")
	case slices.EqualFunc(before, now, func(a, b ImageDetails) bool { return a.Picture == b.Picture }):
		return "with other texts"
	}
	return "in another order"
}

func (s SizeDetails) fields() []field {
	return []field{{"us", s.Size}, {"eu", s.EU}, {"uk", s.UK}, {"cm", s.CM}}
}

func fieldChanges(size string, before, now []field) (changes []FieldChange) {
	for i, f := range now {
		if f.value != before[i].value {
			changes = append(changes, FieldChange{Size: size, Field: f.name, From: before[i].value, To: f.value})
		}
	}
	return changes
}
