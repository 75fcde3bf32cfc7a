package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// An open checkout shows what its cart becomes in another tab and on the shelf, without a reload,
// and the focus stays.
func TestCheckoutIsLive(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	v := cartOf(t, s.URL, 2)
	other := v.tab()
	other.cartLive()
	v.click(".cart-checkout")
	v.wait(purchaseButton)
	if !strings.HasSuffix(v.URL(), "/checkout") {
		t.Errorf("the address keeps %s", v.URL())
	}
	if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
		t.Fatal(err)
	}
	v.focus(purchaseButton)

	other.click(size(15))
	v.wait(checkoutLine(15))
	v.says(".checkout__total", "$260")
	v.says(".toast__card", "Your cart has changed")
	if !evaluate[bool](v, "document.activeElement.matches('.purchase-button')") {
		t.Error("the focus is lost")
	}
	other.click(removeFromCart(15))
	v.gone(checkoutLine(15))
	v.says(".checkout__total", "$120")

	s.run("sell", "--yes")
	v.says(checkoutLine(2), "Sorry, this shoe is sold out")
	v.says("button.purchase-button:disabled", "SOME ITEMS NOT AVAILABLE")
	v.says(".toast__card", "size 6.5 just sold out")
	s.run("restock", skuOf(3), "5")
	v.click(checkoutLine(2) + fmt.Sprintf(` button[value="%d"]`, 3))
	v.wait(checkoutLine(3))
	v.click(purchaseButton)
	v.complete()
}
