package shop

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// sends posts a form, and returns the page that it is answered with, or led to.
func (s *shopper) sends(d *desk, handler echo.HandlerFunc, target string, values url.Values) (at, page string) {
	s.t.Helper()
	res, err := s.try(handler, "POST", target, "application/x-www-form-urlencoded", values.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	to := res.Header.Get("Location")
	path, _, _ := strings.Cut(to, "?")
	switch path {
	case "":
		return "", body(s.t, res)
	case "/checkout":
		_, page = s.get(d.Show, to)
	case "/checkout/complete":
		_, page = s.get(d.Complete, to)
	default:
		s.t.Fatalf("%s leads to %s", target, to)
	}
	return path, page
}

// TestTokenReadsNoOrder has two shoppers with one token. The second buys with it, by the link and
// by its very form: the first is never led to that order, and can buy.
func TestTokenReadsNoOrder(t *testing.T) {
	t.Parallel()
	t.Run("by a link", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		a, b := newShopper(t), newShopper(t)
		a.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		mine := formAt(a, d)
		_, page := b.get(d.Show, "/checkout?serialized_cart="+url.QueryEscape(mine.Get("serialized_cart")))
		_, page = b.sends(d, d.Buy, "/checkout", form(t, page))
		b.wants(page, `/orders/ORDER-1"`)
		_, page = a.sends(d, d.Buy, "/checkout", mine)
		a.wants(page, `/orders/ORDER-2"`, "ORDER-1")
	})
	t.Run("by its form", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		a, b := newShopper(t), newShopper(t)
		a.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		mine := formAt(a, d)
		b.sends(d, d.Buy, "/checkout", mine)
		for range 2 {
			_, page := a.sends(d, d.Buy, "/checkout", mine)
			a.wants(page, "bought already, and we can&#39;t tell that it was you. Nothing was bought now.", "ORDER-1")
			a.wants(page, "No items to checkout!")
		}
		a.session(d.counter.pages)
		if len(d.fake.orders) != 1 {
			t.Errorf("%d orders, want 1", len(d.fake.orders))
		}
	})
	t.Run("seen before it is sent", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		a, b := newShopper(t), newShopper(t)
		a.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		b.sends(d, d.Buy, "/checkout", formAt(a, d))
		_, page := a.get(d.Show, "/checkout")
		a.wants(page, "This pair was bought already, and we can't tell that it was by you", "ORDER-1", "Purchase")
	})
	t.Run("beside an order of one's own", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		a, b := newShopper(t), newShopper(t)
		a.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		one := formAt(a, d)
		a.post(d.counter.pages.AddToCart, "/cart/add", item("6"))
		both := formAt(a, d)
		a.sends(d, d.Buy, "/checkout", one)
		rest := d.buys(both)
		rest = rest.RemoveBought(rest.Lines()[0].ID)
		b.sends(d, d.Buy, "/checkout", url.Values{"serialized_cart": {d.carts.tokens.Sign(rest, "")}})
		_, page := a.sends(d, d.Buy, "/checkout", both)
		a.wants(page, `/orders/ORDER-1"`, "ORDER-2")
		if len(d.fake.orders) != 2 {
			t.Errorf("%d orders, want 2", len(d.fake.orders))
		}
	})
}

// TestCartOfAnotherShopper is brought to the session and to a channel under another cart's id: its
// lines are others there.
func TestCartOfAnotherShopper(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cart := cartWith(t, d.shelf.Catalog(), 2)
	theirs := d.carts.tokens.Sign(cart, newCartID())
	id := newCartID()
	bySession := *newShopper(t).mirror(d.counter.pages, mirrored{id, theirs}).SerializedCart
	_, seen := d.tab(id, object{"serialized": theirs})
	for name, token := range map[string]string{"the session": bySession, "the channel": seen.Serialized} {
		got, own := d.carts.tokens.Open(token, id)
		if !own || got.Len() != 1 || got.Lines()[0].ID == cart.Lines()[0].ID {
			t.Errorf("%s has %v, own: %v", name, got.Lines(), own)
		}
	}
	if !d.carts.tokens.OpenForm(bySession).Equal(d.carts.tokens.OpenForm(seen.Serialized)) {
		t.Error("the session and the channel have made different lines of one token")
	}
}

