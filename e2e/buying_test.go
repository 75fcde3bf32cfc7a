package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/checkout"
)

// checkoutLine is a line of a checkout or an order.
func checkoutLine(itemID int) string {
	return fmt.Sprintf(`.checkout-container .checkout-line[data-item-id="%d"]`, itemID)
}

// complete waits for the page that shows the order just made, and returns the order's id.
func (v *visitor) complete() string {
	v.t.Helper()
	v.says("h1", "Your order is complete!")
	if !strings.HasSuffix(v.URL(), "/checkout/complete") {
		v.t.Errorf("the order is complete on %s", v.URL())
	}
	href, err := v.Locator(`.checkout-container a[href^="/orders/"]`).First().
		GetAttribute("href", playwright.LocatorGetAttributeOptions{Timeout: limit()})
	if err != nil {
		v.t.Fatal(err)
	}
	return strings.TrimPrefix(href, "/orders/")
}

// shows checks that the page has these lines and no other, with their sizes and prices, and the
// total.
func (v *visitor) shows(total string, lines ...orderLine) {
	v.t.Helper()
	for _, l := range lines {
		line := v.text(checkoutLine(l.Item))
		for _, words := range []string{"size " + l.Size, fmt.Sprint("$", l.Price/100)} {
			if !strings.Contains(line, words) {
				v.t.Errorf("item %d: %q is not in %q", l.Item, words, strings.Join(strings.Fields(line), " "))
			}
		}
	}
	if n := v.count(".checkout-line"); n != len(lines) {
		v.t.Errorf("%d lines, want %d", n, len(lines))
	}
	if got := v.text(".checkout__sum"); got != total {
		v.t.Errorf("the total is %s, want %s", got, total)
	}
}

// TestBuying is the story of a purchase, from the first click to the order's page.
func TestBuying(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct{ noWebSocket, noJavaScript bool }{
		"WebSocket":     {},
		"long-poll":     {noWebSocket: true},
		"no JavaScript": {noJavaScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScarceShop(t, map[int]int{5: 1, 18: 1})
			url := s.URL
			if way.noWebSocket {
				g := newGate(t, url)
				g.shut.Store(true)
				url = g.URL
			}
			buyInTwoTabs(t, s, url, !way.noJavaScript)
		})
	}
}

// buyInTwoTabs buys Hop Man 3 after its size in the cart has sold out, and Breezy Boost 600. Pages
// without JavaScript are reloaded before they are looked at.
func buyInTwoTabs(t *testing.T, s *shop, url string, script bool) {
	t.Helper()
	const gone, instead, other = 5, 6, 18
	look := func(v *visitor) *visitor {
		t.Helper()
		if script {
			return v
		}
		if _, err := v.Reload(); err != nil {
			t.Fatal(err)
		}
		return v
	}
	a := newContext(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(script)})
	a.visit(url)
	b := a.tab()
	if script {
		a.cartLive()
		b.cartLive()
		if _, err := b.Evaluate("window.sameDocument = true"); err != nil {
			t.Fatal(err)
		}
	}
	a.click(size(gone))
	a.wait(inCart(gone))
	look(b).wait(inCart(gone))
	b.click(removeFromCart(gone))
	b.gone(inCart(gone))
	look(a).gone(inCart(gone))
	a.click(size(gone))
	a.wait(inCart(gone))
	a.click(size(other))
	a.wait(inCart(other))

	s.run("sell", "--yes")
	s.run("restock", skuOf(instead), "3")
	s.run("restock", skuOf(other), "3")
	for _, v := range []*visitor{a, b} {
		look(v).wait(inCart(gone) + ".cart-item-out")
		v.wait(inCart(other) + ":not(.cart-item-out)")
		v.says(".cart-subtotal", "$140")
	}
	before := s.stock()
	a.click(".cart-checkout")
	a.says(checkoutLine(gone), "Sorry, this shoe is sold out")
	a.says("button.purchase-button:disabled", "SOME ITEMS NOT AVAILABLE")
	a.says(".checkout__total", "$140")
	a.click(checkoutLine(gone) + fmt.Sprintf(` button[value="%d"]`, instead))
	a.wait(checkoutLine(instead))
	look(b).wait(inCart(instead))
	b.gone(inCart(gone))

	bought := []orderLine{
		{instead, skuOf(instead), before[skuOf(instead)].Size, 120_00},
		{other, skuOf(other), before[skuOf(other)].Size, 140_00},
	}
	a.shows("$260", bought...)
	a.click("button.purchase-button:enabled")
	id := a.complete()
	a.shows("$260", bought...)
	for _, v := range []*visitor{a, b} { // a has the cart beside the order
		look(v).gone(".cart-item")
	}
	if script && !evaluate[bool](b, "window.sameDocument === true") {
		t.Error("the other tab was loaded anew")
	}
	for _, v := range []*visitor{a, b} {
		v.visit(url)
		if script {
			v.cartLive()
		}
		if n := v.count(".cart-item"); n != 0 {
			t.Errorf("on the next page %d lines are in the cart", n)
		}
	}
	back := ".site-footer a" // the way back to the order, from the first page
	if script {
		back = ".site-header [data-last-order]:not([hidden])"
	}
	a.click(back)
	a.complete()
	a.click(`.checkout-container a[href^="/orders/"]`)
	a.says("h1", "Your order")
	a.says(".order__words", "Made on")
	a.shows("$260", bought...)

	after := s.stock()
	for _, l := range bought {
		was, is := before[l.SKU], after[l.SKU]
		if is.Available != was.Available-1 || is.Sold != was.Sold+1 {
			t.Errorf("%s: %d available and %d sold, before %d and %d",
				l.SKU, is.Available, is.Sold, was.Available, was.Sold)
		}
	}
	all := s.orders()
	if len(all) != 1 || all[0].ID != id || all[0].Status != string(checkout.Confirmed) || all[0].Total != 260_00 ||
		fmt.Sprint(all[0].Lines) != fmt.Sprint(bought) {
		t.Errorf("orders: %+v", all)
	}
	if strings.Contains(s.log.String(), id) {
		t.Error("the id of the order is in the log")
	}
	truth(t, s.database)
}
