package states

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/http"

	"sneakers23/inventory/storefront"
)

// office is where admins of a state set the shop.
type office struct{ edited bool }

// SetShop refuses a shop without a name.
func (o office) SetShop(_ context.Context, edit storefront.Edit) (storefront.Saved, bool, error) {
	switch {
	case o.edited:
		return storefront.Saved{}, false, storefront.ErrEdited
	case *edit.Name == "":
		return storefront.Saved{}, false, storefront.Problems{
			{Field: "name", Text: "is missing"},
			{Field: "accent", Text: "#ffee00 is hard to read on light pages: " +
				"its contrast is 1.0, and must be 4.5 at least; take #7a7204, for example"},
			{Field: "zone", Text: "\"Berlin\" is no time zone: write one like Europe/Berlin"},
		}
	}
	return storefront.Saved{Changed: []string{"name"}}, true, nil
}

// SavePage refuses a page without a title.
func (o office) SavePage(_ context.Context, edit storefront.PageEdit) (storefront.Saved, bool, error) {
	switch {
	case o.edited:
		return storefront.Saved{}, false, storefront.ErrEdited
	case edit.Title == "":
		return storefront.Saved{}, false, storefront.Problems{{Field: "title", Text: "is missing"}}
	}
	return storefront.Saved{Changed: []string{"title"}}, true, nil
}

// AddPicture takes the logo for any.
func (o office) AddPicture(context.Context, []byte) (string, error) { return logo().ID, nil }

// offices are the forms in which admins set the shop.
func offices() []scene {
	edited := settings{front: branded, edited: true}
	return []scene{
		{name: "new", title: "A shop that nobody has set", visit: signsInTo("/admin/shop")},
		{name: "set", title: "After it was set", settings: settings{front: branded},
			visit: signsInTo("/admin/shop?saved=yes")},
		{name: "wrong", title: "With what is wrong", settings: settings{front: brand},
			visit: sets("/admin/shop", "name", "",
				"zone", "Berlin", "accent", "#ffee00", "shipping", "Ships within two days.")},
		{name: "edited", title: "Set by somebody else meanwhile", settings: edited,
			visit: sets("/admin/shop", "name", "Bolt",
				"zone", "Europe/Berlin", "url", "https://volt.example")},
		{name: "page", title: "A page", settings: settings{front: brand}, visit: signsInTo("/admin/shop/help")},
		{name: "new-page", title: "A page that is not written yet", visit: signsInTo("/admin/shop/imprint")},
		{name: "wrong-page", title: "A page without a title", settings: settings{front: brand},
			visit: sets("/admin/shop/help", "title", "", "markdown", "Ask us.")},
		{name: "edited-page", title: "A page that somebody else has written meanwhile", settings: edited,
			visit: sets("/admin/shop/help", "title", "Help", "markdown", "Ask us.")},
	}
}

// sets sends a form with these fields: name, value, name, value.
func sets(path string, fields ...string) func(*visitor) {
	return func(v *visitor) {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		errs := []error{v.err, w.WriteField("seen", "1")}
		for i := 0; i < len(fields); i += 2 {
			errs = append(errs, w.WriteField(fields[i], fields[i+1]))
		}
		if v.err = errors.Join(append(errs, w.Close())...); v.err != nil {
			return
		}
		v.sendAsAdmin(http.MethodPost, path, body.String(), map[string]string{"Content-Type": w.FormDataContentType()})
	}
}
