package e2e

import (
	"strings"
	"testing"
)

// A cancelled order gives its pair back: a size that was out is live again, on pages and in carts,
// and can be bought.
func TestCancelledOrder(t *testing.T) {
	t.Parallel()
	const item = 5
	s := newScarceShop(t, map[int]int{item: 1})
	buyer := newCustomer(t, s.URL)
	buyer.add(item)
	form := buyer.purchase()
	id := buyer.post("/checkout", form).order()
	if id == "" {
		t.Fatal("the last pair was not bought")
	}

	s.run("restock", skuOf(item), "1") // a size that is out cannot be clicked
	v := cartOf(t, s.URL, item)
	shelf := v.tab()
	shelf.visit(s.URL + "/products/SHU6000")
	shelf.cartLive()
	second := newCustomer(t, s.URL)
	second.add(item)
	if second.post("/checkout", second.purchase()).order() == "" {
		t.Fatal("the pair was not bought")
	}
	v.wait(inCart(item) + ".cart-item-out")
	shelf.wait(sizeAt(item, "out") + ":disabled")
	order := newVisitor(t, s.URL)
	order.visit(s.URL + "/orders/" + id)
	order.shows("$120", orderLine{Item: item, Size: s.stock()[skuOf(item)].Size, Price: 120_00})
	if n := order.count(".order__cancelled"); n != 0 {
		t.Error("the order says that it is cancelled")
	}
	for _, tab := range []*visitor{v, shelf} {
		if _, err := tab.Evaluate("window.sameDocument = true"); err != nil {
			t.Fatal(err)
		}
	}

	if said := s.run("orders", "cancel", id, "--yes"); !strings.Contains(said, "its pairs are for sale again") {
		t.Errorf("cancel says %s", said)
	}
	v.wait(inCart(item) + ":not(.cart-item-out)")
	for _, tab := range []*visitor{v, shelf} {
		tab.wait(sizeAt(item, "low") + ":enabled")
		if !evaluate[bool](tab, "window.sameDocument === true") {
			t.Error("the page was loaded anew")
		}
	}
	shelf.wait(inCart(item) + ":not(.cart-item-out)")
	if it := s.stock()[skuOf(item)]; it.Available != 1 || it.Level != "low" {
		t.Errorf("after the order was cancelled: %+v", it)
	}
	if _, err := order.Reload(); err != nil {
		t.Fatal(err)
	}
	order.says(".checkout-container", "This order was cancelled")

	// the form that made the order makes no other: its shopper is shown what became of it
	again := buyer.post("/checkout", form)
	if _, cart := again.listed(); again.order() != id || len(cart) != 0 ||
		strings.Contains(again.html, "The shoes are yours") ||
		!strings.Contains(again.html, "This order was cancelled") {
		t.Errorf("sent again, the form leads to %s, %q", again.path, again.flash())
	}
	v.checkOut()
	if bought := v.complete(); bought == id {
		t.Error("the cancelled order was sold again")
	}
	shelf.wait(sizeAt(item, "out") + ":disabled")
	s.ordered("5", "5", "5")
	if confirmed := s.run("orders", "list", "--status", "confirmed"); strings.Contains(confirmed, id) {
		t.Error("the cancelled order is listed as confirmed")
	}
}
