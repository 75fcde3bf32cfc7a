package checkout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestTokenOfAnotherShopper opens a token for others: each gets the same shoes in lines of their
// own, the same each time, and none shares a line with the signer.
func TestTokenOfAnotherShopper(t *testing.T) {
	t.Parallel()
	tok := tokens(t, "secret")
	cart := removed(t, added(t, Cart{}, 11, 21, 31), 21)
	seen := map[LineID]string{}
	for _, shopper := range []string{"mine", "hers", "his"} {
		got, own := tok.Open(tok.Sign(cart, "mine"), shopper)
		if own != (shopper == "mine") {
			t.Errorf("%s: own is %v", shopper, own)
		}
		if cmp.Diff(items(cart), items(got)) != "" || len(got.choices) != len(cart.choices) {
			t.Errorf("%s: the cart holds %v, want %v", shopper, items(got), items(cart))
		}
		if again, _ := tok.Open(tok.Sign(cart, "mine"), shopper); !again.Equal(got) {
			t.Errorf("%s: opened again, the lines are others", shopper)
		}
		for _, l := range got.Lines() {
			if other, ok := seen[l.ID]; ok {
				t.Errorf("%s and %s have the same line", shopper, other)
			}
			seen[l.ID] = shopper
		}
	}
	if got := tok.OpenForm(tok.Sign(cart, "mine")); !got.Equal(cart) {
		t.Error("a form buys other lines than it shows")
	}
}

// TestTokenWithoutShopper opens a token of version 1, which names no shopper.
func TestTokenWithoutShopper(t *testing.T) {
	t.Parallel()
	tok := tokens(t, "secret")
	cart := added(t, Cart{}, 11)
	now := cart.encode(ShopperID{})
	before := append([]byte{wireWithoutShopperID}, now[1+len(ShopperID{}):]...)
	token, err := tok.codecs[0].Encode(tokenName, before)
	if err != nil {
		t.Fatal(err)
	}
	if got, own := tok.Open(token, "mine"); own || got.Len() != 1 || got.Lines()[0].ID == cart.Lines()[0].ID {
		t.Errorf("got %v, own: %v, want a line of my own", got.Lines(), own)
	}
	if !tok.OpenForm(token).Equal(cart) {
		t.Error("an older form buys nothing")
	}
}

// TestReceipt merges a receipt into the carts that have the lines, and into others: it does what
// RemoveBought does.
func TestReceipt(t *testing.T) {
	t.Parallel()
	cart := removed(t, added(t, Cart{}, 11, 21, 31, 41), 21)
	rapid.Check(t, func(t *rapid.T) {
		var bought []LineID
		for _, l := range cart.Lines() {
			if rapid.Bool().Draw(t, "bought") {
				bought = append(bought, l.ID)
			}
		}
		receipt := cart.Receipt(bought...)
		if !receipt.Empty() {
			t.Fatalf("a receipt puts %v into a cart", receipt.Lines())
		}
		if got, want := cart.Merge(receipt), cart.RemoveBought(bought...); !got.Equal(want) {
			t.Fatalf("the cart has %v, want %v", got.Lines(), want.Lines())
		}
		later, err := cart.RemoveBought(bought...).Replace(line(11), NewActor(), MostLines)
		if err == nil && !later.Merge(receipt).Equal(later) {
			t.Fatal("a receipt takes out what was chosen later")
		}
	})
}

// TestOrderHasItsBuyer buys in both ways, alone and in a batch, and again.
func TestOrderHasItsBuyer(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 10)
	n := s.node(s.Pool)
	mine := s.cart(s.Items[0]) // in one round trip
	mine.Buyer = ShopperOf("mine")
	looked := s.cart(s.Items[1]) // with a look before: this node's catalog promises nothing
	looked.Buyer = ShopperOf("hers")
	s.Exec(`UPDATE products SET price_cents = price_cents + 100 WHERE id = $1`, s.Of[s.Items[1]])
	looked.Total += 100
	nobodys := s.cart(s.Items[2])
	for _, p := range []Purchase{mine, looked, nobodys} {
		o := n.buy(p)
		p.Buyer = ShopperOf("somebody else")
		again := n.buy(p)
		read, err := n.orders.Order(t.Context(), o.ID)
		if err != nil || cmp.Diff(o, read) != "" || cmp.Diff(o, again) != "" {
			t.Errorf("bought %+v, sent again %+v, read %+v: %v", o, again, read, err)
		}
	}
}
