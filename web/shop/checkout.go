package shop

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// teller sells a cart as a whole, or not at all. What was bought before is not bought again: its order is returned.
type teller interface {
	Buy(ctx context.Context, p checkout.Purchase) (checkout.Order, error)
}

// ledger knows what was sold.
type ledger interface {
	Order(ctx context.Context, id checkout.OrderID) (checkout.Order, error)
	Bought(ctx context.Context, lines []checkout.LineID) (map[checkout.LineID]checkout.Purchased, error)
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

// showLinked shows the cart of a link. Another shopper's cart gives lines of this shopper's own, see
// [checkout.Tokens.Open]. They are put beside those that this shopper has: another shopper's link takes nothing out.
func (co *Checkout) showLinked(c echo.Context, sess session, token string) error {
	sess.needCartID("")
	linked, own := co.pages.open(token, sess)
	held, _ := co.pages.cartOf(c.Request(), sess)
	switch {
	case linked.Empty():
		return co.showHere(c, sess, linked, nil)
	case own:
		return co.goOn(c, sess, held.Merge(linked), nil)
	}
	cart, flash := co.putBeside(held, linked)
	return co.goOn(c, sess, cart, flash)
}

// putBeside puts the lines of another cart into one that has no size of the same shoe, as far as there is room. It says
// what it has left out.
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
			flash = &Flash{Kind: "error", Message: "Your cart is full: not all that the link holds was put into it."}
		}
		held = added
	}
	return held, flash
}

// TakeCart is where the forms of a cart lead to: it keeps the cart that the form shows, changes it where the form says
// so, and shows what is to be bought.
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

// goOn keeps a cart, and shows it at the checkout's own address, where a reload shows it as it is then. A browser that
// has sent no cookie may not have the cart there: it is shown the page at once.
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
		page.Flash = o.flash
		return co.pages.render("checkout", page)
	})
}

// showHere shows a cart to a visitor whose next request may carry no cookie: the page's form carries all that is needed.
// The session is saved all the same, since this may be the first visit.
func (co *Checkout) showHere(c echo.Context, sess session, cart checkout.Cart, flash *Flash) error {
	if err := co.pages.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	page := co.viewCheckout(c.Request().Context(), co.pages.shelf.Catalog(), cart, co.viewer(c, sess))
	page.CartID = sess.cartID()
	page.Flash = flash
	page.Forgetful = !co.pages.sessions.carried(c.Request())
	html, err := co.pages.render("checkout", page)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, html)
}

// Buy buys the whole cart of a form, or nothing. It may be sent again, by anybody: a line is bought once. Only the
// buyer is led to the order.
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

// viewer is the shopper whom a page is made for.
type viewer struct {
	cartID    string
	before    string           // the cart id that the session had before, "" for none
	lastOrder checkout.OrderID // "" for none
}

func (co *Checkout) viewer(c echo.Context, sess session) viewer {
	return viewer{sess.cartID(), sess.cartIDBefore(), co.pages.sessions.orderID(c.Request())}
}

func (v viewer) shopper() checkout.ShopperID { return checkout.ShopperOf(v.cartID) }

// bought reports whether the viewer is the buyer of an order, and may be led to it.
func (v viewer) bought(p checkout.Purchased) bool {
	known := p.Buyer != checkout.ShopperID{}
	return p.Order == v.lastOrder || known && (p.Buyer == v.shopper() || p.Buyer == checkout.ShopperOf(v.before))
}

// complete leads the buyer to the order: by the session, and where the form came without a cookie, by a receipt.
func (co *Checkout) complete(c echo.Context, sess session, order checkout.Order, bought checkout.Cart, words *Flash) error {
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

// posted is the cart of a form. One that was not made here sends none: then it is about the session's.
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

// sell sells what the catalog knows: nobody can see the rest, so nobody means to buy it. It may have been bought before.
func (co *Checkout) sell(c echo.Context, cart checkout.Cart, buyer checkout.ShopperID) (checkout.Order, error) {
	lines := visible(cart, co.pages.shelf.Catalog())
	if len(lines) == 0 {
		return co.boughtUnseen(c, cart)
	}
	return co.teller.Buy(c.Request().Context(), checkout.Purchase{
		Lines: lines, Total: co.shownTotal(c, cart), Buyer: buyer,
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

// Why a form leads to no order: its cart can't be read, or its lines are in the order of another shopper.
var (
	errNotTheBuyer     = errors.New("shop: the form's shoes were bought by another shopper")
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
	{errNotTheBuyer, "The shoes of this form were bought already, and we can't tell that it was you. Nothing was bought now."},
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

// refuse brings the shopper back to the checkout, with the very lines of the form: when nobody knows whether they were
// bought, the form must be sent again with the same ones.
func (co *Checkout) refuse(c echo.Context, sess session, cart checkout.Cart, err error) error {
	message, known := wordsOf(err)
	if !known { // the teller has said why he cannot sell, once
		co.log.Debug("a purchase was not completed", "err", err)
	}
	return co.goOn(c, sess, co.held(c, sess).Merge(cart), &Flash{Kind: "error", Message: message})
}

// errReceiptOver says that an address with a receipt shows no order any more.
var errReceiptOver = echo.NewHTTPError(http.StatusGone)

// Complete shows the order that the visitor has just made.
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
	return c.Redirect(http.StatusFound, "/")
}

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

// completeFromSession takes the order's lines out of the cart once more: a request that overlapped the purchase may have
// brought them back.
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

// completeFromReceipt serves a browser without cookies. Its script takes what was bought out of the tab's cart.
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
