package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// noStorage denies the page its storage.
const noStorage = `Object.defineProperty(window, "localStorage", {
	get() { throw new DOMException("denied", "SecurityError") }
})`

// TestBuyingWithoutCookies buys in a browser that sends no cookie. It is told so before it buys,
// and is shown its order; what it has bought is in no cart any more.
func TestBuyingWithoutCookies(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{"with storage": "", "without storage": noStorage} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.onlyItem(5, 2)
			g := newGate(t, s.URL)
			g.noCookies.Store(true)
			v := newContext(t, playwright.BrowserNewContextOptions{})
			if script != "" {
				if err := v.AddInitScript(playwright.Script{Content: playwright.String(script)}); err != nil {
					t.Fatal(err)
				}
			}
			s.run("release", "SHU6000")
			v.visit(g.URL)
			v.cartLive()
			v.click(`button.size-container__entry[value="5"]`)
			v.wait(inCart(5))
			v.click(".cart-checkout")
			v.says(".checkout__form", "Your browser has sent us no cookie.")
			v.click("button.purchase-button:enabled")
			v.says("h1", "Your order is complete!")
			if strings.Contains(v.URL(), "serialized_cart") {
				t.Errorf("a token stands in the address %s", v.URL())
			}
			v.cartLive()
			v.gone(inCart(5))
			v.click(".checkout__back a")
			v.cartLive()
			v.gone(inCart(5))
			for _, it := range s.stock() {
				if it.ID == 5 && it.Available != 1 {
					t.Errorf("%d pairs are left, want 1", it.Available)
				}
			}
		})
	}
}

// TestNoScriptAndNoCookies clicks on a size where nothing can be kept: the shopper is told.
func TestNoScriptAndNoCookies(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run("release", "SHU6000")
	g := newGate(t, s.URL)
	g.noCookies.Store(true)
	v := newContext(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	v.visit(g.URL + "/products/SHU6000")
	v.click(`button.size-container__entry:enabled`)
	v.says("h1", "Your browser did not keep your cart")
	v.click("a.button")
	v.says("h1", "Hop Man 3")
}

// TestTokenOpensNoOrder gives one cart's token to two shoppers, and lets the second buy: by a link,
// and by the form itself.
func TestTokenOpensNoOrder(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.onlyItem(5, 5)
	s.run("release", "SHU6000")
	for name, second := range map[string]func(b *customer, form url.Values) page{
		"by a link": func(b *customer, form url.Values) page {
			b.get("/checkout?serialized_cart=" + url.QueryEscape(form.Get("serialized_cart")))
			return b.post("/checkout", b.purchase())
		},
		"by its form": func(b *customer, form url.Values) page { return b.post("/checkout", form) },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newCustomer(t, s.URL), newCustomer(t, s.URL)
			a.add(5)
			form := a.purchase()
			bought := second(b, form)
			if bought.order() == "" {
				t.Fatalf("the second shopper is at %s: %q", bought.path, bought.flash())
			}
			p := a.post("/checkout", form)
			if p.status != http.StatusOK || strings.Contains(p.html, bought.order()) {
				t.Errorf("the first shopper is led to the order of the second: %d at %s", p.status, p.path)
			}
		})
	}
}
