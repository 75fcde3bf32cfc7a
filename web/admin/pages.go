package admin

import (
	"bytes"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"sneakers23/assets"
	"sneakers23/inventory"
	"sneakers23/templates"
)

// shelf is all that the page needs of the inventory.
type shelf interface {
	Catalog() *inventory.Catalog
}

// Pages serves the dashboard's pages.
type Pages struct {
	shelf     shelf
	templates *templates.Set
	asset     func(name string) (string, error)
	tokens    *Tokens
	signIn    *SignIn

	// These serve a page each, once its visitor has signed in: the shop, and the devices.
	Dashboard, Devices echo.HandlerFunc
}

// NewPages serves the pages to those whom signIn lets in. A page opens its socket with one of the
// tokens. asset tells the URL of a built file by its source name.
func NewPages(
	s shelf, t *templates.Set, asset func(name string) (string, error), signIn *SignIn, tokens *Tokens,
) *Pages {
	p := &Pages{shelf: s, templates: t, asset: asset, tokens: tokens, signIn: signIn}
	p.Dashboard = signIn.Guard(p.serve(p.dashboard))
	p.Devices = signIn.Guard(p.serve(p.devices))
	return p
}

// Guard serves a page of another package to those who have signed in.
func (p *Pages) Guard(page echo.HandlerFunc) echo.HandlerFunc { return p.signIn.Guard(page) }

// serve answers with what is rendered with a new token. The page is not to be stored.
func (p *Pages) serve(render func(to io.Writer, token string) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		token, err := p.tokens.Sign()
		if err != nil {
			return err
		}
		var html bytes.Buffer
		if err := render(&html, token); err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.HTMLBlob(http.StatusOK, html.Bytes())
	}
}

func (p *Pages) dashboard(to io.Writer, token string) error {
	return p.templates.Page(to, "admin", viewDashboard(p.shelf.Catalog(), token, p.imageURL))
}

// devices is the page of package fleet's channel, which brings all that it shows.
func (p *Pages) devices(to io.Writer, token string) error {
	return p.templates.Page(to, "admin_devices", struct{ Token string }{token})
}

// imageURL gives the address of an image, see [assets.ImageURL].
func (p *Pages) imageURL(url string) string { return assets.ImageURL(url, p.asset) }
