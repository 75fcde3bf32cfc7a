package shop

import (
	"errors"
	"net/url"
	"testing"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// unknown puts a shoe into the cart that this node's catalog does not have, or not yet.
func unknown(t testing.TB, cart checkout.Cart, items ...inventory.ItemID) checkout.Cart {
	t.Helper()
	for _, id := range items {
		added, err := cart.Add(checkout.Line{ID: checkout.NewLineID(), Product: inventory.ProductID(id), Item: id}, 1,
			checkout.MostLines)
		if err != nil {
			t.Fatal(err)
		}
		cart = added
	}
	return cart
}

// Items that a node does not know are neither shown nor bought. They stay in the cart for nodes
// that know them.
func TestUnknownItemsStayInTheCart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	cart := unknown(t, cartWith(t, d.shelf.Catalog(), 2, 6), 77)
	_, page := s.get(d.Show, "/checkout?serialized_cart="+url.QueryEscape(d.carts.tokens.Sign(cart, "")))
	s.wants(page, `data-item-id="2"`, `data-item-id="77"`)
	sent := form(t, page)
	if got := cart.Merge(d.carts.tokens.OpenForm(sent.Get("serialized_cart"))); got.Len() != 3 {
		t.Errorf("merged with the form, the cart has %v", got.Lines())
	}
	s.post(d.Buy, "/checkout", sent)
	if len(d.fake.asked) != 1 || len(d.fake.asked[0].Lines) != 2 || d.fake.asked[0].Total != 26050 {
		t.Errorf("asked for %+v", d.fake.asked)
	}
	_, page = s.get(d.Complete, "/checkout/complete")
	s.wants(page, "ORDER-1", "flash--")
	if left := d.carts.tokens.OpenForm(cookieCart(s, d)).Lines(); len(left) != 1 || left[0].Item != 77 {
		t.Errorf("the cart has %v, want what this node does not know", left)
	}
}

func cookieCart(s *shopper, d *desk) string {
	s.t.Helper()
	return *s.session(d.counter.pages).SerializedCart
}

// Shoppers hear nothing of shoes that they cannot see.
func TestNothingVisibleIsBought(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fake.refuses = checkout.ErrNoItem
	s := newShopper(t)
	s.mirror(d.counter.pages, mirrored{newCartID(), d.carts.tokens.Sign(unknown(t, checkout.Cart{}, 77), "")})
	if to := s.post(d.Buy, "/checkout", nil); to != "/checkout" {
		t.Errorf("led to %s", to)
	}
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "Your cart is empty", "out-of-stock")
	s.wants(page, "No items to checkout!")
}

// Shoes that are no longer visible may have been bought: their shopper is shown the order, and not
// that the cart is empty.
func TestUnknownItemsWereBought(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	cart := unknown(t, checkout.Cart{}, 77, 78)
	s := newShopper(t)
	buyer := checkout.ShopperOf(s.session(d.counter.pages).CartID)
	if _, err := d.fake.Buy(t.Context(), checkout.Purchase{Lines: cart.Lines()[1:], Buyer: buyer}); err != nil {
		t.Fatal(err)
	}
	sent := url.Values{"serialized_cart": {d.carts.tokens.Sign(cart, "")}, "total_cents": {"12000"}}
	d.fake.down = errors.New("connection refused")
	if to := s.post(d.Buy, "/checkout", sent); to != "/checkout" {
		t.Errorf("nobody can tell, and it led to %s", to)
	}
	d.fake.down = nil
	_, page := s.get(d.Show, "/checkout")
	s.wants(page, "We don&#39;t know yet whether this was bought", "Your cart is empty")
	if to := s.post(d.Buy, "/checkout", sent); to != "/checkout/complete" {
		t.Errorf("bought before, and led to %s", to)
	}
	if left := d.carts.tokens.OpenForm(cookieCart(s, d)).Lines(); len(left) != 1 || left[0].Item != 77 {
		t.Errorf("the cart has %v, want what was not bought", left)
	}
	if len(d.fake.orders) != 1 || len(d.fake.asked) != 1 {
		t.Errorf("asked for %+v", d.fake.asked)
	}
}

