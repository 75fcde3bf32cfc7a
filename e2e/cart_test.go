package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// tab opens another tab of the visitor's browser, at the same address.
func (v *visitor) tab() *visitor {
	v.t.Helper()
	page, err := v.Context().NewPage()
	if err != nil {
		v.t.Fatal(err)
	}
	other := &visitor{v.t, page, make(chan struct{}, 1000)}
	page.OnPageError(func(err error) { v.t.Errorf("error on the page: %v", err) })
	other.visit(v.URL())
	return other
}

// cartLive waits until the page has its cart from the server: from then on clicks go over the
// socket.
func (v *visitor) cartLive() {
	v.t.Helper()
	v.wait("#cart-container[data-live]")
}

func (v *visitor) click(selector string) {
	v.t.Helper()
	if err := v.Locator(selector).First().Click(playwright.LocatorClickOptions{Timeout: limit()}); err != nil {
		v.t.Fatalf("click on %s: %v", selector, err)
	}
}

// gone waits until the selector finds nothing that can be seen.
func (v *visitor) gone(selector string) {
	v.t.Helper()
	err := v.Locator(selector).First().WaitFor(playwright.LocatorWaitForOptions{
		State: playwright.WaitForSelectorStateHidden, Timeout: limit(),
	})
	if err != nil {
		v.t.Fatalf("%s did not go: %v", selector, err)
	}
}

// says waits until an element holds the words.
func (v *visitor) says(selector, words string) {
	v.t.Helper()
	v.wait(fmt.Sprintf("%s:has-text(%q)", selector, words))
}

func inCart(itemID int) string { return fmt.Sprintf(".cart-item[data-item-id=%q]", fmt.Sprint(itemID)) }

func removeFromCart(itemID int) string {
	return fmt.Sprintf(".cart-item__remove[data-item-id=%q]", fmt.Sprint(itemID))
}

// checkOut goes from the page with the cart to the checkout, and buys what is there.
func (v *visitor) checkOut() {
	v.t.Helper()
	v.click(".cart-checkout")
	v.click("button.purchase-button:enabled")
}

func TestCartInTwoTabs(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2, 3, 15)
	blocked := newGate(t, s.URL)
	blocked.shut.Store(true)
	for name, url := range map[string]string{"WebSocket": s.URL, "long-poll": blocked.URL} {
		t.Run(name, func(t *testing.T) {
			a := newContext(t, playwright.BrowserNewContextOptions{})
			a.visit(url)
			a.cartLive()
			b := a.tab()
			b.cartLive()
			if _, err := a.Evaluate("window.sameDocument = true"); err != nil {
				t.Fatal(err)
			}
			a.click(size(2))
			a.wait(inCart(2))
			b.wait(inCart(2))
			b.click(size(15))
			b.wait(inCart(15))
			a.wait(inCart(15))
			a.says(".cart-subtotal", "$260")
			b.click(removeFromCart(2))
			b.gone(inCart(2))
			a.gone(inCart(2))
			b.click(size(3))
			a.wait(inCart(3))
			if a.click(size(2)); a.count(inCart(2)) != 0 {
				t.Error("a second size of a shoe is in the cart")
			}
			a.click(`[data-toast] button:has-text("Swap")`)
			a.wait(inCart(2))
			b.wait(inCart(2))
			b.gone(inCart(3))
			if !evaluate[bool](a, "window.sameDocument === true") {
				t.Error("the page was loaded anew")
			}
			a.visit(url + "/checkout") // typed by hand
			for _, item := range []int{2, 15} {
				a.wait(fmt.Sprintf(`.checkout-container [data-item-id="%d"]`, item))
			}
			a.wait("button.purchase-button:enabled")
		})
	}
}

func TestCartOutlivesTheVisit(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2)
	v := newVisitor(t, s.URL)
	v.cartLive()
	v.click(size(2))
	v.wait(inCart(2))
	id := evaluate[string](v, "window.cartId")
	if stored := evaluate[string](v, "localStorage.storedCart"); len(id) != 64 || stored == "" {
		t.Errorf("the cart's id has %d characters, %q is stored", len(id), stored)
	}
	waittest.Until(t, "the session has the cart", func() bool { // the script tells it a moment after the change
		return evaluate[bool](v, "async () => (await (await fetch('/session')).json()).serialized_cart !== null")
	})
	s.stop()
	s.start()
	v.visit(s.URL) // another port, and so another origin: what the browser kept is not there
	v.cartLive()
	if n := v.count(".cart-item"); n != 1 { // cookies know no ports
		t.Errorf("%d lines, want the one of the session", n)
	}
	if err := v.Context().ClearCookies(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Reload(); err != nil {
		t.Fatal(err)
	}
	v.cartLive()
	v.wait(inCart(2)) // from what the browser stores
}

