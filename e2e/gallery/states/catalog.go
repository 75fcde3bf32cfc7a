package states

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"

	"sneakers23/inventory"
)

// counter is where admins of a state save products. If it is edited, another admin has changed the
// price meanwhile.
type counter struct{ edited bool }

// Save refuses a product without a name.
func (c counter) Save(_ context.Context, edit inventory.Edit) (inventory.Saved, bool, error) {
	switch {
	case c.edited:
		return inventory.Saved{}, false, inventory.ErrEdited
	case *edit.Name == "":
		return inventory.Saved{}, false, inventory.Problems{
			{Size: -1, Field: "name", Text: "is missing"},
			{Size: 1, Field: "us", Text: "9 is that of another size as well"},
			{Size: -1, Field: "images", Text: "photo 1 has no text: say what it shows, for those who do not see it"},
		}
	}
	return inventory.Saved{SKU: edit.SKU}, true, nil
}

// Try returns what another admin has changed.
func (c counter) Try(context.Context, inventory.Edit) (inventory.Saved, error) {
	return inventory.Saved{Was: "newer", Changes: []inventory.FieldChange{
		{Field: "price", From: "$130", To: "$120"}, {Field: "story", From: "Another one.", To: "Made for the wet."},
	}}, nil
}

// Pause does nothing.
func (c counter) Pause(context.Context, inventory.ProductID, bool) error { return nil }

// AddPicture takes the first photo of all for any.
func (c counter) AddPicture(context.Context, []byte) (string, error) {
	taken, _ := photos()
	return taken[0].Picture, nil
}

func catalogs() []scene {
	shot := settings{stock: func() *stock {
		s := usual().told(hopMan).photographed(hopMan, 6)
		s = s.changed(soon, func(p *inventory.ProductRow) { p.State, p.MainImageURL = inventory.Draft, "" })
		return s.changed(breezy, func(p *inventory.ProductRow) { p.State = inventory.Archived })
	}}
	edited := shot
	edited.edited = true
	return []scene{
		{name: "list", title: "Products of every state", settings: shot, visit: signsInTo("/admin/products")},
		{
			name: "paused", title: "The shop is paused",
			settings: settings{stock: func() *stock { return usual().paused() }}, visit: signsInTo("/admin/products"),
		},
		{
			name: "none", title: "No product", settings: settings{stock: func() *stock { return &stock{} }},
			visit: signsInTo("/admin/products"),
		},
		{name: "away", title: "Before the products are read", settings: settings{closed: true},
			visit: signsInTo("/admin/products")},
		{name: "new", title: "A new product", visit: signsInTo("/admin/new-product")},
		{name: "edit", title: "A product with six photos", settings: shot,
			visit: signsInTo("/admin/products/SHU60100/edit")},
		{name: "saved", title: "After it was saved", settings: shot,
			visit: signsInTo("/admin/products/SHU60100/edit?saved=yes")},
		{name: "long", title: "Long words", settings: shot, visit: signsInTo("/admin/products/SHU60300/edit")},
		{name: "wrong", title: "With what is wrong", settings: shot, visit: writes("/admin/new-product", "", "")},
		{
			name: "edited", title: "Saved by somebody else meanwhile", settings: edited,
			visit: writes("/admin/products/SHU60100/edit?id="+fmt.Sprint(hopMan), "Hop Man 3", "From the left"),
		},
	}
}

// writes sends the form of a product of that name, with two sizes, and a photo with that text.
func writes(path, name, alt string) func(*visitor) {
	return func(v *visitor) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		errs := []error{v.err}
		for _, field := range [][2]string{
			{"name", name}, {"brand", "Snks 23"}, {"color", "yellow/blue"}, {"price", "120"}, {"sku", "HOP"},
			{"story", "Made for the wet."}, {"size_sku", ""}, {"us", "9"}, {"stock", "50"}, {"size_sku", ""}, {"us",
				"9"},
			{"stock", "20"}, {"state", "draft"},
		} {
			errs = append(errs, w.WriteField(field[0], field[1]))
		}
		part, err := w.CreateFormFile("photo", "from-the-left.jpg")
		if err == nil {
			_, err = part.Write([]byte("a photo"))
		}
		errs = append(errs, w.WriteField("alt", alt))
		if v.err = errors.Join(append(errs, err, w.Close())...); v.err != nil {
			return
		}
		v.sendAsAdmin(http.MethodPost, path, body.String(), map[string]string{"Content-Type": w.FormDataContentType()})
	}
}
