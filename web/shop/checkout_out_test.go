package shop

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// Sold-out lines are named, the form carries since when, and a bought pair leads to its order.
func TestCheckoutOfWhatIsOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	s.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
	before := formAt(s, d)
	if d.fake.lookups != 1 {
		t.Errorf("the database was asked %d times, want once for a page", d.fake.lookups)
	}
	d.rows.Items[1].Available, d.rows.Items[1].Revision = 0, 7
	d.notice(nil, 2)
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "Sorry, this shoe is sold out")
	s.wants(page, `<button class="button purchase-button" disabled>SOME ITEMS NOT AVAILABLE</button>`)
	lines := d.carts.tokens.OpenForm(form(t, page).Get("serialized_cart")).Lines()
	if len(lines) != 2 {
		t.Errorf("the form buys %+v", lines)
	}

	if _, err := d.fake.Buy(t.Context(), checkout.Purchase{
		Lines: d.carts.tokens.OpenForm(before.Get("serialized_cart")).Lines()[:1],
		Buyer: checkout.ShopperOf(s.session(d.counter.pages).CartID),
	}); err != nil {
		t.Fatal(err)
	}
	_, page = s.get(d.Show, "/checkout") // the answer was lost
	s.wants(page, `<a href="/orders/ORDER-1">see your order</a>`, "Sorry, this shoe is sold out", "NOT AVAILABLE")
	if lines := d.carts.tokens.OpenForm(form(t, page).Get("serialized_cart")).Lines(); len(lines) != 1 ||
		lines[0].Item != 6 {
		t.Errorf("the form buys %+v", lines)
	}
}

func TestCheckoutOfWhatIsNotReleased(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("9"))
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "This shoe is not released yet", "sold out")
	s.wants(page, "SOME ITEMS NOT AVAILABLE", "checkout__total")
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, `<strong class="checkout__sum">$120</strong>`)
}

// TestOutIsLookedUp adds what is sold out, and shows the checkout: another node may have sold the
// very line since, so each page looks it up.
func TestOutIsLookedUp(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("5")) // out already
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "Sorry, this shoe is sold out")
	if d.fake.lookups != 1 {
		t.Errorf("the lines were looked up %d times for a page, want once", d.fake.lookups)
	}
	if _, err := d.fake.Buy(t.Context(), checkout.Purchase{
		Lines: d.carts.tokens.OpenForm(form(t, page).Get("serialized_cart")).Lines(),
		Buyer: checkout.ShopperOf(s.session(d.counter.pages).CartID),
	}); err != nil {
		t.Fatal(err)
	}
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, `<a href="/orders/ORDER-1">see your order</a>`, "Sorry, this shoe is sold out")
}

// halfSold has sold the first line of every cart before.
type halfSold struct{ *fakeTeller }

func (halfSold) Buy(_ context.Context, p checkout.Purchase) (checkout.Order, error) {
	return checkout.Order{ID: "ORDER-0", Buyer: p.Buyer, Lines: []checkout.OrderLine{{LineID: p.Lines[0].ID}}}, nil
}

// A silent database does not keep a shopper waiting for ever, and no page claims to know what the
// database did not say.
func TestSilentDatabase(t *testing.T) {
	t.Parallel()
	for name, break_ := range map[string]func(*fakeTeller){
		"silent": func(f *fakeTeller) { f.silent = true },
		"down":   func(f *fakeTeller) { f.down = errors.New("connection refused") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				s := newShopper(t)
				s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
				s.post(d.Buy, "/checkout", formAt(s, d))
				s.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
				i := slices.IndexFunc(d.rows.Items, func(it inventory.ItemRow) bool { return it.ID == 6 })
				d.rows.Items[i].Available, d.rows.Items[i].Revision = 0, 7
				d.notice(nil, 6)
				break_(d.fake)

				start := time.Now()
				_, page := s.get(d.Show, "/checkout")
				s.wants(page, "Sorry, this shoe is sold out")
				lines := d.carts.tokens.OpenForm(form(t, page).Get("serialized_cart")).Lines()
				if len(lines) != 1 {
					t.Errorf("nobody knows whether it was bought, and the form buys %+v", lines)
				}
				for path, handler := range map[string]echo.HandlerFunc{
					"/checkout/complete": d.Complete, "/orders/ORDER-1": d.Order,
				} {
					if _, err := s.try(handler, "GET", path, "", "", "id", "ORDER-1"); !errors.Is(err, ErrNoDatabase) {
						t.Errorf("%s: %v, want ErrNoDatabase", path, err)
					}
				}
				sent := url.Values{"serialized_cart": {d.carts.tokens.Sign(cartWith(t, d.shelf.Catalog(), 3, 7), "")}}
				s.post(NewCheckout(d.counter.pages, halfSold{d.fake}, d.fake, d.log).Buy, "/checkout", sent)
				_, page = s.get(d.counter.pages.Home, "/")
				s.wants(page, "What is still in your cart may have been bought too")
				if took := time.Since(start); took > 4*lookWithin {
					t.Errorf("four answers took %v", took)
				}
			})
		})
	}
}
