package shop

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// readForm reads the fields of a form, before any of them is asked for: one that is not read to its
// end has no fields, and would be about other things than its sender meant.
func readForm(r *http.Request) error {
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(1 << 20) // more than a body may have
	}
	switch {
	case err == nil, errors.Is(err, http.ErrNotMultipart):
		return nil
	case errors.As(err, new(*http.MaxBytesError)):
		return err
	}
	return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
}

// AddToCart answers the click on a size: the item is in the cart, or the shopper is told why not,
// on the page where he was.
func (p *Pages) AddToCart(c echo.Context) error {
	if err := readForm(c.Request()); err != nil {
		return err
	}
	return p.changeCart(c, p.adding(c.FormValue("item_id"), c.FormValue("replace") == "true"),
		p.blockOf(c.FormValue("item_id")))
}

// blockOf is the fragment of the block of an item's product on the page of all products, "" for an
// unknown item.
func (p *Pages) blockOf(itemID string) string {
	if _, product, ok := p.shelf.Catalog().Item(parseItemID(itemID)); ok {
		return fmt.Sprintf("#product-%d", product.ID)
	}
	return ""
}

// A change makes another cart of one, and says what has become of it.
type change func(checkout.Cart) (checkout.Cart, *Flash)

// adding puts an item into a cart.
func (p *Pages) adding(itemID string, replace bool) change {
	catalog := p.shelf.Catalog()
	id := parseItemID(itemID)
	item, product, ok := catalog.Item(id)
	if !ok {
		return func(cart checkout.Cart) (checkout.Cart, *Flash) {
			return cart, &Flash{Kind: "error", Message: "That shoe is not here any more."}
		}
	}
	words := product.Name + ", size " + item.Size
	return func(cart checkout.Cart) (checkout.Cart, *Flash) {
		changed, err := addTo(cart, catalog, id, replace, checkout.NewActor(), p.carts.maxLines)
		if other, ok := errors.AsType[*checkout.DuplicateProductError](err); ok {
			return cart, offerSwap(catalog, other.Held, item, product)
		}
		switch {
		case errors.Is(err, checkout.ErrDuplicateItem):
			return cart, info(words+" is in your cart already.").isIn(id, words)
		case errors.Is(err, checkout.ErrCartFull):
			held := len(visible(cart, catalog))
			full := &Flash{Kind: "error", Message: "Your cart is full: it holds " + pairs(held) + ". Remove one first."}
			return cart, full.isFull(held, words)
		case item.Level == inventory.LevelOut:
			return changed, info(words+" is in your cart. It is sold out, and can be bought if it comes back.").isIn(id,
				words)
		case !product.Released:
			return changed, info(words+" is in your cart. It can be bought when it is released.").isIn(id, words)
		}
		return changed, info(words+" is in your cart.").isIn(id, words)
	}
}

// RemoveFromCart takes an item out of the cart.
func (p *Pages) RemoveFromCart(c echo.Context) error {
	if err := readForm(c.Request()); err != nil {
		return err
	}
	return p.changeCart(c, p.removing(c.FormValue("item_id")), "")
}

// removing takes an item out of a cart.
func (p *Pages) removing(itemID string) change {
	id := parseItemID(itemID)
	words := "It"
	if item, product, ok := p.shelf.Catalog().Item(id); ok {
		words = product.Name + ", size " + item.Size
	}
	return func(cart checkout.Cart) (checkout.Cart, *Flash) {
		changed, err := cart.Remove(id, checkout.NewActor())
		if err != nil {
			return cart, info(words+" is not in your cart.").isOut(id, words)
		}
		return changed, info(words+" was removed.").isOut(id, words)
	}
}

// changeCart lets a form change the cart of the session, and brings the shopper back to where he
// was with what is to be said: on the page of all products to the block that the fragment names. A
// form of the cart itself carries the cart that it shows. A browser that has sent no cookie is led
// past a page that finds out whether it keeps them: see [Pages.CartKept].
func (p *Pages) changeCart(c echo.Context, change change, block string) error {
	sess := p.sessions.load(c.Request())
	sess.needCartID(c.FormValue("cart_id"))
	before, _ := p.cartOf(c.Request(), sess)
	shown, _ := p.open(c.FormValue("serialized_cart"), sess)
	cart, flash := change(before.Merge(shown))
	if err := p.keepCart(c, sess, cart); err != nil {
		return err
	}
	sess.setFlash(flash)
	if err := p.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	to := cameFrom(c.Request())
	if to != "/" {
		block = ""
	}
	if !p.sessions.carried(c.Request()) {
		to = "/cart/kept?from=" + url.QueryEscape(to)
	}
	to += block // which a browser keeps when it is led on
	return c.Redirect(http.StatusSeeOther, to)
}

// CartKept leads a browser on that has kept the cart of its first form, and tells all others that
// theirs did not.
func (p *Pages) CartKept(c echo.Context) error {
	from := ownPath(c.QueryParam("from"))
	c.Response().Header().Set("Cache-Control", "no-store")
	if p.sessions.carried(c.Request()) {
		return c.Redirect(http.StatusSeeOther, from)
	}
	html, err := p.render("not_kept", notKeptPage{
		Layout: p.Frame("No cart", "This shop keeps a cart in a cookie."),
		From:   from,
	})
	if err != nil {
		return err
	}
	return c.HTMLBlob(http.StatusOK, html)
}

// notKeptPage tells a shopper whose browser keeps no cookies.
type notKeptPage struct {
	Layout
	From string // the path of the page where the shopper was
}

// offerSwap says that another size of the shoe is in the cart, with a button that swaps them.
func offerSwap(catalog *inventory.Catalog, held checkout.Line, item inventory.Item, product *inventory.Product) *Flash {
	message := "You have " + product.Name + " in your cart already. You can have one size of each shoe."
	if old, _, ok := catalog.Item(held.Item); ok {
		message = "You have " + product.Name + " in size " + old.Size + ". You can have one size of each shoe."
	}
	offer := &Flash{Kind: "info", Message: message, Action: "Swap for size " + item.Size, ItemID: item.ID}
	return offer.isIn(held.Item, product.Name+", size "+item.Size)
}

func pairs(n int) string {
	if n == 1 {
		return "1 pair"
	}
	return strconv.Itoa(n) + " pairs"
}

// cameFrom is the path of the page on which a form was sent: of this shop, or the first page.
func cameFrom(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return "/"
	}
	return ownPath(u.Path)
}

// ownPath is a path of this shop: "/" for what is none.
func ownPath(p string) string {
	if !strings.HasPrefix(p, "/") {
		return "/"
	}
	return (&url.URL{Path: path.Clean(p)}).String() // cleaned, since one that begins with // leads elsewhere
}