// They take no room either.
func TestUnknownItemsDoNotFillTheCart(t *testing.T) {
	t.Parallel()
	d := newDesk(t) // a cart holds two lines
	cart := unknown(t, checkout.Cart{}, 77, 78)
	for _, id := range []inventory.ItemID{2, 6} {
		added, err := addTo(cart, d.shelf.Catalog(), id, false, 1, 2)
		if err != nil {
			t.Fatalf("item %d: %v", id, err)
		}
		cart = added
	}
	if _, err := addTo(cart, d.shelf.Catalog(), 9, false, 1, 2); !errors.Is(err, checkout.ErrCartFull) {
		t.Errorf("a third one: %v, want ErrCartFull", err)
	}
	s := newShopper(t)
	s.mirror(d.counter.pages, mirrored{newCartID(), d.carts.tokens.Sign(cart, "")})
	s.post(d.counter.pages.AddToCart, "/cart/add", item("9"))
	_, page := s.get(d.counter.pages.Home, "/")
	s.wants(page, "it holds 2 pairs")
}

// A size that is not visible is not in the way of another one of the same shoe.
func TestUnknownSizeGivesWay(t *testing.T) {
	t.Parallel()
	catalog := newDesk(t).shelf.Catalog()
	cart, err := checkout.Cart{}.Add(checkout.Line{ID: checkout.NewLineID(), Product: 1, Item: 77}, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	cart, err = addTo(cart, catalog, 2, false, 1, 2)
	if lines := cart.Lines(); err != nil || len(lines) != 1 || lines[0].Item != 2 {
		t.Fatalf("the cart has %v: %v", lines, err)
	}
	if _, err = addTo(cart, catalog, 3, false, 1, 2); err == nil {
		t.Error("a size that is there gave way")
	}
}

// sawItem puts an item into the catalog: one with a lower id that is not there has been deleted.
func (d *desk) sawItem(id inventory.ItemID) {
	d.t.Helper()
	size := inventory.ItemRow{ID: id, ProductID: 3, SKU: "SHU6200-13", Size: "13", Revision: 1}
	d.rows.Items = append(d.rows.Items, size)
	d.notice(nil, id)
}

// TestShoeThatLeftTheShop says that a line is not shown, on pages and to tabs, until the shopper
// removes it.
func TestShoeThatLeftTheShop(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	s := newShopper(t)
	v := s.session(d.counter.pages)
	d.sawItem(78)
	token := d.carts.tokens.Sign(unknown(t, checkout.Cart{}, 77), v.CartID)
	s.mirror(d.counter.pages, mirrored{v.CartID, token})
	const words = "A shoe that was in your cart is not sold any more."
	_, page := s.get(d.counter.pages.Home, "/")
	s.wants(page, `<p class="cart__missing" data-cart-missing>`+words, `aria-labelledby="cart-title" data-empty`)
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, words)
	s.wants(page, "No items to checkout!")
	if _, seen := d.tab(v.CartID, object{"serialized": token}); seen.Missing != 77 {
		t.Errorf("the tab is told that %d is missing, want 77", seen.Missing)
	}
	s.post(d.counter.pages.RemoveFromCart, "/cart/remove", item("77"))
	_, page = s.get(d.counter.pages.Home, "/")
	s.wants(page, `<p class="cart__missing" data-cart-missing hidden>`)
	_, page = s.get(d.Show, "/checkout")
	s.wants(page, "No items to checkout!", words)
}

// TestCancelledOrderOfWhatLeftTheShop promises no pair that was not put back.
func TestCancelledOrderOfWhatLeftTheShop(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.sawItem(78)
	catalog := d.shelf.Catalog()
	here, gone := cartWith(t, catalog, 2), unknown(t, checkout.Cart{}, 77)
	for says, cart := range map[string]checkout.Cart{
		"are back on the shelf. If":                 here,
		"Its shoes are not in the shop any more":    gone,
		"are still in the shop are back on the she": here.Merge(gone),
	} {
		order, err := d.fake.Buy(t.Context(), checkout.Purchase{Lines: cart.Lines()})
		if err != nil {
			t.Fatal(err)
		}
		d.fake.orders, order.Status = nil, checkout.Cancelled
		html, err := d.renderOrder("order", "Your order", order, nobody, "")
		if err != nil {
			t.Fatal(err)
		}
		newShopper(t).wants(string(html), says)
	}
}
