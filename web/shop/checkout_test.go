package shop

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"sneakers23/checkout"
	"sneakers23/web/webtest"
)

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
	s.wants(page, `<li class="cart-item" data-item-id="9"`, `<li class="cart-item" data-item-id="2"`)
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the order's page has %v", res.Header)
	}
	_, page = s.get(d.Order, "/orders/ORDER-1", "id", "ORDER-1")
	s.wants(page, `Made on <time datetime="2031-05-02T20:00:00Z" data-moment>2 May 2031, 20:00 UTC</time>`)

	for _, total := range []string{"26050", "what it was"} { // gone back, and sent again
		sent.Set("total_cents", total)
		if to := s.post(d.Buy, "/checkout", sent); to != "/checkout/complete" {
			t.Errorf("bought again for %s, and led to %s", total, to)
		}
		_, page = s.get(d.Complete, "/checkout/complete")
		s.wants(page, `<a href="/orders/ORDER-1">`)
		s.wants(page, "You bought this before, and here is that order.")
	}
	if len(d.fake.orders) != 1 || len(d.fake.asked) != 3 || d.fake.asked[0].Total != 26050 ||
		len(d.fake.asked[0].Lines) != 2 {
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
	s.wants(page, "Nothing else was bought: the rest is still in your cart.", `<li class="cart-item" data-item-id="2"`)
	s.wants(page, `<li class="cart-item" data-item-id="6"`)
	s.post(d.Buy, "/checkout", formAt(s, d))
	if len(d.fake.orders) != 2 {
		t.Errorf("%d orders, want 2", len(d.fake.orders))
	}
}

// A shopper who has bought the parts of their cart with several orders is told so, and none of them
// stay in the cart.
func TestBuyWhatTwoOrdersHave(t *testing.T) {
	t.Parallel()
	for _, more := range []bool{false, true} {
		d := newDesk(t)
		s := newShopper(t)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		first := formAt(s, d)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
		both := d.carts.tokens.OpenForm(formAt(s, d).Get("serialized_cart"))
		second := url.Values{"serialized_cart": {d.carts.tokens.Sign(both.RemoveBought(both.Lines()[0].ID), "")}}
		posted := both
		if more {
			posted = both.Merge(cartWith(t, d.shelf.Catalog(), 9))
		}
		s.post(d.Buy, "/checkout", first)
		s.post(d.Buy, "/checkout", second)
		s.forgets(cartName, orderName)
		s.post(d.Buy, "/checkout", url.Values{"serialized_cart": {d.carts.tokens.Sign(posted, "")}})
		if len(d.fake.orders) != 2 {
			t.Errorf("%d orders, want 2", len(d.fake.orders))
		}
		_, page := s.get(d.Complete, "/checkout/complete")
		s.wants(page, `<a href="/orders/ORDER-1">`, `<li class="cart-item" data-item-id="2"`,
			`<li class="cart-item" data-item-id="6"`)
		if more {
			s.wants(page, "You bought a part of this with several orders before, and here is one of them. See also /orders/ORDER-2. Nothing else")
			s.wants(page, `<li class="cart-item" data-item-id="9"`)
		} else {
			s.wants(page, "You bought this with several orders before, and here is one of them. See also /orders/ORDER-2. Nothing was bought now.")
		}
	}
}

// An order that holds several lines of a cart is named once.
func TestBuyWhatAnotherOrderHasTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cart := cartWith(t, d.shelf.Catalog(), 2, 6, 9)
	s := newShopper(t)
	buyer := checkout.ShopperOf(s.session(d.counter.pages).CartID)
	for _, lines := range [][]checkout.Line{cart.Lines()[:1], cart.Lines()[1:]} {
		if _, err := d.fake.Buy(t.Context(), checkout.Purchase{Lines: lines, Buyer: buyer}); err != nil {
			t.Fatal(err)
		}
	}
	s.post(d.Buy, "/checkout", url.Values{"serialized_cart": {d.carts.tokens.Sign(cart, "")}})
	_, page := s.get(d.Complete, "/checkout/complete")
	s.wants(page, "See also /orders/ORDER-2. Nothing was bought now.")
}

