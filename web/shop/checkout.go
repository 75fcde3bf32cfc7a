package shop

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/quota"
)

// teller sells a cart as a whole, or not at all. A cart that was bought before is not bought again:
// its order is returned.
type teller interface {
	Buy(ctx context.Context, p checkout.Purchase) (checkout.Order, error)
	Bought(ctx context.Context, lines []checkout.LineID) (map[checkout.LineID]checkout.Purchased, error)
}

// orders are those that were made.
type orders interface {
	Order(ctx context.Context, id checkout.OrderID) (checkout.Order, error)
}

// Checkout serves the pages on which carts become orders.
type Checkout struct {
	pages  *Pages
	teller teller
	orders orders
	log    *slog.Logger
}

// NewCheckout makes the pages on which a teller sells, and its orders are shown.
func NewCheckout(p *Pages, t teller, o orders, log *slog.Logger) *Checkout {
	return &Checkout{pages: p, teller: t, orders: o, log: log}
}

// Buy buys the whole cart of a form, or nothing. It may be sent again, by anybody: a line is bought
// once. Only the buyer is led to the order.
func (co *Checkout) Buy(c echo.Context) error {
	if err := readForm(c.Request()); err != nil {
		return err
	}
	sess := co.pages.sessions.load(c.Request())
	sess.needCartID(c.FormValue("cart_id"))
	v := co.viewer(c, sess)
	cart, err := co.posted(c, sess)
	var order checkout.Order
	if err == nil {
		order, err = co.sell(c, cart, v.shopper())
	}
	if err != nil {
		return co.refuse(c, sess, cart, err)
	}
	had := co.boughtBefore(c, cart, order, v)
	left := cart.RemoveBought(had.lines...)
	if !v.bought(checkout.Purchased{Order: order.ID, Buyer: order.Buyer}) {
		return co.refuse(c, sess, left, errNotTheBuyer)
	}
	if err := co.pages.keepCart(c, sess, co.held(c, sess).RemoveBought(had.lines...).Merge(left)); err != nil {
		return err
	}
	words := had.words(visible(cart, co.pages.shelf.Catalog()))
	if words == nil && v.lastOrder == order.ID {
		words = info("You bought this before, and here is that order. Nothing was bought now.")
	}
	return co.complete(c, sess, order, cart.Receipt(had.lines...), words)
}

// posted is the cart of a form. One that was not made here sends none: then it is about the
// session's.
func (co *Checkout) posted(c echo.Context, sess session) (checkout.Cart, error) {
	token := c.FormValue("serialized_cart")
	held := co.held(c, sess)
	if token == "" {
		return held, nil
	}
	cart := co.pages.carts.tokens.OpenForm(token)
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

// sell sells what the catalog knows: the shopper cannot see the rest, and does not mean to buy it.
// The rest may have been bought before.
func (co *Checkout) sell(c echo.Context, cart checkout.Cart, buyer checkout.ShopperID) (checkout.Order, error) {
	lines := visible(cart, co.pages.shelf.Catalog())
	if len(lines) == 0 {
		return co.boughtUnseen(c, cart)
	}
	return co.teller.Buy(c.Request().Context(), checkout.Purchase{
		Lines: lines, Total: co.shownTotal(c, cart), Buyer: buyer, From: quota.Parse(c.RealIP()),
	})
}

// shownTotal returns the total that the shopper was shown. A form without one accepts today's
// prices. For a value that is not a number it returns -1, which is the price of nothing: the teller
// refuses it, unless the lines were bought before.
func (co *Checkout) shownTotal(c echo.Context, cart checkout.Cart) inventory.Cents {
	given := c.FormValue("total_cents")
	if given == "" {
		return co.total(cart)
	}
	cents, err := strconv.ParseInt(given, 10, 64)
	if err != nil {
		return -1
	}
	return inventory.Cents(cents)
}

// total returns the sum of the cart's prices as the catalog has them.
func (co *Checkout) total(cart checkout.Cart) inventory.Cents {
	var sum inventory.Cents
	for _, l := range viewCart(cart, co.pages.shelf.Catalog(), co.pages.imageURL) {
		sum += l.Price
	}
	return sum
}

// Why a form leads to no order: its cart can't be read, or its lines are in the order of another
// shopper.
var (
	errNotTheBuyer     = errors.New("shop: the form's shoes were bought by another shopper")
	errUnreadable      = errors.New("shop: the form's cart is too old, or was altered")
	errUnreadableAlone = errors.New(
		"shop: the form's cart is too old, or was altered, and there is no other",
	)
)

// refusals says why nothing was bought, or that the outcome is unknown, and what to do next, unless
// that depends on the cart: then [checkoutPage.Advice] says it. The first that fits is taken: the
// outcome may be unknown to a busy teller, too.
var refusals = []struct {
	err   error
	words string
}{
	{checkout.ErrEmptyCart, "Your cart is empty. Pick a size first."},
	{
		errUnreadable, "We can't tell whether this was bought: the page was too old, or was altered. If you have an order already, look at it before you buy again. Here is your cart as it is now.",
	},
	{
		errUnreadableAlone, "Your cart is empty, and the page was too old, or was altered: we can't tell whether its shoes were bought. If you have an order already, look at it before you buy again.",
	},
	{errNotTheBuyer, "These shoes were bought already, and we can't tell that it was you. Nothing was bought now. If it was you, open the link to your order that you kept."},
	{checkout.ErrPaused, "Selling is paused. Nothing was bought, and nothing in your cart is lost."},
	{checkout.ErrLimit, "Your cart has shoes of which you have as many pairs as one shopper may buy. Nothing was bought: remove them to buy the rest."},
	{checkout.ErrSoldOut, "Your cart has out-of-stock shoes. Nothing was bought."},
	{checkout.ErrNotReleased, "Your cart has unreleased shoes. Nothing was bought."},
	{checkout.ErrOrderFull, "Your cart has more shoes than one order may have. Nothing was bought: remove some, and buy them with another order."},
	{checkout.ErrPriceChanged, "The price has changed. Look at the new total, and press Purchase if you agree."},
	{
		checkout.ErrBusy, "The shop is very busy, and your turn did not come in time. Press Purchase again: nothing is bought twice, and you will see the order, or why not.",
	},
	{
		checkout.ErrUnknown, "We don't know yet whether this was bought. Press Purchase again, or reload this page: nothing is bought twice, and you will see the order, or why not.",
	},
}

// wordsOf finds them.
func wordsOf(err error) (message string, known bool) {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.words, true
		}
	}
	return "Your purchase could not be completed. Press Purchase again: nothing is bought twice.", false
}

// refuse brings the shopper back to the checkout, with the very lines of the form: while their
// outcome is unknown, the form must be sent again with the same ones.
func (co *Checkout) refuse(c echo.Context, sess session, cart checkout.Cart, err error) error {
	message, known := wordsOf(err)
	if !known { // the teller has said why he cannot sell, once
		co.log.Debug("a purchase was not completed", "err", err)
	}
	if shown, now := co.shownTotal(c, cart), co.total(cart); errors.Is(err, checkout.ErrPriceChanged) && shown > 0 &&
		shown != now {
		message = fmt.Sprintf("The price has changed. The total was %v and is %v now: press Purchase if you agree.",
			shown, now)
	}
	return co.goOn(c, sess, co.held(c, sess).Merge(cart), &Flash{Kind: "error", Message: message})
}
