package products

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"sneakers23/inventory"
)

// Limits of a form beside its photos.
const (
	maxText  = 32 << 10 // bytes of a field
	maxParts = 1000
)

// ErrForm says that a body is no form of ours.
var ErrForm = errors.New("products: the body is no form of a product")

// read reads a form, part by part. Its photos become pictures when the form is whole, one after the
// other. Their faults are noted in the form.
func (p *Pages) read(r *http.Request, product *inventory.Product) (*form, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	f, photos := &form{New: product == nil}, &formPhotos{room: p.room}
	defer photos.drop()
	if product != nil {
		f.ID, f.Title, f.Saved = product.ID, product.SKU+" "+product.Name, product.SKU
	}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		switch {
		case err == io.EOF: // a body that was cut off has an error that wraps it
			p.addPictures(r.Context(), f, photos)
			f.finish(product)
			return f, nil
		case err != nil:
			return nil, readError(err)
		case n == maxParts:
			return nil, ErrForm
		case part.FormName() == "photo":
			err = photos.add(f, part)
		default:
			err = f.addField(part)
		}
		if err != nil {
			return nil, err
		}
	}
}

// readError keeps the error of a body that is too large, which has a page of its own.
func readError(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return err
	}
	return fmt.Errorf("%w: %w", ErrForm, err)
}

// addField adds a field to the form. The fields of a row follow each other; its first one begins
// it.
func (f *form) addField(part *multipart.Part) error {
	data, err := io.ReadAll(io.LimitReader(part, maxText+1))
	if err != nil {
		return readError(err)
	}
	if len(data) > maxText {
		return ErrForm
	}
	value := string(data)
	if part.FormName() != "story" {
		value = strings.TrimSpace(value)
	}
	if field := f.field(part.FormName()); field != nil {
		*field = value
	}
	if part.FormName() == "remove" && len(f.Images) > 0 {
		f.Images[len(f.Images)-1].Remove = true
	}
	return nil
}

// field returns where a field of that name belongs, nil for a name that no form has.
func (f *form) field(name string) *string {
	switch name {
	case "seen":
		return &f.Seen
	case "sku":
		return &f.SKU
	case "name":
		return &f.Name
	case "brand":
		return &f.Brand
	case "color":
		return &f.Color
	case "price":
		return &f.Price
	case "order":
		return &f.Order
	case "state":
		return &f.State
	case "limit":
		return &f.Limit
	case "story":
		return &f.Story
	case "size_sku":
		f.Sizes = append(f.Sizes, sizeRow{})
	case "picture":
		f.Images = append(f.Images, imageRow{})
		return &f.Images[len(f.Images)-1].Picture
	}
	if i := len(f.Images) - 1; i >= 0 {
		switch name {
		case "alt":
			return &f.Images[i].Alt
		case "place":
			return &f.Images[i].Place
		case "file":
			return &f.Images[i].Name
		}
	}
	if i := len(f.Sizes) - 1; i >= 0 {
		row := &f.Sizes[i]
		return map[string]*string{
			"size_sku": &row.SKU, "new_sku": &row.SKU, "us": &row.Size, "eu": &row.EU, "uk": &row.UK, "cm": &row.CM,
			"stock": &row.Stock,
		}[name]
	}
	return nil
}

// finish completes what was read with what forms do not carry.
func (f *form) finish(product *inventory.Product) {
	kept := f.Images[:0]
	for _, row := range f.Images {
		if row.Picture == "" {
			if row.Name == "" && row.Alt != "" {
				f.wrong("images", "text without a photo: "+strconv.Quote(row.Alt))
			}
			if row.Alt != "" && len(f.Uploads) < maxPhotos {
				f.Uploads = append(f.Uploads, uploadRow{row.Alt})
			}
			continue
		}
		if product != nil {
			for _, image := range product.Images {
				if image.Picture == row.Picture {
					row.URL = inventory.ImagePath + image.Renditions[0].Name
				}
			}
		}
		kept = append(kept, row)
	}
	f.Images = kept
	for i := range f.Sizes {
		row := &f.Sizes[i]
		if product == nil {
			continue
		}
		for _, it := range product.Items {
			if it.SKU == row.SKU {
				row.There, row.Available, row.Sold = true, it.Available, it.Sold
			}
		}
	}
	f.addRows(0)
}
