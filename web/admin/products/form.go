package products

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sneakers23/inventory"
)

// form is what the page of a product shows: what is saved, or what an admin has written and could
// not be saved.
type form struct {
	New     bool
	ID      inventory.ProductID
	Title   string // SKU and name as they are saved, "" for a new product
	Saved   string // SKU that is saved
	Seen    string // version that the admin looked at
	SKU     string
	Name    string
	Brand   string
	Color   string
	Price   string
	Order   string
	State   string
	Story   string
	Limit   string
	Sizes   []sizeRow
	Images  []imageRow
	Uploads []uploadRow

	Done    string                  // what was saved before
	Trouble string                  // why nothing was saved
	Wrong   map[string]string       // what is wrong with the fields, by their names
	Over    []inventory.FieldChange // what saving the form would change of what another admin has saved
}

// fieldView is an input with its label.
type fieldView struct{ Name, Label, Value, Hint, Wrong string }

// Field returns the input of a field.
func (f *form) Field(name, label, hint string) fieldView {
	return fieldView{name, label, *f.field(name), hint, f.Wrong[name]}
}

// sizeRow is a size in the form. One that is there keeps its SKU and its stock.
type sizeRow struct {
	There             bool
	SKU, Size         string
	EU, UK, CM, Stock string
	Available, Sold   int
	Wrong             string
	edit              int // which size of the edit it is
}

// blank reports whether nothing is written in the row.
func (r sizeRow) blank() bool {
	return !r.There && r.SKU == "" && r.Size == "" && r.EU == "" && r.UK == "" && r.CM == "" && r.Stock == ""
}

// imageRow is an image in the form.
type imageRow struct {
	Picture string
	URL     string // "" if the photo was uploaded with the form that could not be saved
	Name    string // of the file of such a photo
	Alt     string
	Place   string
	Remove  bool
}

// uploadRow is a place for a new photo, with the text of one that was refused.
type uploadRow struct{ Alt string }

// How many empty rows a form has.
const (
	newSizes  = 13
	moreSizes = 3
	maxPhotos = 3
)

// maxPlace is behind every place that an admin writes, which has three digits.
const maxPlace = 1000

func newForm() *form {
	f := &form{New: true, State: string(inventory.Draft)}
	f.addRows(newSizes)
	return f
}

// addRows adds rows for new sizes and photos.
func (f *form) addRows(sizes int) {
	f.Sizes = append(f.Sizes, make([]sizeRow, max(0, min(sizes, inventory.MaxSizes-len(f.Sizes))))...)
	places := max(0, min(maxPhotos, inventory.MaxImages-len(f.Images)))
	f.Uploads = append(f.Uploads, make([]uploadRow, max(0, places-len(f.Uploads)))...)
}

// formOf is the form of a product as it is.
func (p *Pages) formOf(product *inventory.Product) *form {
	d := product.Details()
	f := &form{
		ID: product.ID, Title: d.SKU + " " + d.Name, Saved: d.SKU, Seen: d.Version(), SKU: d.SKU, Name: d.Name,
		Brand: d.Brand,
		Color: d.Color, Price: d.Price.Plain(), Order: strconv.Itoa(d.Order), State: string(d.State), Story: d.Story,
	}
	if d.Limit > 0 {
		f.Limit = strconv.Itoa(d.Limit)
	}
	for _, it := range product.Items {
		f.Sizes = append(f.Sizes, sizeRow{
			There: true, SKU: it.SKU, Size: it.Size, EU: it.EU, UK: it.UK, CM: it.CM,
			Available: it.Available, Sold: it.Sold,
		})
	}
	for i, image := range product.Images {
		f.Images = append(f.Images, imageRow{
			Picture: image.Picture, URL: inventory.ImagePath + image.Renditions[0].Name, Alt: image.Alt,
			Place: strconv.Itoa(i + 1),
		})
	}
	f.addRows(moreSizes)
	return f
}

// wrong notes what is wrong with a field, the first thing of it.
func (f *form) wrong(field, text string) {
	if f.Wrong == nil {
		f.Wrong = make(map[string]string)
	}
	if f.Wrong[field] == "" {
		f.Wrong[field] = text
	}
}

// problem is something wrong with a field, as the list above the form names it.
type problem struct{ Field, Label, Text string }

