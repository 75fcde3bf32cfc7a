package e2e

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestPause pauses the shop at one node while a shopper stands at the checkout of the other: the
// page says so by itself, nothing is sold, the cart stays, and all goes on when selling is resumed.
// Then one product gets a limit.
func TestPause(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	s.run("release", "SHU6000")
	v := newVisitor(t, other.URL+"/products/SHU6000")
	for _, item := range []int{1, 2, 4} { // the stock of a new shop is random
		s.run("restock", skuOf(item), "10", "--yes")
		v.wait(size(item) + ":enabled")
	}
	quiet := newContext(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	quiet.visit(other.URL + "/products/SHU6000")
	quiet.click(size(2))
	quiet.visit(other.URL + "/checkout")
	v.click(size(1))
	v.says(".toast__card", "is in your cart")
	v.click(".cart-checkout")
	v.wait(".purchase-button:enabled")

	if out := s.run("pause"); !strings.Contains(out, "the shop is paused, 2 products; to sell again:") {
		t.Errorf("paused: %s", out)
	}
	v.wait(`.purchase-button:disabled:has-text("SELLING IS PAUSED")`)
	v.says("[data-paused]", "Nothing in your cart is lost")
	quiet.click(".purchase-button") // its page does not know
	quiet.says(".flash--error", "Selling is paused. Nothing was bought")
	quiet.wait(".checkout-line")
	a := newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{})
	a.opensDashboard(s.URL)
	a.says(".card__state", "Paused")
	a.says("[data-events]", "Selling is paused in the whole shop")
	a.click(".admin-nav >> text=Products")
	a.says("[role=status]", "Selling is paused in the whole shop")
	a.click("text=Resume selling")
	a.wait("text=Pause selling")

	v.wait(".purchase-button:enabled")
	v.click(".purchase-button")
	v.says("h1", "Your order is complete!")
	quiet.click("[data-paused] a")
	quiet.click(".purchase-button")
	quiet.says("h1", "Your order is complete!")

	// a product by itself, then a limit that is met
	if out := s.run("pause", "SHU6000"); !strings.Contains(out, "resume SHU6000") {
		t.Errorf("no way back is shown: %s", out)
	}
	v.visit(other.URL + "/products/SHU6000")
	v.says(".product-stock", "Selling is paused")
	if out := s.run("resume"); !strings.Contains(out, "no product was paused with the whole shop") {
		t.Errorf("resumed: %s", out)
	}
	s.run("resume", "SHU6000")
	s.run("products", "edit", "SHU6000", "--limit", "1")
	v.says(".product-stock", "At most 1 pair for each shopper")
	v.click(size(4))
	v.says(".toast__card", "is in your cart")
	v.click(".cart-checkout")
	v.click(".purchase-button")
	v.says(".flash--error", "as many pairs as one shopper may buy")
}
