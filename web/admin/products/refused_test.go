package products

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
)

// TestManyPhotosAtOnce sends a photo while as many as may be are read: it is refused, and its text
// is not lost.
func TestManyPhotosAtOnce(t *testing.T) {
	catalog, d := shop(), &desk{}
	p := newPages(t, d, catalog)
	for range maxReading {
		p.photos <- struct{}{}
	}
	w := visit(t, p.Save, post(t, filled(catalog, nil, "photo", file{"x.jpg", "x"}, "alt", "My text")...), "SHU6000")
	for _, words := range []string{"x.jpg: too many photos", `value="My text"`} {
		if w.Code != http.StatusUnprocessableEntity || len(d.photos) > 0 || !strings.Contains(w.Body.String(), words) {
			t.Errorf("status %d, no %q in\n%s", w.Code, words, w.Body)
		}
	}
}

// TestBadBodies holds that a body which no form of ours sends harms nothing.
func TestBadBodies(t *testing.T) {
	p := newPages(t, &desk{}, shop())
	many := []any{}
	for range maxParts + 1 {
		many = append(many, "us", "9")
	}
	cut := post(t, "name", "x")
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(cut.Body)
	short := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body.Bytes()[:20]))
	short.Header = cut.Header
	large := post(t, "name", strings.Repeat("x", 1000))
	large.Body = http.MaxBytesReader(httptest.NewRecorder(), large.Body, 500)
	for name, r := range map[string]*http.Request{
		"no form":      httptest.NewRequest(http.MethodPost, "/", strings.NewReader("name=x")),
		"cut off":      short,
		"many parts":   post(t, many...),
		"a long field": post(t, "name", strings.Repeat("x", maxText+1)),
		"too large":    large,
	} {
		err := p.Create(echo.New().NewContext(r, httptest.NewRecorder()))
		_, tooLarge := errors.AsType[*http.MaxBytesError](err)
		if !errors.Is(err, ErrForm) && !tooLarge || tooLarge != (name == "too large") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// fields of rows without a row, and names that no form has
	d := &desk{saved: inventory.Saved{SKU: "X"}}
	visit(t, newPages(t, d, shop()).Create, post(t, "us", "9", "alt", "x", "remove", "yes", "else", "x", "price", "1"),
		"")
	if len(d.edits) != 1 || len(d.edits[0].Sizes) != 0 || len(*d.edits[0].Images) != 0 {
		t.Errorf("saved %+v", d.edits)
	}
}
