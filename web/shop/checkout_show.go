package shop

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
)

// Show shows the cart that is to be bought: the session's, or that of a link.
func (co *Checkout) Show(c echo.Context) error {
	if !co.pages.shelf.Catalog().Loaded() {
		return ErrNotOpen
	}
	sess := co.pages.sessions.load(c.Request())
	if token := c.QueryParam("serialized_cart"); token != "" {
		return co.showLinked(c, sess, token)
	}
	cart, there := co.pages.cartOf(c.Request(), sess)
	if !there && sess.flash() == nil {
		return c.Redirect(http.StatusFound, "/")
	}
	return co.show(c, sess, cart)
}

// showLinked shows the cart of a link. Another shopper's cart gives lines of this shopper's own,
// see [checkout.Tokens.Open]. They are put beside those that this shopper has: another shopper's
// link takes nothing out.
func (co *Checkout) showLinked(c echo.Context, sess session, token string) error {
	sess.needCartID("")
	linked, own := co.pages.open(token, sess)
	held, _ := co.pages.cartOf(c.Request(), sess)
	switch {
	case linked.Equal(checkout.Cart{}) && held.Empty():
		return co.showHere(c, sess, linked, unreadableLink(""))
	case linked.Equal(checkout.Cart{}):
		return co.goOn(c, sess, held, unreadableLink(" Here is your own cart."))
	case linked.Empty() && held.Empty():
		return co.showHere(c, sess, linked, nil)
	case own:
		return co.goOn(c, sess, held.Merge(linked), nil)
	}
	cart, flash := co.putBeside(held, linked)
	return co.goOn(c, sess, cart, flash)
}

func unreadableLink(instead string) *Flash {
	return &Flash{Kind: "error", Message: "This link can't be read: it is cut off, or too old." + instead}
}

// putBeside puts the lines of another cart into one that has no size of the same shoe, as far as
// there is room. It says what it has left out.
func (co *Checkout) putBeside(held, other checkout.Cart) (checkout.Cart, *Flash) {
	var flash *Flash
	catalog := co.pages.shelf.Catalog()
	by := checkout.NewActor()
	for _, l := range other.Lines() {
		item, product, known := catalog.Item(l.Item)
		most := co.pages.carts.maxLines + held.Len() - len(visible(held, catalog))
		if !known { // what cannot be seen takes no room
			most++
		}
		added, err := held.Add(l, by, most)
		if duplicate, ok := errors.AsType[*checkout.DuplicateProductError](err); ok && known {
			flash = offerSwap(catalog, duplicate.Held, item, product)
		} else if errors.Is(err, checkout.ErrCartFull) {
			flash = &Flash{Kind: "error", Message: "Your cart is full: some of the shoes in the link did not fit."}
		}
		held = added
	}
	return held, flash
}

// TakeCart is where the forms of a cart lead to: it keeps the cart that the form shows, changes it
// where the form says so, and shows what is to be bought.
func (co *Checkout) TakeCart(c echo.Context) error {
	if err := readForm(c.Request()); err != nil {
		return err
	}
	if !co.pages.shelf.Catalog().Loaded() {
		return ErrNotOpen
	}
	sess := co.pages.sessions.load(c.Request())
	sess.needCartID(c.FormValue("cart_id"))
	shown, _ := co.pages.open(c.FormValue("serialized_cart"), sess)
	cart := co.held(c, sess).Merge(shown)
	var flash *Flash
	if id := c.FormValue("take_out"); id != "" {
		cart, flash = co.pages.removing(id)(cart)
	} else if id := c.FormValue("take_instead"); id != "" {
		cart, flash = co.pages.adding(id, true)(cart)
	}
	return co.goOn(c, sess, cart, flash)
}

// goOn keeps a cart, and shows it at the checkout's own address, where a reload shows it as it is
// then. A browser that has sent no cookie may not have the cart there: it is shown the page at
// once.
func (co *Checkout) goOn(c echo.Context, sess session, cart checkout.Cart, flash *Flash) error {
	if err := co.pages.keepCart(c, sess, cart); err != nil {
		return err
	}
	if !co.pages.sessions.carried(c.Request()) {
		return co.showHere(c, sess, cart, flash)
	}
	if flash != nil {
		sess.setFlash(flash)
	}
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/checkout")
}

// show shows the visitor's own cart, which the page's script keeps as it is.
func (co *Checkout) show(c echo.Context, sess session, cart checkout.Cart) error {
	v := co.viewer(c, sess)
	page := co.viewCheckout(c.Request().Context(), co.pages.shelf.Catalog(), cart, v)
	page.Live = true
	page.LastOrder = v.lastOrder
	return co.pages.serveAlone(c, sess, cart, func(o own) ([]byte, error) {
		page.Flash, page.OrderNumber = o.flash, o.number
		return co.pages.render("checkout", page)
	})
}

// showHere shows a cart to a visitor whose next request may carry no cookie: the page's form
// carries all that is needed. The session is saved all the same, since this may be the first visit.
func (co *Checkout) showHere(c echo.Context, sess session, cart checkout.Cart, flash *Flash) error {
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	page := co.viewCheckout(c.Request().Context(), co.pages.shelf.Catalog(), cart, co.viewer(c, sess))
	page.CartID = sess.cartID()
	page.Flash = flash
	page.Forgetful = !co.pages.sessions.carried(c.Request())
	page.First = c.Request().Method != http.MethodPost // a form is on a page that has set a cookie
	html, err := co.pages.render("checkout", page)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, html)
}
