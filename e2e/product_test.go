package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestProductChangesOnThePage changes a price, adds a size and takes a product away in the
// database, as an importer does: open pages follow, the first one and the product's own, and so
// does a page that was away meanwhile.
func TestProductChangesOnThePage(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.run("release", "SHU6000")
	line := newProxy(t, s.URL)
	first, own, away := newVisitor(t, s.URL), newVisitor(t, s.URL+"/products/SHU6000"), newVisitor(t, line.URL)
	line.cut()
	s.sql(`UPDATE products SET price_cents = 13350 WHERE id = 1`)
	s.sql(`INSERT INTO items (product_id, sku, size) VALUES (1, 'SHU6000-15', '15')`)
	block := `[data-product-id="1"]`
	follows := func(v *visitor) {
		t.Helper()
		v.says(block+" .product-listing__price", "$133.50")
		v.wait(block + ` .size-container__entry:has-text("15"):disabled`)
		if n := v.count(block + " .size-container__entry"); n != 14 {
			t.Errorf("%d sizes, want 14", n)
		}
	}
	follows(first)
	follows(own)
	line.mend()
	follows(away)
	own.says("h1", "Hop Man 3")

	first.click(block + " .size-container__entry:enabled")
	first.says(".toast__card", "is in your cart")
	s.sql(`UPDATE products SET price_cents = 14000 WHERE id = 1`)
	first.says(".toast__card", "Hop Man 3 costs $140 now.")
	first.says(".cart-item__price", "$140")
	s.sql(`DELETE FROM items WHERE sku = 'SHU6000-15'`)
	for _, v := range []*visitor{first, own, away} {
		v.gone(block + ` .size-container__entry:has-text("15")`)
	}
	line.cut()
	s.sql(`DELETE FROM products WHERE id = 1`)
	first.says("#cart-container", "A shoe that was in your cart is not sold any more.")
	first.click(".cart__forget")
	first.gone(".cart__missing")
	line.mend()
	for _, v := range []*visitor{first, own, away} {
		v.says(block+" .product-stock", "Not in the shop any more")
		v.gone(fmt.Sprint(block, " .size-container__entry"))
	}
}

// TestPriceOfTheRefusal changes the price behind a node's back: the page that refuses the purchase
// has the new total.
func TestPriceOfTheRefusal(t *testing.T) {
	t.Parallel()
	s := freshShop(t) // a lent one keeps its prices
	s.onlyItem(5, 1)
	s.run("release", "SHU6000")
	c := newCustomer(t, s.URL)
	c.add(5)
	form := c.purchase()
	s.sql(`UPDATE products SET price_cents = 15000 WHERE id = 1`)
	p := c.post("/checkout", form)
	if p.path != "/checkout" || !strings.HasPrefix(p.flash(), "The price has changed.") {
		t.Fatalf("at %s: %q", p.path, p.flash())
	}
	if got := c.purchase().Get("total_cents"); got != "15000" {
		t.Errorf("refused for its price, and the page still asks for %s", got)
	}
}
