package products

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/templates"
	"sneakers23/web/webtest"
)

// desk notes what it is asked to save, and answers as it is told.
type desk struct {
	edits  []inventory.Edit
	photos [][]byte
	saved  inventory.Saved
	late   bool
	paused []string // products, and whether they were resumed
	err    error
}

func (d *desk) Save(_ context.Context, edit inventory.Edit) (inventory.Saved, bool, error) {
	d.edits = append(d.edits, edit)
	return d.saved, !d.late, d.err
}

func (d *desk) Try(context.Context, inventory.Edit) (inventory.Saved, error) {
	if problems, ok := errors.AsType[inventory.Problems](d.err); ok {
		return inventory.Saved{}, problems
	}
	return d.saved, nil
}

func (d *desk) Pause(_ context.Context, id inventory.ProductID, resume bool) error {
	d.paused = append(d.paused, fmt.Sprint(id, resume))
	return d.err
}

func (d *desk) AddPicture(_ context.Context, photo []byte) (string, error) {
	d.photos = append(d.photos, photo)
	if string(photo) == "bad" {
		return "", &picture.Error{Text: "the file is no picture that can be shown"}
	}
	return "new-" + string(photo), nil
}

// shop has a live product with a photo, a draft, and one that is archived.
func shop() *inventory.Catalog {
	rows := webtest.Rows()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC)
	rows.Products[0].Story, rows.Products[0].Images = "<b>One</b>\n\nTwo.", []inventory.Image{
		{Picture: "p1", Alt: "From the <left>",
			Renditions: []picture.Rendition{{Name: "a.jpg", Width: 480, Height: 300}}},
		{Picture: "p2", Alt: "Sole", Renditions: []picture.Rendition{{Name: "b.jpg", Width: 480, Height: 300}}},
	}
	rows.Products[1].State, rows.Products[1].Paused = inventory.Draft, inventory.ProductPaused
	rows.Products = append(rows.Products,
		inventory.ProductRow{
			ID: 3, SKU: "OLD", Order: 3, Brand: "Asler", Name: "Old", Color: "grey", Price: 9900, Revision: 1,
			State: inventory.Archived,
		},
		inventory.ProductRow{
			ID: 4, SKU: "DUE", Order: 4, Brand: "Asler", Name: "Due", Color: "grey", Price: 9900, Revision: 1,
			ReleaseAt: &due,
		})
	return inventory.NewCatalog(rows, inventory.DefaultThresholds)
}

func newPages(t testing.TB, d Desk, catalog *inventory.Catalog) *Pages {
	t.Helper()
	address := func(name string) (string, error) { return "/assets/hashed/" + name, nil }
	set, err := templates.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Catalog: func() *inventory.Catalog { return catalog }, Templates: set, Asset: address, Desk: d,
	})
}

// visit asks a page for a product, "" for none.
func visit(t testing.TB, page echo.HandlerFunc, r *http.Request, sku string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("sku")
	c.SetParamValues(sku)
	if err := page(c); err != nil {
		t.Fatal(err)
	}
	return w
}

func get(query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "/?"+query, http.NoBody)
}

// file is a photo in a form.
type file struct{ name, data string }

