package shop

import (
	"encoding/json"
	"strings"
	"testing"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// session asks for what is only this visitor's.
func (s *shopper) session(pages *Pages) (v visitor) {
	s.t.Helper()
	_, answer := s.get(pages.Session, "/session")
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// mirror is what the script does after each change.
func (s *shopper) mirror(pages *Pages, m mirrored) (v visitor) {
	s.t.Helper()
	sent, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.try(pages.MirrorSession, "POST", "/session", "application/json", string(sent))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(body(s.t, res)), &v); err != nil {
		s.t.Fatal(err)
	}
	return v
}

// A shopper who turns JavaScript off finds the cart of the tabs, who turns it on the cart of the
// forms.
func TestSessionMirrorsTheCart(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	tokens := pages.carts.tokens
	s := newShopper(t)
	first := s.session(pages)
	if first.SerializedCart != nil {
		t.Errorf("a new visitor has the cart %s", *first.SerializedCart)
	}
	s.post(pages.AddToCart, "/cart/add", item("2"))
	s.get(pages.Home, "/")
	byForm := *s.session(pages).SerializedCart
	if again := *s.session(pages).SerializedCart; again != byForm {
		t.Error("the token changes and the cart does not")
	}

	tab, err := checkout.Cart{}.Add(checkout.Line{ID: checkout.NewLineID(), Product: 2, Item: 6}, 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	old := s.cookies[cartName]
	both := s.mirror(pages, mirrored{first.CartID, tokens.Sign(tab, first.CartID)})
	if got := tokens.OpenForm(*both.SerializedCart); got.Len() != 2 {
		t.Errorf("mirrored a cart, and the session has %v", got.Lines())
	}
	s.cookies[cartName] = old // another tab asks at the same time
	if got := tokens.OpenForm(*s.mirror(pages, mirrored{
		first.CartID, *both.SerializedCart,
	}).SerializedCart); got.Len() != 2 {
		t.Errorf("mirrored a cart at the same time, and the session has %v", got.Lines())
	}
	if kept := s.session(pages); *kept.SerializedCart != *both.SerializedCart || kept.CartID != first.CartID {
		t.Errorf("the session has %v, want %v", kept, both)
	}
	for _, bad := range []string{"", "x", strings.Repeat("x", 10_000)} {
		if kept := s.mirror(pages, mirrored{"x", bad}); *kept.SerializedCart != *both.SerializedCart ||
			kept.CartID != first.CartID {
			t.Errorf("mirrored %.10q, and the session has %v", bad, kept)
		}
	}
	agreed := newCartID()
	if kept := s.mirror(pages, mirrored{CartID: agreed}); kept.CartID != agreed || s.session(pages).CartID != agreed {
		t.Errorf("the tabs agreed on %s, and the session has %s", agreed, kept.CartID)
	}
	for _, bad := range []string{"", "[]", `{"cart_id":7}`} {
		if _, err := s.try(pages.MirrorSession, "POST", "/session", "application/json", bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// A page that was asked for before the script could tell the session shows what the tabs have.
func TestSessionKnowsTheTabs(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	s := newShopper(t)
	v := s.session(c.pages)
	tab, _ := c.tab(v.CartID, nil)
	changed(t, tab, "add_item", object{"item_id": 2})
	if v = s.session(c.pages); v.SerializedCart == nil || c.carts.tokens.OpenForm(*v.SerializedCart).Len() != 1 {
		t.Errorf("the session has %v, want the line of the tab", v.SerializedCart)
	}
}

// The largest cart fits into its cookie.
func TestCartCookieIsBounded(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	const many = 1 << 40 // ids as long as they may get
	var cart checkout.Cart
	for i := range inventory.ItemID(100) {
		line := checkout.Line{ID: checkout.NewLineID(), Product: inventory.ProductID(many * (i + 1)), Item: many + i}
		added, err := cart.Add(line, 1, checkout.MostLines)
		if err != nil {
			t.Fatal(err)
		}
		cart = added
		if i < 80 {
			cart, _ = cart.Remove(line.Item, 1)
		}
	}
	s := newShopper(t)
	id := newCartID()
	v := s.mirror(pages, mirrored{id, pages.carts.tokens.Sign(cart, id)})
	if got := pages.carts.tokens.OpenForm(*v.SerializedCart); !got.Equal(cart) || got.Len() != checkout.MostLines {
		t.Errorf("the session keeps %d lines", got.Len())
	}
	cookie := s.cookies[cartName]
	t.Logf("%d lines, a token of %d bytes, a cookie of %d", cart.Len(), len(*v.SerializedCart), len(cookie.Value))
	if len(cookie.String()) > 4096 {
		t.Errorf("the whole cookie has %d bytes", len(cookie.String()))
	}
}
