package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

// focused tells whether what has the focus matches.
func (v *visitor) focused(selector string) bool {
	v.t.Helper()
	return evaluate[bool](v, "document.activeElement.matches('"+selector+"')")
}

func (v *visitor) focus(selector string) {
	v.t.Helper()
	if err := v.Locator(selector).Focus(playwright.LocatorFocusOptions{Timeout: limit()}); err != nil {
		v.t.Fatalf("focus on %s: %v", selector, err)
	}
}

func (v *visitor) press(key string) {
	v.t.Helper()
	if err := v.Keyboard().Press(key); err != nil {
		v.t.Fatal(err)
	}
}

// A shopper with the keyboard is told what happens and keeps the focus, from the release to the
// last pair.
func TestShelfWithTheKeyboard(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.onlyPairs(map[int]int{2: 5, 3: 5})
	v := newContext(t, playwright.BrowserNewContextOptions{})
	v.visit(s.URL)
	v.cartLive()
	s.run("release", "SHU6000")
	v.says(".toast__card", "Hop Man 3 is released: pick a size.")
	enter := func(item int) {
		t.Helper()
		v.focus(size(item))
		v.press("Enter")
	}
	enter(2)
	v.wait(size(2) + `[data-in-cart][aria-label$="in your cart"]`)
	for _, answer := range []string{"Escape", "Enter"} {
		enter(3)
		v.says(".toast__card", "You have Hop Man 3 in size 6.5")
		if answer == "Enter" {
			v.focus(`[data-toast] button:has-text("Swap")`)
		}
		v.press(answer)
		v.gone("[data-toast] button")
		if !v.focused(`button[value="3"]`) {
			t.Errorf("after %s the focus is lost", answer)
		}
	}
	v.wait(inCart(3))
	v.wait(size(2) + ":not([data-in-cart])")

	s.sql(`WITH sold AS (UPDATE item_availabilities SET available_count = 0, sold_count = sold_count + 5
		WHERE item_id = 3 RETURNING item_id)
		INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) SELECT item_id, 'sale', -5, 5
		FROM sold`)
	s.run("seed")
	v.wait(size(3) + ":disabled")
	if !v.focused(`button[value="2"]`) {
		t.Error("the focus went with a size that sold out")
	}
	s.run("sell", "--yes", "--unreleased")
	v.wait(".product-stock__gone:visible")
	v.says(inCart(3), "No size left")
	v.says(".cart-checkout", "Open checkout")
	if !v.focused(".product-listing__name a") {
		t.Error("the focus went with the last size")
	}
	v.click(".cart-checkout")
	v.says(".checkout__advice", "Every size of this is sold out")
}

// While the shop is away, a click does not lose the page.
func TestClickWhileTheShopIsAway(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2, 3)
	v := newVisitor(t, s.URL)
	v.cartLive()
	s.stop()
	v.says("[data-connection]", "Reconnecting")
	v.click(size(3))
	v.says(".toast__card", "We are not connected.")
	if v.count(size(3)) != 1 {
		t.Error("the page is gone")
	}
}
