package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// inCarts is where the dashboard counts the carts with an item.
func inCarts(item int) string { return fmt.Sprintf("#admin-item-cart-count-%d", item) }

// tabsAt is the dashboard's row of a page.
func tabsAt(page string) string {
	return fmt.Sprintf(`#shoppers-by-page tr:has(bdi:text-is(%q)) [data-count]`, page)
}

// TestDashboard follows two shoppers, one of whom has two tabs, and changes the shop from there.
func TestDashboard(t *testing.T) {
	t.Parallel()
	s := freshShopWith(t, shelf{empty: true, pairs: map[int]int{1: 5, 2: 5}})
	s.run("release", "SHU6000")
	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	a.opensDashboard(s.URL)
	a.says("#dashboard", "Nobody is in the shop yet.")
	a.says("[data-chart-words]", "No orders in the last hour.")

	ann := newVisitor(t, s.URL)
	ann.cartLive()
	bob := newContext(t, playwright.BrowserNewContextOptions{})
	bob.visit(s.URL + "/products/SHU6000")
	bob.cartLive()
	second := ann.tab()
	second.visit(s.URL)
	second.cartLive()
	a.says("#shopper-count", "2")
	a.says("[data-tabs]", "3")
	a.says(tabsAt("/"), "2")
	a.says(tabsAt("/products/SHU6000"), "1")

	ann.click(size(1))
	a.says(inCarts(1), "1")
	bob.click(size(1))
	a.says(inCarts(1), "2")
	bob.click(removeFromCart(1))
	a.says(inCarts(1), "1")
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	a.says(tabsAt("/"), "1")
	a.says(inCarts(1), "1")
	if err := bob.Close(); err != nil {
		t.Fatal(err)
	}
	a.gone(tabsAt("/products/SHU6000"))
	a.says("#shopper-count", "1")

	ann.checkOut()
	ann.complete()
	a.says("[data-orders]", "1")
	a.says("[data-revenue]", "$120")
	a.says("[data-chart-words]", "1 order, $120. The busiest minute: 1 order at ")
	a.says(`[data-item-id="1"] [data-available]`, "4")

	// a page that a shopper makes up is text
	page := `/<script>document.title="taken"</script>`
	stranger := openCart(t, s, cartID(1))
	stranger.send("phx_leave", cartID(1), map[string]any{})
	stranger.send("phx_join", cartID(1), map[string]any{"page": page})
	a.says("#shoppers-by-page", page)
	if title, err := a.Title(); err != nil || title != "Dashboard · Sneakers23" {
		t.Errorf("the title is %q, %v", title, err)
	}

	a.click(`[data-product-id="2"] [data-release]`)
	a.press("Escape")
	a.gone("[data-release-dialog]:visible")
	if !a.focused(`[data-product-id="2"] [data-release]`) {
		t.Error("the focus did not go back to the button")
	}
	home := newVisitor(t, s.URL)
	a.click(`[data-product-id="2"] [data-release]`)
	a.says("[data-release-dialog]", "Release Breezy Boost 600?")
	a.click("[data-release-dialog] [data-confirm]")
	home.wait(`.product-listing[data-product-id="2"] .size-container__entry`)
	a.says(".toast__card", "Breezy Boost 600 is released.")
	a.says("[data-events]", "Breezy Boost 600 is released")
	a.gone(`[data-product-id="2"] [data-release]:visible`)

	home.wait(sizeAt(3, "out"))
	a.click(`[data-item-id="3"] [data-restock]`)
	count := a.Locator("[data-restock-dialog] input")
	if err := count.Fill("7", playwright.LocatorFillOptions{Timeout: limit()}); err != nil {
		t.Fatal(err)
	}
	a.says("[data-restock-dialog]", "0 pairs left now, 7 with these.")
	s.run("restock", "SHU6003", "1")
	a.says("[data-restock-dialog]", "1 pair left now, 8 with these.")
	a.press("Enter")
	a.says(`[data-item-id="3"] [data-available]`, "8")
	home.wait(sizeAt(3, "low"))
	a.says("[data-events]", "Hop Man 3, size 7: 7 pairs more")

	// a node that is away, and back: all is as it is now, and goes on from there
	home.click(size(3))
	a.says(inCarts(3), "1")
	a.says("#shopper-count", "3")
	sold := a.text(`[data-item-id="1"] [data-sold]`)
	s.stop()
	a.says("[data-live-words]", "Reconnecting")
	if err := ann.Close(); err != nil {
		t.Fatal(err)
	}
	s.start("--listen", s.URL[len("http://"):])
	a.wait(connected)
	a.says("#shopper-count", "1")
	a.says(tabsAt("/"), "1")
	a.gone(tabsAt("/checkout/complete"))
	a.gone(fmt.Sprintf("#shoppers-by-page:has-text(%q)", page))
	a.says(inCarts(3), "1")
	a.says(`[data-item-id="1"] [data-sold]`, sold)
	a.says(`[data-item-id="1"] [data-available]`, "4")
	a.says("[data-orders]", "1")
	home.click(removeFromCart(3))
	a.says(inCarts(3), "0")
	s.run("restock", "SHU6003", "2")
	a.says(`[data-item-id="3"] [data-available]`, "10")
}