// post is a form with these fields in their order: name, value, name, value; a value is a text or a
// file.
func post(t testing.TB, fields ...any) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		name := fields[i].(string)
		var err error
		switch value := fields[i+1].(type) {
		case string:
			err = w.WriteField(name, value)
		case file:
			part, partErr := w.CreateFormFile(name, value.name)
			if err = partErr; err == nil {
				_, err = part.Write([]byte(value.data))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/?id=1", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

func TestGolden(t *testing.T) {
	catalog := shop()
	p := newPages(t, &desk{}, catalog)
	for name, page := range map[string]*httptest.ResponseRecorder{
		"list.html": visit(t, p.List, get(""), ""),
		"empty.html": visit(t, newPages(t, &desk{},
			inventory.NewCatalog(inventory.Rows{}, inventory.DefaultThresholds)).List, get(""), ""),
		"new.html":  visit(t, p.New, get(""), ""),
		"edit.html": visit(t, p.Edit, get("saved=yes"), "shu6000"),
	} {
		t.Run(name, func(t *testing.T) { webtest.Golden(t, name, page.Body.Bytes()) })
	}
}

func TestCreate(t *testing.T) {
	d := &desk{saved: inventory.Saved{SKU: "VOLT", New: true}}
	w := visit(t, newPages(t, d, shop()).Create, post(t,
		"seen", "", "name", " Volt ", "brand", "Asler", "color", "volt", "price", "$99.50", "sku", "VOLT", "order", "",
		"story", "One.\r\n\r\nTwo.",
		"size_sku", "", "us", "9.5 W", "eu", "43", "uk", "", "cm", "", "stock", "12", "new_sku", "",
		"size_sku", "", "us", "", "eu", "", "uk", "", "cm", "", "stock", "", "new_sku", "",
		"size_sku", "", "us", "10", "eu", "", "uk", "", "cm", "", "stock", "", "new_sku", "TEN",
		"state", "live",
		"photo", file{"side.jpg", "side"}, "alt", "Side", "photo", file{"", ""}, "alt", "",
		"photo", file{"sole.jpg", "sole"}, "alt", "Sole",
	), "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/products/VOLT/edit?saved=yes" {
		t.Fatalf("status %d to %q:\n%s", w.Code, w.Header().Get("Location"), w.Body)
	}
	want := inventory.Edit{
		New: true, SKU: "VOLT", Name: new("Volt"), Brand: new("Asler"), Color: new("volt"),
		Price: new(inventory.Cents(9950)), State: new(inventory.Live), Story: new("One.\r\n\r\nTwo."),
		Limit: new(0),
		Sizes: []inventory.SizeEdit{
			{SKU: "VOLT-9.5-W", Size: new("9.5 W"), EU: new("43"), UK: new(""), CM: new(""), Stock: 12},
			{SKU: "TEN", Size: new("10"), EU: new(""), UK: new(""), CM: new("")},
		},
		Images: &[]inventory.ImageDetails{{Picture: "new-side", Alt: "Side"}, {Picture: "new-sole", Alt: "Sole"}},
	}
	if diff := cmp.Diff([]inventory.Edit{want}, d.edits); diff != "" {
		t.Errorf("saved: want, got: %s", diff)
	}
}

// filled is the form of SHU6000 as its page sends it, with changes.
func filled(catalog *inventory.Catalog, changes map[string]string, more ...any) []any {
	p, _ := catalog.ProductBySKU("SHU6000")
	value := func(name, usual string) string {
		if changed, ok := changes[name]; ok {
			return changed
		}
		return usual
	}
	fields := []any{
		"seen", p.Details().Version(), "name", value("name", p.Name), "brand", p.Brand, "color", p.Color,
		"price", value("price", "120.00"), "sku", p.SKU, "order", value("order", "1"), "story", p.Story,
	}
	for i, it := range p.Items {
		fields = append(fields, "size_sku", it.SKU, "us", value(fmt.Sprintf("us%d", i), it.Size), "eu", "", "uk", "",
			"cm", "")
	}
	fields = append(fields, "state", value("state", "live"))
	for i, image := range p.Images {
		place := fmt.Sprint(i + 1)
		fields = append(fields, "picture", image.Picture, "file", "", "alt", image.Alt, "place", value("place"+place,
			place))
		if changes["remove"] == place {
			fields = append(fields, "remove", "yes")
		}
	}
	return append(fields, more...)
}

func TestSave(t *testing.T) {
	catalog := shop()
	for name, test := range map[string]struct {
		changes map[string]string
		more    []any
		images  []string
		result  inventory.Saved
		late    bool
		leads   string
	}{
		"as it is": {nil, nil, []string{"p1", "p2"}, inventory.Saved{SKU: "SHU6000"}, false, "saved=same"},
		"late": {
			map[string]string{"name": "Hop"}, nil, []string{"p1", "p2"},
			inventory.Saved{SKU: "SHU6000", Changes: []inventory.FieldChange{{Field: "name"}}}, true, "saved=late",
		},
		"other order": {
			map[string]string{"place1": "3"}, nil, []string{"p2", "p1"},
			inventory.Saved{SKU: "SHU6000", Changes: []inventory.FieldChange{{Field: "images"}}}, false, "saved=yes",
		},
		"one less, one more": {
			map[string]string{"remove": "1"}, []any{"photo", file{"x.jpg", "x"}, "alt", "X"}, []string{"p2", "new-x"},
			inventory.Saved{SKU: "SHU6000", Changes: []inventory.FieldChange{{Field: "images"}}}, false, "saved=yes",
		},
	} {
		d := &desk{saved: test.result, late: test.late}
		w := visit(t, newPages(t, d, catalog).Save, post(t, filled(catalog, test.changes, test.more...)...), "SHU6000")
		if !strings.HasSuffix(w.Header().Get("Location"), test.leads) {
			t.Errorf("%s: status %d leads to %q, want %s", name, w.Code, w.Header().Get("Location"), test.leads)
			continue
		}
		var images []string
		for _, image := range *d.edits[0].Images {
			images = append(images, image.Picture)
		}
		if diff := cmp.Diff(test.images, images); diff != "" {
			t.Errorf("%s: images want, got: %s", name, diff)
		}
		if e := d.edits[0]; e.Product != 1 || e.New || e.Seen == "" || len(e.Sizes) != 4 ||
			e.Sizes[0].SKU != "SHU6000-9" {
			t.Errorf("%s: saved %+v", name, e)
		}
	}
}

// TestWrong holds that what is wrong stands in the page, where it is, beside what was written, and
// that nothing is saved. A photo that came with it is not lost.
func TestWrong(t *testing.T) {
	catalog := shop()
	photo := []any{"photo", file{"side <1>.jpg", "side"}, "alt", "Side"}
	for name, test := range map[string]struct {
		changes map[string]string
		more    []any
		err     error
		status  int
		says    []string
	}{
		"price": {
			map[string]string{"price": "12o", "name": "<Hop>"}, photo, nil, 422,
			[]string{"must be dollars", `value="12o"`, `value="&lt;Hop&gt;"`, `value="new-side"`, "side &lt;1&gt;.jpg",
				`href="#edit-price"`},
		},
		"order": {map[string]string{"order": "first"}, nil, nil, 422, []string{"must be a whole number",
			`value="first"`}},
		"place": {map[string]string{"place1": "up"}, nil, nil, 422,
			[]string{"place &#34;up&#34; must be a whole number"}},
		"photo": {nil, []any{"photo", file{"page.jpg", "bad"}, "alt", ""}, nil, 422,
			[]string{"page.jpg: the file is no picture"}},
		"text without a photo": {
			nil, []any{"photo", file{"", ""}, "alt", "Side"}, nil, 422, []string{"text without a photo"},
		},
		"stock": {
			nil, []any{"size_sku", "", "us", "13", "stock",
				"many"}, nil, 422, []string{"size 13: stock must be a whole number"},
		},
		"problems": {
			nil, []any{"size_sku", "", "us", "9", "stock", "1"},
			inventory.Problems{
				{Size: -1, Field: "name", Text: "is missing"}, {Size: 4, Field: "us",
					Text: "9 is that of another size as well"},
			}, 422, []string{"Name</a>: is missing", "size 9: US 9 is that of another size as well", "data-wrong"},
		},
		"all at once": {
			map[string]string{"price": "12o"}, []any{"photo", file{"side.jpg", "side"}, "alt", ""},
			inventory.Problems{{Size: -1, Field: "name", Text: "is missing"}}, 422,
			[]string{"must be dollars", "Name</a>: is missing", "photo 3 has no text"},
		},
		"edited": {
			map[string]string{"price": "99"}, photo, inventory.ErrEdited, 409,
			[]string{"somebody else has changed the product", "price: $130 becomes $99", `name="seen" value="newer"`,
				`value="new-side"`},
		},
		"away": {nil, photo, errors.New("The database does not answer."), 503, []string{"The database does not answer.",
			`value="new-side"`}},
	} {
		d := &desk{err: test.err, saved: inventory.Saved{
			Was: "newer", Changes: []inventory.FieldChange{{Field: "price", From: "$130", To: "$99"}},
		}}
		w := visit(t, newPages(t, d, catalog).Save, post(t, filled(catalog, test.changes, test.more...)...), "SHU6000")
		if w.Code != test.status || test.err == nil && len(d.edits) > 0 {
			t.Errorf("%s: status %d, want %d, and saved %+v", name, w.Code, test.status, d.edits)
		}
		for _, words := range test.says {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s: no %q in\n%s", name, words, w.Body)
			}
		}
	}
}

// TestRenamed saves a form of a product that another admin has given another SKU: nothing is lost.
func TestRenamed(t *testing.T) {
	catalog := shop()
	d := &desk{err: inventory.ErrEdited, saved: inventory.Saved{Was: "newer"}}
	w := visit(t, newPages(t, d, catalog).Save, post(t, filled(catalog, map[string]string{"name": "Mine"})...),
		"ANOTHER")
	if w.Code != http.StatusConflict || len(d.edits) != 1 || d.edits[0].Product != 1 ||
		!strings.Contains(w.Body.String(), `value="Mine"`) {
		t.Errorf("status %d, saved %+v:\n%s", w.Code, d.edits, w.Body)
	}
}

func TestPause(t *testing.T) {
	d := &desk{}
	p := newPages(t, d, shop())
	for _, ask := range []struct {
		page echo.HandlerFunc
		sku  string
	}{{p.Pause, ""}, {p.Resume, ""}, {p.Pause, "shu6000"}, {p.Resume, "OLD"}} {
		w := visit(t, ask.page, httptest.NewRequest(http.MethodPost, "/", http.NoBody), ask.sku)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/admin/products" {
			t.Errorf("%q: status %d to %q", ask.sku, w.Code, w.Header().Get("Location"))
		}
	}
	if diff := cmp.Diff([]string{"0 false", "0 true", "1 false", "3 true"}, d.paused); diff != "" {
		t.Errorf("want, got: %s", diff)
	}
	d.err = errors.New("The database does not answer.")
	w := visit(t, p.Pause, httptest.NewRequest(http.MethodPost, "/", http.NoBody), "")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), d.err.Error()) {
		t.Errorf("status %d, want the list with the reason:\n%s", w.Code, w.Body)
	}
}
