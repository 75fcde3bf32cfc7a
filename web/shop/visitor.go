package shop

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// visitor is what GET /session says: all that a page cannot know because it is the same for everyone.
type visitor struct {
	CartID         string  `json:"cart_id"`
	SerializedCart *string `json:"serialized_cart"`
	Flash          *Flash  `json:"flash"`
}

// Session tells the visitor's own facts, and gives the cart an id when it has none. It takes the flash along: who
// asks here shows it.
func (p *Pages) Session(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	sess := p.sessions.load(c.Request())
	v := visitor{CartID: sess.cartID(), Flash: sess.flash()}
	if v.CartID != "" && v.Flash == nil {
		return c.JSON(http.StatusOK, v) // a cookie that says nothing new could undo what another tab just set
	}
	if v.CartID == "" {
		v.CartID = newCartID()
		sess.setCartID(v.CartID)
	}
	sess.setFlash(nil)
	if err := p.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}
