package shop

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// fakeTeller sells all that it is asked for, once, or refuses.
type fakeTeller struct {
	orders  []checkout.Order
	refuses error
	asked   []checkout.Purchase
	lookups int

	down   error // what the ledger answers
	silent bool  // it does not even
}

// answer is what the ledger says before anything else.
func (f *fakeTeller) answer(ctx context.Context) error {
	if f.silent {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return f.down
}

func (f *fakeTeller) Buy(ctx context.Context, p checkout.Purchase) (checkout.Order, error) {
	f.asked = append(f.asked, p)
	if f.refuses != nil {
		return checkout.Order{}, f.refuses
	}
	for _, l := range p.Lines {
		bought, _ := f.Bought(ctx, []checkout.LineID{l.ID})
		if id, ok := bought[l.ID]; ok {
			return f.Order(ctx, id)
		}
	}
	order := checkout.Order{
		ID: checkout.OrderID("ORDER-" + strconv.Itoa(len(f.orders)+1)), Status: checkout.Confirmed, Total: p.Total,
		CreatedAt: time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC),
	}
	for _, l := range p.Lines {
		order.Lines = append(order.Lines, checkout.OrderLine{
			LineID: l.ID, Item: l.Item, Product: l.Product, SKU: "SKU", Size: "9.5", Brand: "Snks 23", Name: "Hop Man 3",
			Color: "yellow/blue", MainImageURL: "/assets/images/hop-man-3.svg", Price: 12000,
		})
	}
	f.orders = append(f.orders, order)
	return order, nil
}

func (f *fakeTeller) Order(ctx context.Context, id checkout.OrderID) (checkout.Order, error) {
	if err := f.answer(ctx); err != nil {
		return checkout.Order{}, err
	}
	for _, o := range f.orders {
		if o.ID == id {
			return o, nil
		}
	}
	return checkout.Order{}, checkout.ErrNoOrder
}

func (f *fakeTeller) Bought(ctx context.Context, lines []checkout.LineID) (map[checkout.LineID]checkout.OrderID, error) {
	f.lookups++
	if err := f.answer(ctx); err != nil {
		return nil, err
	}
	bought := map[checkout.LineID]checkout.OrderID{}
	for _, o := range f.orders {
		for _, l := range o.Lines {
			for _, id := range lines {
				if l.LineID == id {
					bought[id] = o.ID
				}
			}
		}
	}
	return bought, nil
}

// desk is a shop in which things can be bought. Both products are released.
type desk struct {
	*counter
	*Checkout
	fake *fakeTeller
}

func newDesk(t *testing.T) *desk {
	d := &desk{counter: newCounter(t), fake: new(fakeTeller)}
	d.rows.Products[1].Released = true
	d.notice([]inventory.ProductID{2})
	d.Checkout = NewCheckout(d.counter.pages, d.fake, d.fake, slog.New(slog.DiscardHandler))
	return d
}

// form reads the form that buys.
func form(t testing.TB, page string) url.Values {
	t.Helper()
	_, page, ok := strings.Cut(page, `action="/checkout" method="post">`)
	if !ok {
		t.Fatalf("no form to buy:\n%s", page)
	}
	values := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
		values.Set(m[1], m[2])
	}
	return values
}

func TestBuy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	v := s.session(d.counter.pages)
	tab, _ := d.tab(v.CartID, nil)
	changed(t, tab, "add_item", object{"item_id": 2})
	changed(t, tab, "add_item", object{"item_id": 6})

	_, page := s.get(d.Show, "/checkout")
	s.wants(page, `<button class="button purchase-button">Purchase</button>`, "sold out", "NOT AVAILABLE")
	sent := form(t, page)
	if sent.Get("total_cents") != "26050" {
		t.Errorf("the total is %s", sent.Get("total_cents"))
	}
	changed(t, tab, "remove_item", object{"item_id": 6}) // meanwhile, in the tab
	later := changed(t, tab, "add_item", object{"item_id": 9})
	wantIDs(t, later, 2, 9)

	if to := s.post(d.Buy, "/checkout", sent); to != "/checkout/complete" {
		t.Errorf("bought, and led to %s", to)
	}
	wantIDs(t, seen(t, tab.Receive("cart")), 9)
	res, page := s.get(d.Complete, "/checkout/complete")
	s.wants(page, `<a href="/orders/ORDER-1">`, "flash--")
	s.wants(page, `<li class="cart-item" data-item-id="9">`, `<li class="cart-item" data-item-id="2">`)
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the order's page has %v", res.Header)
	}
	_, page = s.get(d.Order, "/orders/ORDER-1", "id", "ORDER-1")
	s.wants(page, "Made on 2 May 2031, 20:00 UTC")

	if to := s.post(d.Buy, "/checkout", sent); to != "/checkout/complete" { // gone back, and sent again
		t.Errorf("bought again, and led to %s", to)
	}
	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, `<a href="/orders/ORDER-1">`, "flash--")
	if len(d.fake.orders) != 1 || len(d.fake.asked) != 2 || d.fake.asked[0].Total != 26050 || len(d.fake.asked[0].Lines) != 2 {
		t.Errorf("asked for %+v", d.fake.asked)
	}
}