// A size in the cart sells out, and it says so at once; when it is back, it can be bought.
func TestCartSellsOut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.onlyItem(5, 1)
	s.run("release", "SHU6000")
	v := newVisitor(t, s.URL)
	v.cartLive()
	v.click(size(5))
	v.wait(inCart(5))
	if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
		t.Fatal(err)
	}
	s.run("sell", "--yes", "--unreleased")
	v.wait(inCart(5) + ".cart-item-out")
	v.says(".toast__card", "size 8 just sold out")
	s.run("restock", "SHU6003", "7")
	v.wait(inCart(5) + ` button:has-text("7")`)
	if !evaluate[bool](v, "window.sameDocument === true") {
		t.Error("the page was loaded anew")
	}
	other := v.tab()
	v.click(".cart-checkout")
	v.says(".checkout-container", "Sorry, this shoe is sold out")
	v.says("button.purchase-button:disabled", "SOME ITEMS NOT AVAILABLE")

	s.run("restock", "SHU6005", "500", "--yes")
	other.wait(inCart(5) + ":not(.cart-item-out)")
	v.wait("button.purchase-button:enabled")
}

func TestCartWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2, 3, 15)
	with := newVisitor(t, s.URL)
	with.cartLive()
	with.click(size(15))
	with.wait(inCart(15))
	with.visit(s.URL + "/checkout")
	with.visit(s.URL)
	with.cartLive()

	// the same shopper turns JavaScript off: the cookies stay
	cookies, err := with.Context().Cookies()
	if err != nil {
		t.Fatal(err)
	}
	var same []playwright.OptionalCookie
	for _, c := range cookies {
		same = append(same, c.ToOptionalCookie())
	}
	v := newContext(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	if err := v.Context().AddCookies(same); err != nil {
		t.Fatal(err)
	}
	v.visit(s.URL + "/products/SHU6000")
	v.wait(inCart(15))
	v.click(size(2))
	v.says("[data-flash]", "Hop Man 3, size 6.5 is in your cart.")
	v.wait(inCart(2))
	if !strings.HasSuffix(v.URL(), "/products/SHU6000") {
		t.Errorf("the shopper is on %s now", v.URL())
	}
	with.wait(inCart(2)) // a tab with JavaScript hears of the form
	v.click(size(3))
	v.says("[data-flash]", "You have Hop Man 3 in size 6.5")
	v.click(`[data-flash] button:has-text("Swap for size 7")`)
	v.wait(inCart(3))
	with.wait(inCart(3))
	v.click(removeFromCart(15))
	v.says("[data-flash]", "was removed")
	with.gone(inCart(15))
	v.click(".cart-checkout")
	v.wait(`.checkout-container [data-item-id="3"]`)
	v.wait("button.purchase-button:enabled")
	v.visit(s.URL)
	v.checkOut()
	v.says("h1", "Your order is complete!")
	with.gone(".cart-item")
}

// Two tabs that open at once on a first visit share one cart.
func TestFirstVisitInTwoTabs(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2)
	for range 5 {
		a := newContext(t, playwright.BrowserNewContextOptions{})
		page, err := a.Context().NewPage()
		if err != nil {
			t.Fatal(err)
		}
		b := &visitor{t, page, make(chan struct{}, 1000)}
		opened := make(chan error, 2) // buffer 2: both end even without a receiver
		for _, v := range []*visitor{a, b} {
			go func() {
				_, err := v.Goto(s.URL)
				opened <- err
			}()
		}
		for range 2 {
			if err := <-opened; err != nil {
				t.Fatal(err)
			}
		}
		a.cartLive()
		b.cartLive()
		id := func(v *visitor) string { return evaluate[string](v, "window.cartId") }
		waittest.Until(t, "both tabs have one cart", func() bool { return id(a) == id(b) })
		a.click(size(2))
		b.wait(inCart(2))
		waittest.Until(t, "the session has it too", func() bool {
			return evaluate[string](a, "async () => (await (await fetch('/session')).json()).cart_id") == id(a)
		})
		if ids := []string{id(a), id(b)}; slices.Contains(ids, "") || ids[0] != ids[1] {
			t.Errorf("the tabs have the carts %v", ids)
		}
	}
}
