package shop

import (
	"net/http"
	"net/url"
	"path"
	"strconv"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
)

// AddToCart answers the click on a size. There are no carts yet: the shopper is told so, on the page where he was. An
// item that is not there is inventory.ErrNotFound.
func (p *Pages) AddToCart(c echo.Context) error {
	id, err := strconv.ParseInt(c.FormValue("item_id"), 10, 64)
	if err != nil {
		return inventory.ErrNotFound
	}
	item, product, ok := p.shelf.Catalog().Item(inventory.ItemID(id))
	if !ok {
		return inventory.ErrNotFound
	}
	sess := p.sessions.load(c.Request())
	sess.setFlash(&Flash{
		Kind:    "info",
		Message: product.Name + ", size " + item.Size + ": " + wordsFor(item.Level) + ". Carts are not open yet: for now you can watch the stock.",
	})
	if err := p.sessions.save(c.Response(), c.Request(), sess); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, cameFrom(c.Request()))
}

// cameFrom is the path of the page on which a form was sent: of this shop, or the first page.
func cameFrom(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || u.Path == "" {
		return "/"
	}
	return (&url.URL{Path: path.Clean(u.Path)}).String() // cleaned, since one that begins with // leads elsewhere
}
