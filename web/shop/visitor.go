package shop

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
)

// visitor is what GET /session says: all that a page cannot know because it is the same for
// everyone.
type visitor struct {
	CartID         string  `json:"cart_id"`
	SerializedCart *string `json:"serialized_cart"`
	Flash          *Flash  `json:"flash"`
	Now            string  `json:"now"`

	OrderNumber *checkout.OrderNumber `json:"order_number"` // of the last order, which /checkout/complete shows
}

// Session tells the visitor's own facts, and gives the cart an id when it has none. It takes the
// flash along: who asks here shows it.
func (p *Pages) Session(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	sess := p.sessions.load(c.Request())
	known := sess.cartID() != ""
	v := visitor{CartID: sess.needCartID(""), Now: p.serverTime()}
	if flash := sess.flash(); flash != nil {
		cart, _ := p.cartOf(c.Request(), sess)
		v.Flash = flash.over(cart, p.shelf.Catalog())
	}
	p.tellOrder(c, &v)
	if err := p.tellCart(c, sess, &v, ""); err != nil {
		return err
	}
	if known && v.Flash == nil {
		return c.JSON(http.StatusOK, v) // a cookie that says nothing new could undo what another tab just set
	}
	sess.setFlash(nil)
	if err := p.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// mirrored is what a page's script knows of the cart.
type mirrored struct {
	CartID     string `json:"cart_id"`
	Serialized string `json:"serialized_cart"`
}

// MirrorSession takes what a page's script knows into the session: the cart, and the id that the
// tabs agreed on. It merges: earlier state is never lost, and tabs may send the same in any order.
// The answer is what the session has then; a flash stays for the page that shows it.
func (p *Pages) MirrorSession(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	var m mirrored
	if err := json.NewDecoder(c.Request().Body).Decode(&m); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest).SetInternal(err)
	}
	sess := p.sessions.load(c.Request())
	v := visitor{CartID: sess.cartID(), Now: p.serverTime()}
	if cartIDs.MatchString(m.CartID) && m.CartID != v.CartID {
		v.CartID = m.CartID
		sess.setCartID(v.CartID)
		if err := p.sessions.save(c.Response(), c.Request(), sess); err != nil {
			return err
		}
	}
	p.tellOrder(c, &v)
	if err := p.tellCart(c, sess, &v, m.Serialized); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// tellOrder tells the number of the visitor's last order. The cookie has it: the database is not
// asked.
func (p *Pages) tellOrder(c echo.Context, v *visitor) {
	if number := p.sessions.orderNumber(c.Request()); number != "" {
		v.OrderNumber = &number
	}
}

// tellCart tells the visitor's cart, with that of a token merged into it, and keeps it in the
// session. A token of the visitor's own that says all of it already is kept as it is: so whoever
// has it sees that nothing is new.
func (p *Pages) tellCart(c echo.Context, sess session, v *visitor, token string) error {
	kept := p.sessions.cartToken(c.Request())
	held, _ := p.open(kept, sess)
	brought, _ := p.open(token, sess)
	cart := held.Merge(brought)
	if open, ok := p.carts.of(v.CartID); ok {
		cart = cart.Merge(open.Cart)
	}
	switch {
	case cart.Equal(checkout.Cart{}):
		return nil
	case p.isOf(token, v.CartID) && cart.Equal(brought):
	case p.isOf(kept, v.CartID) && cart.Equal(held):
		token = kept
	default:
		token = p.carts.tokens.Sign(cart, v.CartID)
	}
	v.SerializedCart = &token
	if token == kept {
		return nil
	}
	return p.sessions.saveCart(c.Response(), c.Request(), token)
}

// open restores the cart of a token for the shopper of the session.
func (p *Pages) open(token string, sess session) (cart checkout.Cart, own bool) {
	return p.carts.tokens.Open(token, sess.cartID(), sess.cartIDBefore())
}

// isOf reports whether a token was signed for the cart of that id.
func (p *Pages) isOf(token, cartID string) bool {
	_, own := p.carts.tokens.Open(token, cartID)
	return own
}

// cartOf is the cart of a visitor: what the session keeps, and what the tabs on this node know. It
// reports whether there is one, which may be empty.
func (p *Pages) cartOf(r *http.Request, sess session) (checkout.Cart, bool) {
	cart, _ := p.open(p.sessions.cartToken(r), sess)
	if open, ok := p.carts.of(sess.cartID()); ok {
		cart = cart.Merge(open.Cart)
	}
	return cart, !cart.Equal(checkout.Cart{})
}

// keepCart keeps a cart that a form has changed, and tells the tabs of it.
func (p *Pages) keepCart(c echo.Context, sess session, cart checkout.Cart) error {
	id := sess.needCartID("")
	if err := p.sessions.saveCart(c.Response(), c.Request(), p.carts.tokens.Sign(cart, id)); err != nil {
		return err
	}
	p.carts.Merge(id, cart)
	return nil
}