// A cart of which a part was bought before sells nothing: the order is shown, and the rest stays.
func TestBuyWithALineMore(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	_, page := s.get(d.Show, "/checkout")
	first := form(t, page)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
	_, page = s.get(d.Show, "/checkout")
	both := form(t, page)
	s.post(d.Buy, "/checkout", first)
	s.get(d.Complete, "/checkout/complete")
	if to := s.post(d.Buy, "/checkout", both); to != "/checkout/complete" {
		t.Errorf("led to %s", to)
	}
	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, "Nothing else was bought: the rest is still in your cart.", `<li class="cart-item" data-item-id="2">`)
	s.wants(page, `<li class="cart-item" data-item-id="6">`)
	s.post(d.Buy, "/checkout", formAt(s, d))
	if len(d.fake.orders) != 2 {
		t.Errorf("%d orders, want 2", len(d.fake.orders))
	}
}

// Who has bought the parts of his cart with several orders hears so, and has none of them in his cart.
func TestBuyWhatTwoOrdersHave(t *testing.T) {
	t.Parallel()
	for _, more := range []bool{false, true} {
		d := newDesk(t)
		s := newShopper(t)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		first := formAt(s, d)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
		both := d.carts.tokens.Open(formAt(s, d).Get("serialized_cart"))
		second := url.Values{"serialized_cart": {d.carts.tokens.Sign(both.RemoveBought(both.Lines()[0].ID))}}
		posted := both
		if more {
			posted = both.Merge(cartWith(t, d.shelf.Catalog(), 9))
		}
		s.post(d.Buy, "/checkout", first)
		s.post(d.Buy, "/checkout", second)
		s = newShopper(t) // on another device, which knows nothing of it
		s.post(d.Buy, "/checkout", url.Values{"serialized_cart": {d.carts.tokens.Sign(posted)}})
		if len(d.fake.orders) != 2 {
			t.Errorf("%d orders, want 2", len(d.fake.orders))
		}
		_, page := s.get(d.Complete, "/checkout/complete")
		s.wants(page, `<a href="/orders/ORDER-1">`, `<li class="cart-item" data-item-id="2">`, `<li class="cart-item" data-item-id="6">`)
		if more {
			s.wants(page, "You bought a part of this with several orders before, and here is one of them. See also /orders/ORDER-2. Nothing else")
			s.wants(page, `<li class="cart-item" data-item-id="9">`)
		} else {
			s.wants(page, "You bought this with several orders before, and here is one of them. See also /orders/ORDER-2. Nothing was bought now.")
		}
	}
}

// A form from another tab buys what it shows. What it shows and the cart has not is in neither after that.
func TestBuyMergesTheFormIntoTheCart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("9"))
	cart := cartWith(t, d.shelf.Catalog(), 2, 6)
	one := cart.RemoveBought(cart.Lines()[1].ID)
	if _, err := d.fake.Buy(t.Context(), checkout.Purchase{Lines: one.Lines()}); err != nil {
		t.Fatal(err)
	}
	s.post(d.Buy, "/checkout", url.Values{"serialized_cart": {d.carts.tokens.Sign(cart)}})
	_, page := s.get(d.Complete, "/checkout/complete")
	s.wants(page, `<li class="cart-item" data-item-id="6">`, `<li class="cart-item" data-item-id="2">`)
	s.wants(page, `<li class="cart-item" data-item-id="9">`)
}

