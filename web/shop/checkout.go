package shop

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/quota"
)

// teller sells a cart as a whole, or not at all. What was bought before is not bought again: its order is returned.
type teller interface {
	Buy(ctx context.Context, p checkout.Purchase) (checkout.Order, error)
}

// ledger knows what was sold.
type ledger interface {
	Order(ctx context.Context, id checkout.OrderID) (checkout.Order, error)
	Bought(ctx context.Context, lines []checkout.LineID) (map[checkout.LineID]checkout.OrderID, error)
}

// Checkout serves the pages on which carts become orders.
type Checkout struct {
	pages  *Pages
	teller teller
	ledger ledger
	log    *slog.Logger
}

// NewCheckout lets the teller sell what the ledger then knows.
func NewCheckout(p *Pages, t teller, l ledger, log *slog.Logger) *Checkout {
	return &Checkout{pages: p, teller: t, ledger: l, log: log}
}

// Show shows the cart that is to be bought: that of the query, else the session's. Who comes from the shop's own pages is led
// on with his cart in the session, so that a reload shows the cart as it is then, and no address keeps what is worth as much
// as the cart. A link of somebody else's changes nobody's cart.
func (co *Checkout) Show(c echo.Context) error {
	catalog := co.pages.shelf.Catalog()
	if !catalog.Loaded() {
		return ErrNotOpen
	}
	sess := co.pages.sessions.load(c.Request())
	cart, there := co.pages.cartOf(c.Request(), sess)
	live := true
	if token := c.QueryParam("serialized_cart"); token != "" {
		brought := co.pages.carts.tokens.Open(token)
		ours := c.Request().Header.Get("Sec-Fetch-Site") == "same-origin"
		if ours && !brought.Empty() && co.pages.sessions.carried(c.Request()) {
			return co.takeOver(c, sess, cart.Merge(brought))
		}
		cart, there, live = brought, true, false
	}
	if !there && sess.flash() == nil {
		return c.Redirect(http.StatusFound, "/")
	}
	page := co.viewCheckout(c.Request().Context(), catalog, cart)
	page.Live = live
	page.LastOrder = co.pages.sessions.orderID(c.Request())
	return co.pages.serveAlone(c, sess, cart, func(o own) ([]byte, error) {
		page.Flash = o.flash
		return co.pages.render("checkout", page)
	})
}

// takeOver keeps a cart in the session, and shows it from there.
func (co *Checkout) takeOver(c echo.Context, sess session, cart checkout.Cart) error {
	if err := co.pages.keepCart(c, sess, cart); err != nil {
		return err
	}
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/checkout")
}

// Buy buys the whole cart of a form, or nothing. It may be sent again: a line is bought once.
func (co *Checkout) Buy(c echo.Context) error {
	if err := readForm(c.Request()); err != nil {
		return err
	}
	sess := co.pages.sessions.load(c.Request())
	cart, err := co.posted(c, sess)
	var order checkout.Order
	if err == nil {
		order, err = co.sell(c, cart)
	}
	if err != nil {
		return co.refuse(c, sess, cart, err)
	}
	had := co.boughtBefore(c, cart, order)
	if err := co.pages.keepCart(c, sess, co.held(c, sess).Merge(cart).RemoveBought(had.lines...)); err != nil {
		return err
	}
	words := had.words(visible(cart, co.pages.shelf.Catalog()))
	if words == nil && co.pages.sessions.orderID(c.Request()) == order.ID {
		words = info("You bought this before, and here is that order. Nothing was bought now.")
	}
	sess.setFlash(words)
	if err := co.pages.sessions.saveOrder(c.Response(), c.Request(), order.ID); err != nil {
		return err
	}
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/checkout/complete")
}

// posted is the cart of a form. One that was not made here sends none: then it is about the session's.
func (co *Checkout) posted(c echo.Context, sess session) (checkout.Cart, error) {
	token := c.FormValue("serialized_cart")
	held := co.held(c, sess)
	if token == "" {
		return held, nil
	}
	cart := co.pages.carts.tokens.Open(token)
	switch {
	case !cart.Equal(checkout.Cart{}):
		return cart, nil
	case len(visible(held, co.pages.shelf.Catalog())) > 0:
		return cart, errUnreadable
	}
	return cart, errUnreadableAlone
}

func (co *Checkout) held(c echo.Context, sess session) checkout.Cart {
	cart, _ := co.pages.cartOf(c.Request(), sess)
	return cart
}