// TestWithoutCookies buys in a browser that keeps none. It says so before the purchase, shows the
// order after it, and the form sent again leads to the same order.
func TestWithoutCookies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.refuses = true
	id := newCartID()
	tab, _ := d.tab(id, nil)
	seen := changed(t, tab, "add_item", object{"item_id": 2})
	cart := url.Values{"serialized_cart": {seen.Serialized}, "cart_id": {id}}
	at, page := s.sends(d, d.TakeCart, "/checkout/cart", cart)
	if at != "" {
		t.Fatalf("led to %s, where a request without a cookie finds nothing", at)
	}
	s.wants(page, `data-no-cookie>Your browser has sent us no cookie.`, "data-checkout")
	sent := form(t, page)
	for range 2 { // the answer was lost
		at, page = s.sends(d, d.Buy, "/checkout", sent)
		s.wants(page, `/orders/ORDER-1"`)
		if at != "/checkout/complete" {
			t.Errorf("bought, and led to %s", at)
		}
	}
	_, carried, _ := strings.Cut(page, `data-carried="`)
	carried, _, _ = strings.Cut(carried, `"`)
	_, other := d.tab(newCartID(), object{"serialized": seen.Serialized, "carried": carried})
	wantIDs(t, other, 2) // another shopper's receipt takes nothing out of a cart
	_, left := d.tab(id, object{"serialized": seen.Serialized, "carried": carried})
	wantIDs(t, left)
	if len(d.fake.orders) != 1 {
		t.Errorf("%d orders, want 1", len(d.fake.orders))
	}
}

// TestRefusedWithoutCookies answers with the page that says why, since a redirect would lead to
// nothing.
func TestRefusedWithoutCookies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.refuses = true
	_, page := s.get(d.Show, d.link(2, 6))
	d.fake.refuses = checkout.ErrSoldOut
	at, page := s.sends(d, d.Buy, "/checkout", form(t, page))
	s.wants(page, "Your cart has out-of-stock shoes.")
	if at != "" {
		t.Errorf("led to %s", at)
	}
	_, change, _ := strings.Cut(page, `<form id="checkout-change" action="/checkout/cart" method="post">`)
	fields := form(t, `action="/checkout" method="post">`+change)
	for field, left := range map[string]string{"take_out": `data-item-id="2"`, "take_instead": `data-item-id="3"`} {
		fields.Del("take_out")
		fields.Del("take_instead")
		fields.Set(field, map[string]string{"take_out": "6", "take_instead": "3"}[field])
		at, page = s.sends(d, d.TakeCart, "/checkout/cart", fields)
		s.wants(page, left)
		if at != "" {
			t.Errorf("%s led to %s", field, at)
		}
	}
}

// TestFirstFormWithoutCookies adds a pair without a script. The first form of a visit carries no
// cookie: whether the browser keeps them shows on the way back.
func TestFirstFormWithoutCookies(t *testing.T) {
	t.Parallel()
	for _, refuses := range []bool{false, true} {
		d := newDesk(t)
		s := newShopper(t)
		s.refuses, s.page = refuses, "http://shop.example/products/SHU6000"
		to := s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
		if to != "/cart/kept?from=%2Fproducts%2FSHU6000" {
			t.Fatalf("led to %s", to)
		}
		res, page := s.get(d.counter.pages.CartKept, to)
		if refuses {
			s.wants(page, "Your browser did not keep your cart")
			s.wants(page, `href="/products/SHU6000"`)
		} else if back := res.Header.Get("Location"); back != "/products/SHU6000" {
			t.Errorf("led on to %q", back)
		}
	}
	s := newShopper(t)
	for _, from := range []string{"//evil.example/", "https://evil.example", "evil", ""} {
		_, page := s.get(newDesk(t).counter.pages.CartKept, "/cart/kept?from="+url.QueryEscape(from))
		s.wants(page, `href="/`, "https://", `href="//`)
	}
}

// TestFormInDoubtKeepsItsLines sends a form whose outcome is unknown, from a browser that has lost
// its session, and moves the session to another cart id meanwhile. The page that asks to send it
// again has the very same lines.
func TestFormInDoubtKeepsItsLines(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(s *shopper, d *desk){
		"another shopper": func(s *shopper, d *desk) { s.forgets(sessionName, cartName) },
		"another cart id": func(s *shopper, d *desk) { s.mirror(d.counter.pages, mirrored{CartID: newCartID()}) },
		"a token moved on": func(s *shopper, d *desk) {
			v := s.session(d.counter.pages)
			s.forgets(cartName)
			s.mirror(d.counter.pages, mirrored{newCartID(), *v.SerializedCart})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			s := newShopper(t)
			s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
			sent := formAt(s, d)
			then(s, d)
			s.session(d.counter.pages)
			d.fake.refuses = checkout.ErrUnknown
			_, page := s.sends(d, d.Buy, "/checkout", sent)
			s.wants(page, "We don&#39;t know yet whether this was bought.")
			before, now := d.buys(sent), d.buys(form(t, page))
			if !now.Equal(before) {
				t.Errorf("the form to be sent again has the lines %v, want %v", now.Lines(), before.Lines())
			}
		})
	}
}

