package shop

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
)

func TestRefusedPurchases(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, tt := range []struct {
		says    string
		refuses error
		change  url.Values // of the form
	}{
		{"Your cart has out-of-stock shoes. Nothing was bought.</p>", errors.Join(checkout.ErrSoldOut), nil},
		{"Your cart has unreleased shoes. Nothing was bought.</p>", checkout.ErrNotReleased, nil},
		{"Your cart has more shoes than one order may have. Nothing was bought: ", checkout.ErrOrderFull, nil},
		{"The price has changed", checkout.ErrPriceChanged, nil},
		{"The price has changed. Look at the new ", nil, url.Values{"total_cents": {"a lot"}}},
		{"The price has changed. Look at the new ", nil, url.Values{"total_cents": {"-1"}}},
		{
			"The price has changed. The total was $100 and is $120 now: press Purchase", checkout.ErrPriceChanged,
			url.Values{"total_cents": {"10000"}},
		},
		{"Your cart is empty. Pick a size first.", checkout.ErrEmptyCart, nil},
		{"Your cart is empty, and the page ", nil, url.Values{"serialized_cart": {"x"}}},
		{"Your purchase could not be completed", checkout.ErrFailed, nil},
		{"Your purchase could not be completed", checkout.ErrTooManyLines, nil},
		{"The shop is very busy", checkout.ErrBusy, nil},
		{"The shop is very busy", errors.Join(checkout.ErrUnknown, checkout.ErrBusy), nil},
		{
			"We don&#39;t know yet whether this was bought. Press Purchase again, or reload this page: nothing is bought twice, and you will see the order, or why not.", errors.Join(checkout.ErrUnknown), nil,
		},
	} {
		s := newShopper(t)
		s.session(d.counter.pages)
		d.fake.refuses = tt.refuses
		cart := cartWith(t, d.shelf.Catalog(), 2)
		sent := url.Values{"serialized_cart": {d.carts.tokens.Sign(cart, "")}, "total_cents": {"12000"}}
		maps.Copy(sent, tt.change)
		if to := s.post(d.Buy, "/checkout", sent); to != "/checkout" {
			t.Errorf("%s: led to %s", tt.says, to)
		}
		res, page := s.get(d.Show, "/checkout")
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", tt.says, res.StatusCode)
		}
		s.wants(page, `<div class="flash flash--error"><p class="flash__words">`+tt.says)
		if sent.Get("serialized_cart") != "x" {
			s.wants(page, `data-item-id="2"`)
		}
		_, page = s.get(d.Show, "/checkout")
		s.wants(page, "", tt.says) // it is said once
	}
}

// A form that is refused takes nothing from the cart that the shopper has.
func TestRefusedFormIsMerged(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fake.refuses = checkout.ErrSoldOut
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("9"))
	s.post(d.Buy, "/checkout", url.Values{
		"serialized_cart": {d.carts.tokens.Sign(cartWith(t, d.shelf.Catalog(), 2), "")},
	})
	if left := d.carts.tokens.OpenForm(cookieCart(s, d)).Lines(); len(left) != 2 {
		t.Errorf("the cart has %v, want what was there and what was sent", left)
	}
}

// A form that cannot be read buys nothing, and takes nothing from the cart that the shopper has.
func TestUnreadableForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	if to := s.post(d.Buy, "/checkout", url.Values{
		"serialized_cart": {"x"}, "total_cents": {"12000"},
	}); to != "/checkout" {
		t.Errorf("led to %s", to)
	}
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "We can&#39;t tell whether this was bought: the page was too old", "is empty",
		"could not be completed")
	s.wants(page, `data-item-id="2"`)
	for name, handler := range map[string]echo.HandlerFunc{
		"/checkout": d.Buy, "/cart/add": d.counter.pages.AddToCart, "/cart/remove": d.counter.pages.RemoveFromCart,
	} {
		_, err := s.try(handler, "POST", name, "application/x-www-form-urlencoded", "item_id=2&serialized_cart=%zz")
		if he, ok := errors.AsType[*echo.HTTPError](err); !ok || he.Code != http.StatusBadRequest {
			t.Errorf("%s of half a form: %v, want 400", name, err)
		}
	}
	if len(d.fake.orders) != 0 {
		t.Errorf("bought %+v", d.fake.orders)
	}
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, `data-item-id="2"`)
}
