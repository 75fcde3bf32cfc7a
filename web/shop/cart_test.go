package shop

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// click sends the form of a size from a page.
func click(t *testing.T, p *Pages, itemID, referer string) (*http.Response, error) {
	t.Helper()
	r := httptest.NewRequest("POST", "http://shop.example/cart/add", strings.NewReader(url.Values{"item_id": {itemID}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Referer", referer)
	w := httptest.NewRecorder()
	err := p.AddToCart(echo.New().NewContext(r, w))
	return w.Result(), err
}

func TestClickOnASizeComesBackWithWords(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	for referer, want := range map[string]string{
		"http://shop.example/products/SHU6000?x=1": "/products/SHU6000",
		"http://shop.example/":                     "/",
		"http://elsewhere.example/phish":           "/",
		"http://shop.example//elsewhere.example":   "/elsewhere.example",
		"":                                         "/",
		"::":                                       "/",
	} {
		res, err := click(t, pages, "2", referer)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("from %q: %d to %q, want 303 to %q", referer, res.StatusCode, got, want)
		}
		page := body(t, visit(t, pages.Home, "", res.Cookies()...))
		if !strings.Contains(page, "Hop Man 3, size 9.5: only a few left. Carts are not open yet") {
			t.Errorf("the next page does not say it")
		}
	}
}

func TestClickOnNothing(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	for _, id := range []string{"", "99", "-1", "two", "99999999999999999999"} {
		if _, err := click(t, pages, id, ""); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("item %q: got %v, want ErrNotFound", id, err)
		}
	}
}