// TestBuyerUnderAnotherCartID sends the form again after the tabs have agreed on another name for
// the cart.
func TestBuyerUnderAnotherCartID(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	sent := formAt(s, d)
	s.post(d.Buy, "/checkout", sent)
	s.forgets(orderName) // the answer was lost
	s.mirror(d.counter.pages, mirrored{CartID: newCartID()})
	_, page := s.sends(d, d.Buy, "/checkout", sent)
	s.wants(page, `/orders/ORDER-1"`)
}

// TestReceiptIsSealed looks for the order's id in an address.
func TestReceiptIsSealed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	s.refuses = true
	_, page := s.get(d.Show, d.link(2))
	to, err := url.Parse(s.post(d.Buy, "/checkout", form(t, page)))
	if err != nil {
		t.Fatal(err)
	}
	text := to.Query().Get("order")
	for range 3 { // it is encoded more than once
		raw, _ := base64.URLEncoding.DecodeString(text)
		parts := strings.Split(string(raw), "|")
		text = parts[min(1, len(parts)-1)]
		if strings.Contains(string(raw), "ORDER-1") {
			t.Fatal("the receipt tells the id of the order")
		}
	}
}

// TestLargestReceipt signs a receipt with all that it may hold: the order is committed by then, so
// it must not fail.
func TestLargestReceipt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const many = 1 << 40 // ids as long as they may get
	var cart checkout.Cart
	var ids []checkout.LineID
	had := boughtLines{orders: make([]checkout.OrderID, checkout.MostLines)}
	for i := range inventory.ItemID(checkout.MostLines) {
		line := checkout.Line{ID: checkout.NewLineID(), Product: inventory.ProductID(many * (i + 1)), Item: many + i}
		added, err := cart.Add(line, checkout.NewActor(), checkout.MostLines)
		if err != nil {
			t.Fatal(err)
		}
		cart, ids = added, append(ids, line.ID)
		had.orders[i] = checkout.OrderID(line.ID.String())
	}
	bought := d.carts.tokens.Sign(cart.Receipt(ids...), newCartID())
	words := had.words(cart.Lines()).Message
	text, err := d.counter.pages.sessions.signReceipt(receipt{had.orders[0], bought, words})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", len(text))
	if r, ok := d.counter.pages.sessions.openReceipt(text); !ok || r.Bought != bought || r.Words != words {
		t.Errorf("read as %+v", r)
	}
}

// TestReceiptOfABrowserWithCookies leads on, with what is to be said.
func TestReceiptOfABrowserWithCookies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	text, err := d.counter.pages.sessions.signReceipt(receipt{Order: "ORDER-1", Words: "Nothing else was bought."})
	if err != nil {
		t.Fatal(err)
	}
	s.post(d.counter.pages.AddToCart, "/cart/add", item("2"))
	s.post(d.Buy, "/checkout", formAt(s, d))
	res, _ := s.get(d.Complete, "/checkout/complete?order="+url.QueryEscape(text))
	if to := res.Header.Get("Location"); to != "/checkout/complete" {
		t.Errorf("led to %q", to)
	}
	_, page := s.get(d.Complete, "/checkout/complete")
	s.wants(page, "Nothing else was bought.")
}

// TestReceiptEnds asks for an order by its receipt in time, too late, and by what is no receipt.
func TestReceiptEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		s := newShopper(t)
		s.refuses = true
		_, page := s.get(d.Show, d.link(2))
		to := s.post(d.Buy, "/checkout", form(t, page))
		time.Sleep(receiptAge - time.Second)
		_, page = s.get(d.Complete, to)
		s.wants(page, "Your order is complete!")
		time.Sleep(2 * time.Second)
		for what, address := range map[string]string{"old": to, "forged": "/checkout/complete?order=AAAA"} {
			_, err := s.try(d.Complete, "GET", address, "", "")
			if he, ok := errors.AsType[*echo.HTTPError](err); !ok || he.Code != http.StatusGone {
				t.Errorf("%s: %v, want 410", what, err)
			}
		}
	})
}