// sell sells what the catalog knows: nobody can see the rest, so nobody means to buy it. It may have been bought before.
func (co *Checkout) sell(c echo.Context, cart checkout.Cart) (checkout.Order, error) {
	lines := visible(cart, co.pages.shelf.Catalog())
	if len(lines) == 0 {
		return co.boughtUnseen(c, cart)
	}
	return co.teller.Buy(c.Request().Context(), checkout.Purchase{
		Lines: lines, Total: co.shownTotal(c, cart), From: quota.Parse(c.RealIP()),
	})
}

// shownTotal is what the shopper was shown. A form that says nothing of it takes the prices of now. What is no number is
// no price of anything: the teller says so, if he does not find that the lines were bought.
func (co *Checkout) shownTotal(c echo.Context, cart checkout.Cart) inventory.Cents {
	given := c.FormValue("total_cents")
	if given == "" {
		var sum inventory.Cents
		for _, l := range viewCart(cart, co.pages.shelf.Catalog(), co.pages.imageURL) {
			sum += l.Price
		}
		return sum
	}
	cents, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return -1
	}
	return inventory.Cents(cents)
}

// What is said of a form whose cart cannot be read: it may have been bought.
var (
	errUnreadable      = errors.New("shop: the form's cart is too old, or was changed on its way")
	errUnreadableAlone = errors.New("shop: the form's cart is too old, or was changed on its way, and there is no other")
)

// refusals says why nothing was bought, or that nobody knows, and what to do next. The first that fits is taken: who is
// busy may not know either.
var refusals = []struct {
	err   error
	words string
}{
	{checkout.ErrEmptyCart, "Your cart is empty. Pick a size first."},
	{errUnreadable, "We can't tell whether this was bought: the page was too old, or was changed on its way. Here is your cart as it is now."},
	{errUnreadableAlone, "Your cart is empty, and the page was too old, or was changed on its way: we can't tell whether its shoes were bought."},
	{checkout.ErrSoldOut, "Your cart has out-of-stock shoes. Take them out, or take another size, and you can buy the rest."},
	{checkout.ErrNotReleased, "Your cart has unreleased shoes. Take them out, or come back when they are released."},
	{checkout.ErrPriceChanged, "The price has changed. Look at the new total, and buy if it is all right."},
	{checkout.ErrBusy, "Very many want to buy at this moment, and it was not your turn in time. Send it again: you will see the order, or why not."},
	{checkout.ErrUnknown, "We don't know yet whether this was bought. Send it again: you will see the order, or why not."},
}

// wordsOf finds them.
func wordsOf(err error) (message string, known bool) {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.words, true
		}
	}
	return "Your purchase could not be completed. Send it again: what you have bought is not bought twice.", false
}

// refuse brings the shopper back to the checkout, with the cart that he sent.
func (co *Checkout) refuse(c echo.Context, sess session, cart checkout.Cart, err error) error {
	message, known := wordsOf(err)
	if !known { // the teller has said why he cannot sell, once
		co.log.Debug("a purchase was not completed", "err", err)
	}
	if !cart.Empty() {
		if err := co.pages.keepCart(c, sess, co.held(c, sess).Merge(cart)); err != nil {
			return err
		}
	}
	sess.setFlash(&Flash{Kind: "error", Message: message})
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/checkout")
}

// Complete shows the order that the visitor has just made. Its lines leave his cart once more: a request that overlapped
// the purchase may have brought them back.
func (co *Checkout) Complete(c echo.Context) error {
	sess := co.pages.sessions.load(c.Request())
	id := co.pages.sessions.orderID(c.Request())
	if id == "" {
		return c.Redirect(http.StatusFound, "/")
	}
	order, err := co.order(c, id)
	if err != nil {
		return err
	}
	held := co.held(c, sess)
	cart := held.RemoveBought(linesOf(order)...)
	if !cart.Equal(held) {
		if err := co.pages.keepCart(c, sess, cart); err != nil {
			return err
		}
	}
	title := "Thank you"
	if order.Status == checkout.Cancelled {
		title = "Your order"
	}
	return co.pages.serveAlone(c, sess, cart, func(o own) ([]byte, error) {
		return co.renderOrder("complete", title, order, o)
	})
}

// Order shows an order to whoever knows its id.
func (co *Checkout) Order(c echo.Context) error {
	order, err := co.order(c, checkout.OrderID(c.Param("id")))
	if err != nil {
		return err
	}
	sess := co.pages.sessions.load(c.Request())
	return co.pages.serveAlone(c, sess, co.held(c, sess), func(o own) ([]byte, error) {
		return co.renderOrder("order", "Your order", order, o)
	})
}