// A request that overlapped the purchase brings back the cart as it was, and the session as it was.
func TestWhatOverlapsAPurchase(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	_, page := s.get(d.Show, "/checkout")
	sent := form(t, page)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2")) // leaves a flash
	cart, asked := s.cookies[cartName], maps.Clone(s.cookies)
	s.post(d.Buy, "/checkout", sent)
	overlaps := newShopper(t)
	overlaps.cookies = asked
	overlaps.session(d.counter.pages) // takes the flash
	s.cookies[sessionName], s.cookies[cartName] = overlaps.cookies[sessionName], cart

	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, `<a href="/orders/ORDER-1">`, `<li class="cart-item" data-item-id="2">`)
	_, page = s.get(d.counter.pages.Home, "/")
	s.wants(page, "Sneakers23", `<li class="cart-item" data-item-id="2">`)
}

func formAt(s *shopper, d *desk) url.Values {
	s.t.Helper()
	_, page := s.get(d.Show, "/checkout")
	return form(s.t, page)
}

func TestNothingToCheckOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	for name, handler := range map[string]func(*shopper) (*http.Response, string){
		"/checkout":          func(s *shopper) (*http.Response, string) { return s.get(d.Show, "/checkout") },
		"/checkout/complete": func(s *shopper) (*http.Response, string) { return s.get(d.Complete, "/checkout/complete") },
	} {
		if res, _ := handler(s); res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/" {
			t.Errorf("%s with nothing: %d", name, res.StatusCode)
		}
	}
	for _, token := range []string{"x", d.carts.tokens.Sign(checkout.Cart{})} {
		res, page := s.get(d.Show, "/checkout?serialized_cart="+url.QueryEscape(token))
		s.wants(page, "No items to checkout!", "purchase-button")
		if res.StatusCode != http.StatusOK {
			t.Errorf("status %d", res.StatusCode)
		}
	}
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	s.post(d.counter.pages.RemoveFromCart, "/cart/remove", item("2"))
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "No items to checkout!")
	if _, err := s.try(d.Order, "GET", "/orders/NOPE", "", "", "id", "NOPE"); !errors.Is(err, checkout.ErrNoOrder) {
		t.Errorf("an unknown order: %v", err)
	}
}

func TestCheckoutTakesTheCartOfTheQuery(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	cart := cartWith(t, d.shelf.Catalog(), 6)
	s.get(d.counter.pages.Home, "/")
	_, page := s.get(d.Show, "/checkout?serialized_cart="+url.QueryEscape(d.carts.tokens.Sign(cart)))
	s.wants(page, `data-item-id="6"`, `data-item-id="2"`)
	s.post(d.Buy, "/checkout", form(t, page))
	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, `<li class="cart-item" data-item-id="2">`, `<li class="cart-item" data-item-id="6">`)
}

func TestGoldenCheckout(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	catalog := d.shelf.Catalog()
	cart := cartWith(t, catalog, 1, 6)
	order, err := d.fake.Buy(t.Context(), checkout.Purchase{Lines: cartWith(t, catalog, 2).Lines(), Total: 12000})
	if err != nil {
		t.Fatal(err)
	}
	cancelled := order
	cancelled.Status = checkout.Cancelled
	show := func(cart checkout.Cart) func() ([]byte, error) {
		return func() ([]byte, error) {
			page := d.viewCheckout(t.Context(), catalog, cart)
			page.Serialized = "TOKEN"
			return d.counter.pages.render("checkout", page)
		}
	}
	for name, render := range map[string]func() ([]byte, error){
		"checkout.html":           show(cartWith(t, catalog, 2, 6)),
		"checkout_out.html":       show(cart),
		"checkout_empty.html":     show(checkout.Cart{}),
		"complete.html":           func() ([]byte, error) { return d.renderOrder("complete", "Thank you", order, nobody) },
		"complete_cancelled.html": func() ([]byte, error) { return d.renderOrder("complete", "Your order", cancelled, nobody) },
		"order.html":              func() ([]byte, error) { return d.renderOrder("order", "Your order", order, nobody) },
		"order_cancelled.html":    func() ([]byte, error) { return d.renderOrder("order", "Your order", cancelled, nobody) },
	} {
		html, err := render()
		if err != nil {
			t.Fatal(err)
		}
		webtest.Golden(t, name, html)
	}
}