// A form from another tab buys what it shows. Lines that it shows and the cart lacks are in neither
// after that.
func TestBuyMergesTheFormIntoTheCart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("9"))
	cart := cartWith(t, d.shelf.Catalog(), 2, 6)
	one := cart.RemoveBought(cart.Lines()[1].ID)
	buyer := checkout.ShopperOf(s.session(d.counter.pages).CartID)
	if _, err := d.fake.Buy(t.Context(), checkout.Purchase{Lines: one.Lines(), Buyer: buyer}); err != nil {
		t.Fatal(err)
	}
	s.post(d.Buy, "/checkout", url.Values{"serialized_cart": {d.carts.tokens.Sign(cart, "")}})
	_, page := s.get(d.Complete, "/checkout/complete")
	s.wants(page, `<li class="cart-item" data-item-id="6"`, `<li class="cart-item" data-item-id="2"`)
	s.wants(page, `<li class="cart-item" data-item-id="9"`)
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
	s.wants(page, `<a href="/orders/ORDER-1">`, `<li class="cart-item" data-item-id="2"`)
	_, page = s.get(d.counter.pages.Home, "/")
	s.wants(page, "Sneakers23", `<li class="cart-item" data-item-id="2"`)
}

func TestNothingToCheckOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	if res, _ := s.get(d.Show, "/checkout"); res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/" {
		t.Errorf("/checkout with nothing: %d", res.StatusCode)
	}
	for _, token := range []string{"x", d.carts.tokens.Sign(checkout.Cart{}, "")} {
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
	if _, err := s.try(d.Order, "GET", "/orders/NOPE", "", "", "id", "NOPE"); !errors.Is(err, checkout.ErrNoOrder) ||
		errors.Is(err, ErrNoDatabase) {
		t.Errorf("an unknown order: %v", err)
	}
}

// TestUnreadableLink opens a link that was cut off: it says so, and takes nothing from the cart
// that the shopper has.
func TestUnreadableLink(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	const says = "This link can&#39;t be read: it is cut off, or too old."
	_, page := s.get(d.Show, "/checkout?serialized_cart=broken")
	s.wants(page, says, "own cart", "purchase-button")
	s.wants(page, "No items to checkout!")
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	if res, _ := s.get(d.Show, "/checkout?serialized_cart=broken"); res.Header.Get("Location") != "/checkout" {
		t.Errorf("led to %q", res.Header.Get("Location"))
	}
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, says+" Here is your own cart.", "No items")
	s.wants(page, `data-item-id="2"`)
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, `data-item-id="2"`, says)
}