// Problems lists what is wrong, in the order of the page.
func (f *form) Problems() (list []problem) {
	for _, field := range []problem{
		{"name", "Name", ""}, {"brand", "Brand", ""}, {"color", "Color", ""}, {"price", "Price", ""}, {"sku", "SKU",
			""},
		{"order", "Place on the page", ""}, {"limit", "Pairs for each shopper", ""}, {"story", "Story", ""}, {"sizes",
			"Sizes", ""}, {"state", "State", ""},
		{"images", "Photos", ""},
	} {
		if field.Text = f.Wrong[field.Field]; field.Text != "" {
			list = append(list, field)
		}
	}
	return list
}

// wrongSize adds what is wrong with a size to the list above the form.
func (f *form) wrongSize(row *sizeRow) {
	text := "size " + cmp.Or(row.Size, row.SKU) + ": " + row.Wrong
	if before := f.Wrong["sizes"]; before != "" {
		f.Wrong["sizes"] = before + "; " + text
		return
	}
	f.wrong("sizes", text)
}

var notInSKU = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// edit returns the edit that the form asks for, and notes a field as wrong that it cannot read.
// product is nil for a new one.
func (f *form) edit(product *inventory.Product) inventory.Edit {
	e := inventory.Edit{
		New: f.New, Seen: f.Seen, SKU: f.SKU, Name: &f.Name, Brand: &f.Brand, Color: &f.Color, Story: &f.Story,
		State: new(inventory.State(f.State)), Images: &[]inventory.ImageDetails{},
	}
	if product != nil {
		e.Product = product.ID
	}
	price, err := inventory.ParsePrice(strings.TrimPrefix(f.Price, "$"))
	if err != nil {
		f.wrong("price", err.Error())
	}
	e.Price = &price
	if f.Order != "" {
		order, err := strconv.Atoi(f.Order)
		if err != nil {
			f.wrong("order", "must be a whole number")
		}
		e.Order = &order
	}
	limit, err := strconv.Atoi(cmp.Or(f.Limit, "0"))
	if err != nil {
		f.wrong("limit", "must be a whole number")
	}
	e.Limit = &limit
	for i := range f.Sizes {
		if row := &f.Sizes[i]; !row.blank() {
			row.edit = len(e.Sizes)
			e.Sizes = append(e.Sizes, f.size(row))
		}
	}
	f.images(&e)
	return e
}

// size returns what a row says of a size. The SKU of a new one is made of that of the product if
// none is written.
func (f *form) size(row *sizeRow) inventory.SizeEdit {
	sku := cmp.Or(row.SKU, f.SKU+"-"+notInSKU.ReplaceAllString(row.Size, "-"))
	s := inventory.SizeEdit{SKU: sku, Size: &row.Size, EU: &row.EU, UK: &row.UK, CM: &row.CM}
	if row.Stock != "" {
		stock, err := strconv.Atoi(row.Stock)
		if err != nil {
			row.Wrong = "stock must be a whole number"
			f.wrongSize(row)
		}
		s.Stock = stock
	}
	return s
}

// images puts the images that are to stay into the edit, by their places. New ones have no place
// yet and come behind the others.
func (f *form) images(e *inventory.Edit) {
	for i, row := range f.Images {
		if _, err := strconv.Atoi(row.Place); err != nil && row.Place != "" {
			f.wrong("images", "place "+strconv.Quote(row.Place)+" must be a whole number")
			return
		}
		if row.Place == "" {
			f.Images[i].Place = strconv.Itoa(maxPlace + i)
		}
	}
	slices.SortStableFunc(f.Images, func(a, b imageRow) int {
		placeA, _ := strconv.Atoi(a.Place)
		placeB, _ := strconv.Atoi(b.Place)
		return cmp.Compare(placeA, placeB)
	})
	for i, row := range f.Images {
		f.Images[i].Place = strconv.Itoa(i + 1)
		if !row.Remove {
			if row.Alt == "" {
				f.wrong("images", fmt.Sprintf(
					"photo %d has no text: say what it shows, for those who do not see it", i+1))
			}
			*e.Images = append(*e.Images, inventory.ImageDetails{Picture: row.Picture, Alt: row.Alt})
		}
	}
}

// point shows problems where they are.
func (f *form) point(problems inventory.Problems) {
	for _, problem := range problems {
		if problem.Size < 0 {
			f.wrong(problem.Field, problem.Text)
			continue
		}
		for i := range f.Sizes {
			if row := &f.Sizes[i]; !row.blank() && row.edit == problem.Size && row.Wrong == "" {
				row.Wrong = strings.ToUpper(problem.Field) + " " + problem.Text
				f.wrongSize(row)
			}
		}
	}
}
