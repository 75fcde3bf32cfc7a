package shop

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/web/webtest"
)

// shopper is a browser without JavaScript: it keeps cookies, and knows on which page it is.
type shopper struct {
	t       testing.TB
	cookies map[string]*http.Cookie
	page    string
	refuses bool // cookies
}

func newShopper(t testing.TB) *shopper {
	return &shopper{t: t, cookies: map[string]*http.Cookie{}, page: "http://shop.example/"}
}

// try sends a request to a handler.
func (s *shopper) try(
	handler echo.HandlerFunc, method, target, kind, body string, params ...string,
) (*http.Response, error) {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://shop.example"+target, strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Referer", s.page)
	for _, cookie := range s.cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	if len(params) == 2 {
		c.SetParamNames(params[0])
		c.SetParamValues(params[1])
	}
	err := handler(c)
	res := w.Result()
	for _, cookie := range res.Cookies() {
		if n := len(cookie.Name) + len(cookie.Value); n > 4000 {
			s.t.Errorf("the cookie %s has %d bytes", cookie.Name, n)
		}
		if !s.refuses {
			s.cookies[cookie.Name] = cookie
		}
	}
	return res, err
}

// get asks for a page that must be there.
func (s *shopper) get(handler echo.HandlerFunc, target string, params ...string) (*http.Response, string) {
	s.t.Helper()
	res, err := s.try(handler, "GET", target, "", "", params...)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, body(s.t, res)
}

// post sends a form, which must be answered by the way to another page.
func (s *shopper) post(handler echo.HandlerFunc, target string, values url.Values) (location string) {
	s.t.Helper()
	res, err := s.try(handler, "POST", target, "application/x-www-form-urlencoded", values.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("%s is answered with %d", target, res.StatusCode)
	}
	return res.Header.Get("Location")
}

// forgets loses cookies.
func (s *shopper) forgets(names ...string) {
	for _, name := range names {
		delete(s.cookies, name)
	}
}

func item(id string) url.Values { return url.Values{"item_id": {id}} }

// wants fails the test unless the page shows exactly that once, and nothing of what follows.
func (s *shopper) wants(page, want string, not ...string) {
	s.t.Helper()
	if !strings.Contains(page, want) {
		s.t.Errorf("the page does not say %q:\n%s", want, page)
	}
	for _, word := range not {
		if strings.Contains(page, word) {
			s.t.Errorf("the page says %q:\n%s", word, page)
		}
	}
}

func TestClickOnASizeComesBackWithWords(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	for referer, want := range map[string]string{
		"http://shop.example/products/SHU6000?x=1": "/products/SHU6000",
		"http://shop.example/":                     "/#product-1",
		"http://elsewhere.example/phish":           "/#product-1",
		"http://shop.example//elsewhere.example":   "/elsewhere.example",
		"":                                         "/#product-1",
		"::":                                       "/#product-1",
	} {
		s := newShopper(t)
		s.session(pages)
		s.page = referer
		if got := s.post(pages.AddToCart, "/cart/add", item("2")); got != want {
			t.Errorf("from %q: to %q, want %q", referer, got, want)
		}
		_, page := s.get(pages.Home, "/")
		s.wants(page, "Hop Man 3, size 9.5 is in your cart.")
	}
}

func TestClickOnNothing(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	for _, id := range []string{"", "99", "-1", "two", "99999999999999999999"} {
		s := newShopper(t)
		s.session(pages)
		s.page = "http://shop.example/products/SHU6000"
		if to := s.post(pages.AddToCart, "/cart/add", item(id)); to != "/products/SHU6000" {
			t.Errorf("item %q: led to %s", id, to)
		}
		_, page := s.get(pages.Home, "/")
		s.wants(page, "That shoe is not here any more.")
	}
}