// TestCheckoutLink opens links to carts: a shopper's own is merged, so what was taken out since
// stays out; another shopper's is put beside what the shopper has.
func TestCheckoutLink(t *testing.T) {
	t.Parallel()
	t.Run("own", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		s := newShopper(t)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		old := "/checkout?serialized_cart=" + url.QueryEscape(formAt(s, d).Get("serialized_cart"))
		s.post(d.counter.pages.RemoveFromCart, "/cart/remove", item("2"))
		s.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
		if res, _ := s.get(d.Show, old); res.Header.Get("Location") != "/checkout" {
			t.Errorf("led to %q", res.Header.Get("Location"))
		}
		_, page := s.get(d.Show, "/checkout")
		s.wants(page, `data-item-id="6"`, `<li class="checkout-line" data-item-id="2"`)
	})
	t.Run("of another", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t) // a cart holds two lines
		s := newShopper(t)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("3"))
		theirs := d.link(2, 6, 9)
		s.get(d.Show, "/checkout") // takes the flash
		var opened []checkout.Cart
		for range 2 { // a reload gives the same lines
			if res, _ := s.get(d.Show, theirs); res.Header.Get("Location") != "/checkout" {
				t.Errorf("led to %q", res.Header.Get("Location"))
			}
			_, page := s.get(d.Show, "/checkout")
			s.wants(page, `data-item-id="3"`, `<li class="checkout-line" data-item-id="2"`, `data-item-id="9"`)
			s.wants(page, `data-item-id="6"`)
			s.wants(page, "Your cart is full")
			opened = append(opened, d.buys(form(t, page)))
		}
		if !opened[0].Equal(opened[1]) {
			t.Errorf("opened again, the link makes %v of %v", opened[1].Lines(), opened[0].Lines())
		}
	})
	t.Run("of another size", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		s := newShopper(t)
		s.post(d.counter.pages.AddToCart, "/cart/add", item("3"))
		s.get(d.Show, "/checkout")
		s.get(d.Show, d.link(2))
		_, page := s.get(d.Show, "/checkout")
		s.wants(page, "one size of each shoe", `<li class="checkout-line" data-item-id="2"`)
	})
	t.Run("on a first visit", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		s := newShopper(t)
		at := d.link(2)
		_, page := s.get(d.Show, at)
		s.wants(page, `data-item-id="2"`, "data-checkout")
		s.wants(page, `data-no-cookie hidden>`) // it had none to send
		shown := d.buys(form(t, page))
		s.get(d.Show, at)
		if kept := d.buys(formAt(s, d)); !kept.Equal(shown) {
			t.Errorf("the session keeps %v, want %v", kept.Lines(), shown.Lines())
		}
	})
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
			page := d.viewCheckout(t.Context(), catalog, cart, viewer{})
			page.Serialized = "TOKEN"
			return d.counter.pages.render("checkout", page)
		}
	}
	for name, render := range map[string]func() ([]byte, error){
		"checkout.html":       show(cartWith(t, catalog, 2, 6)),
		"checkout_out.html":   show(cart),
		"checkout_empty.html": show(checkout.Cart{}),
		"complete.html": func() ([]byte, error) {
			return d.renderOrder("complete", "Thank you", order, nobody, "")
		},
		"complete_cancelled.html": func() ([]byte, error) {
			return d.renderOrder("complete", "Your order", cancelled, nobody, "")
		},
		"order.html": func() ([]byte, error) {
			return d.renderOrder("order", "Your order", order, nobody, "")
		},
		"order_cancelled.html": func() ([]byte, error) {
			return d.renderOrder("order", "Your order", cancelled, nobody, "")
		},
	} {
		html, err := render()
		if err != nil {
			t.Fatal(err)
		}
		webtest.Golden(t, name, html)
	}
}

// TestWayBackToTheOrder leads a buyer from every page to the last order. A page that is the same
// for everyone has the way in its footer, and its script is told of the order by the session.
func TestWayBackToTheOrder(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	pages := d.counter.pages
	s := newShopper(t)
	const hidden, footer = `data-last-order hidden>`, `<a href="/checkout/complete">Your last order</a>`
	_, home := s.get(pages.Home, "/")
	s.wants(home, hidden)
	s.wants(home, footer)
	if v := s.session(pages); v.OrderNumber != nil {
		t.Errorf("a new visitor has the order %s", *v.OrderNumber)
	}
	res, page := s.get(d.Complete, "/checkout/complete")
	s.wants(page, "No order in this browser", "order is complete")
	if got := res.Header.Get("Cache-Control"); res.StatusCode != http.StatusOK || got != "no-store" {
		t.Errorf("the page without an order: %d, %s", res.StatusCode, got)
	}

	s.post(pages.AddToCart, "/cart/add", item("2"))
	s.post(d.Buy, "/checkout", formAt(s, d))
	number := string(checkout.OrderID("ORDER-1").Number())
	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, `Order number <strong class="order__number">`+number+`</strong>`, "No order")
	_, page = s.get(d.Order, "/orders/ORDER-1", "id", "ORDER-1")
	s.wants(page, `Order number <strong class="order__number">`+number+`</strong>`)

	if _, again := s.get(pages.Home, "/"); again != home {
		t.Error("a buyer without a cart gets another page than everybody else")
	}
	if v := s.session(pages); v.OrderNumber == nil || string(*v.OrderNumber) != number {
		t.Errorf("the session tells of the order %v, want %s", v.OrderNumber, number)
	}
	if v := s.mirror(pages, mirrored{}); v.OrderNumber == nil || string(*v.OrderNumber) != number {
		t.Errorf("the mirrored session tells of the order %v, want %s", v.OrderNumber, number)
	}

	s.post(pages.AddToCart, "/cart/add", item("6")) // a page of the buyer's own
	shown := `data-last-order><span class="order-link__your">Your</span> order <span class="order-link__number" data-order-number>` + number + `</span>`
	_, page = s.get(pages.Home, "/")
	s.wants(page, shown, hidden)
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, shown, hidden)

	s.refuses = true
	s.forgets(sessionName, cartName, orderName)
	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, "No order in this browser")
}
