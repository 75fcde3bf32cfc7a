package shop

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
)

// complete leads the buyer to the order: by the session, and where the form came without a cookie,
// by a receipt.
func (co *Checkout) complete(
	c echo.Context, sess session, order checkout.Order, bought checkout.Cart, words *Flash,
) error {
	to := "/checkout/complete"
	if co.pages.sessions.carried(c.Request()) {
		sess.setFlash(words)
	} else {
		r := receipt{Order: order.ID, Bought: co.pages.carts.tokens.Sign(bought, sess.cartID())}
		if words != nil {
			r.Words = words.Message
		}
		text, err := co.pages.sessions.signReceipt(r)
		if err != nil {
			return err
		}
		to += "?order=" + url.QueryEscape(text)
	}
	if err := co.pages.sessions.saveOrder(c.Response(), c.Request(), order.ID); err != nil {
		return err
	}
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, to)
}

// errReceiptOver says that an address with a receipt shows no order any more.
var errReceiptOver = echo.NewHTTPError(http.StatusGone)

// Complete shows the order that the visitor has made last, or says that there is none.
func (co *Checkout) Complete(c echo.Context) error {
	id, text := co.pages.sessions.orderID(c.Request()), c.QueryParam("order")
	switch {
	case id != "" && text != "": // the browser keeps cookies after all
		return co.completeBare(c, text)
	case id != "":
		return co.completeFromSession(c, id)
	case text != "":
		r, ok := co.pages.sessions.openReceipt(text)
		if !ok {
			return errReceiptOver
		}
		return co.completeFromReceipt(c, r)
	}
	return co.completeNothing(c)
}

// completeNothing says that this browser keeps no order. Every page links here, also for visitors
// without a script.
func (co *Checkout) completeNothing(c echo.Context) error {
	sess := co.pages.sessions.load(c.Request())
	return co.pages.serveAlone(c, sess, co.held(c, sess), func(o own) ([]byte, error) {
		o.number = ""
		return co.pages.render("no_order", noOrderPage{co.pages.frameFor(o, "No order",
			"This browser keeps no order.")})
	})
}

// noOrderPage tells a visitor whose browser keeps no order.
type noOrderPage struct{ Layout }

// completeBare leads to the page without a receipt in its address.
func (co *Checkout) completeBare(c echo.Context, text string) error {
	if r, ok := co.pages.sessions.openReceipt(text); ok && r.Words != "" {
		sess := co.pages.sessions.load(c.Request())
		sess.setFlash(info(r.Words))
		if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
			return err
		}
	}
	return c.Redirect(http.StatusFound, "/checkout/complete")
}

// completeFromSession takes the order's lines out of the cart once more: a request that overlapped
// the purchase may have brought them back.
func (co *Checkout) completeFromSession(c echo.Context, id checkout.OrderID) error {
	order, err := co.order(c, id)
	if err != nil {
		return err
	}
	sess := co.pages.sessions.load(c.Request())
	held := co.held(c, sess)
	cart := held.RemoveBought(linesOf(order)...)
	if !cart.Equal(held) {
		if err := co.pages.keepCart(c, sess, cart); err != nil {
			return err
		}
	}
	return co.pages.serveAlone(c, sess, cart, func(o own) ([]byte, error) {
		return co.renderOrder("complete", titleOf(order), order, o, "")
	})
}

// completeFromReceipt serves a browser without cookies. Its script takes what was bought out of the
// tab's cart.
func (co *Checkout) completeFromReceipt(c echo.Context, r receipt) error {
	order, err := co.order(c, r.Order)
	if err != nil {
		return err
	}
	o := nobody
	if r.Words != "" {
		o.flash = info(r.Words)
	}
	html, err := co.renderOrder("complete", titleOf(order), order, o, r.Bought)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, html)
}

func titleOf(order checkout.Order) string {
	if order.Status == checkout.Cancelled {
		return "Your order"
	}
	return "Thank you"
}

// Order shows an order to whoever knows its id.
func (co *Checkout) Order(c echo.Context) error {
	order, err := co.order(c, checkout.OrderID(c.Param("id")))
	if err != nil {
		return err
	}
	sess := co.pages.sessions.load(c.Request())
	return co.pages.serveAlone(c, sess, co.held(c, sess), func(o own) ([]byte, error) {
		return co.renderOrder("order", "Your order", order, o, "")
	})
}