func TestCartWithoutJavaScript(t *testing.T) {
	t.Parallel()
	pages := newRig(t).pages // holds two lines
	s := newShopper(t)
	const removeNine = `class="cart-item__remove" type="submit" formaction="/cart/remove" formmethod="post" name="item_id" value="2"`

	shared, page := s.get(pages.Home, "/")
	s.wants(page, `data-empty`, removeNine)
	if shared.Header.Get("Etag") == "" {
		t.Error("a page without a cart has no tag")
	}
	s.post(pages.AddToCart, "/cart/add", item("2"))
	res, page := s.get(pages.Home, "/")
	s.wants(page, removeNine)
	s.wants(page, `data-cart-subtotal>$120</strong>`)
	if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Etag") != "" {
		t.Errorf("a page with a cart has %v", res.Header)
	}
	res, page = s.get(pages.Product, "/products/SHU6000", "sku", "SHU6000") // no flash any more
	s.wants(page, removeNine, "is in your cart")
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a page with a cart has %v", res.Header)
	}

	for _, tt := range []struct{ id, want, not string }{
		{"2", "Hop Man 3, size 9.5 is in your cart already.", "value=\"3\" data-item-id"},
		{"3", "You have Hop Man 3 in size 9.5. You can have one size of each shoe.", "value=\"3\" data-item-id"},
		{
			"5", "Breezy Boost 600, size 9 is in your cart. It is sold out",
			"cart-item__soon\" data-cart-soon hidden>coming soon...</p>\n        </div>\n        <p class=\"cart-item__price\" data-cart-price>$140",
		},
	} {
		s.post(pages.AddToCart, "/cart/add", item(tt.id))
		_, page = s.get(pages.Home, "/")
		s.wants(page, tt.want, tt.not)
	}
	s.wants(page, `<li class="cart-item cart-item-out" data-item-id="5"`)
	s.wants(page, `formaction="/cart/add?replace=true" formmethod="post" name="item_id" value="6"`)
	s.post(pages.AddToCart, "/cart/add?replace=true", item("6"))
	_, page = s.get(pages.Home, "/")
	s.wants(page, `data-cart-subtotal>$120</strong>`, "cart-item-out") // the other is not released

	s.post(pages.RemoveFromCart, "/cart/remove", item("2"))
	_, page = s.get(pages.Home, "/")
	s.wants(page, "Hop Man 3, size 9.5 was removed.", removeNine)
	s.post(pages.RemoveFromCart, "/cart/remove", item("2"))
	_, page = s.get(pages.Home, "/")
	s.wants(page, "Hop Man 3, size 9.5 is not in your cart.")
	s.post(pages.RemoveFromCart, "/cart/remove", item("6"))
	s.get(pages.Home, "/")
	res, page = s.get(pages.Home, "/")
	s.wants(page, "data-empty")
	if res.Header.Get("Etag") != shared.Header.Get("Etag") {
		t.Error("who has nothing in his cart does not get the page that is the same for everyone")
	}
}

func TestFullCartWithoutJavaScript(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	s := newShopper(t)
	for _, id := range []string{"2", "6", "9"} {
		s.post(c.pages.AddToCart, "/cart/add", item(id))
	}
	_, page := s.get(c.pages.Home, "/")
	s.wants(page, "Your cart is full: it holds 2 pairs.")
}

// Changes by a form reach the open tabs, and changes by tabs are on the next page.
func TestFormsAndTabsShareTheCart(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	s := newShopper(t)
	v := s.session(c.pages)
	a, _ := c.tab(v.CartID, nil)

	s.post(c.pages.AddToCart, "/cart/add", item("2"))
	wantIDs(t, seen(t, a.Receive("cart")), 2)
	changed(t, a, "add_item", object{"item_id": 6})
	_, page := s.get(c.pages.Home, "/")
	s.wants(page, `data-item-id="6"`)
	s.wants(page, `data-cart-subtotal>$120</strong>`) // that one is not released
	s.post(c.pages.RemoveFromCart, "/cart/remove", item("2"))
	wantIDs(t, seen(t, a.Receive("cart")), 6)
}

// A size leads back to its shoe on the page of all shoes, where the message is.
func TestSizeLeadsBackToItsShoe(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	first := newShopper(t)
	first.page = "http://shop.example/"
	if to := first.post(pages.AddToCart, "/cart/add", item("2")); to != "/cart/kept?from=%2F#product-1" {
		t.Errorf("the first form leads to %s", to)
	}
	s := newShopper(t)
	s.session(pages)
	for _, tt := range []struct{ from, id, to string }{
		{"/", "5", "/#product-2"},
		{"/", "6", "/#product-2"}, // which asks whether to swap
		{"/", "77", "/"},
		{"/products/SHU6000", "2", "/products/SHU6000"},
	} {
		s.page = "http://shop.example" + tt.from
		if to := s.post(pages.AddToCart, "/cart/add", item(tt.id)); to != tt.to {
			t.Errorf("%s from %s leads to %s, want %s", tt.id, tt.from, to, tt.to)
		}
	}
	s.page = "http://shop.example/"
	if to := s.post(pages.RemoveFromCart, "/cart/remove", item("5")); to != "/" {
		t.Errorf("a removal leads to %s", to)
	}
	_, page := s.get(pages.Home, "/")
	s.wants(page, `id="product-2"`)
}
