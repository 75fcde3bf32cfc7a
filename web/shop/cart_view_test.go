package shop

import (
	"strings"
	"testing"

	"sneakers23/web/webtest"
)

// A page that is made for a shopper marks what is in his cart; those that all get do not.
func TestSizesInTheCartAreMarked(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	s := newShopper(t)
	s.post(pages.AddToCart, "/cart/add", item("2"))
	const mark = `, in your cart" data-in-cart>9.5</button>`
	_, page := s.get(pages.Home, "/")
	if strings.Count(page, "data-in-cart") != 1 {
		t.Error("not one size is marked")
	}
	s.wants(page, mark)
	_, page = newShopper(t).get(pages.Home, "/")
	s.wants(page, "size-container", "data-in-cart")
}

// A cart of which nothing is released has no subtotal.
func TestCartOfWhatIsNotReleased(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	s := newShopper(t)
	s.post(pages.AddToCart, "/cart/add", item("6"))
	_, page := s.get(pages.Home, "/")
	s.wants(page, `<span data-cart-when="soon">None of it can be bought now</span>`, `<span data-cart-when="all part">`)
	s.wants(page, `<span data-cart-when="soon others">See your options</span>`, "$140.50</strong>",
		`<p class="cart__part" data-cart-when="part">`)
	s.post(pages.AddToCart, "/cart/add", item("3")) // can be bought
	_, page = s.get(pages.Home, "/")
	s.wants(page, `<p class="cart__part" data-cart-when="part">`, `data-cart-when="soon">`)
	s.wants(page, `<span data-cart-when="all part">Check out</span>`)
}

// A cart of which nothing is left says what can be done: take another size, or wait.
func TestCartOfWhatIsOut(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	for _, want := range []string{
		`<span data-cart-when="soon others">See your options</span>`,
		`<span data-cart-when="none">Open checkout</span>`,
	} {
		pages := newPages(t, webtest.NewShelf(rows))
		s := newShopper(t)
		s.post(pages.AddToCart, "/cart/add", item("5")) // out already
		_, page := s.get(pages.Home, "/")
		s.wants(page, want, `<span data-cart-when="all part">`)
		for i := range rows.Items {
			rows.Items[i].Available = 0
		}
	}
}
