package admin

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"sneakers23/assets"
	"sneakers23/inventory"
	"sneakers23/templates"
)

// shelf is all that the page needs of the inventory.
type shelf interface {
	Catalog() *inventory.Catalog
}

// Pages serves the dashboard's page.
type Pages struct {
	shelf     shelf
	templates *templates.Set
	asset     func(name string) (string, error)
	tokens    *Tokens

	// Dashboard serves the page, once its visitor has signed in.
	Dashboard echo.HandlerFunc
}

// NewPages serves the page of what is on the shelf to those whom signIn lets in; it opens its socket with one of the tokens.
// asset tells the URL of a built file by its source name.
func NewPages(s shelf, t *templates.Set, asset func(name string) (string, error), signIn *SignIn, tokens *Tokens) *Pages {
	p := &Pages{shelf: s, templates: t, asset: asset, tokens: tokens}
	p.Dashboard = signIn.Guard(p.dashboard)
	return p
}

func (p *Pages) dashboard(c echo.Context) error {
	token, err := p.tokens.Sign()
	if err != nil {
		return err
	}
	html, err := p.render(p.shelf.Catalog(), token)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, html)
}

func (p *Pages) render(catalog *inventory.Catalog, token string) ([]byte, error) {
	var html bytes.Buffer
	if err := p.templates.Page(&html, "admin", viewDashboard(catalog, token, p.imageURL)); err != nil {
		return nil, err
	}
	return html.Bytes(), nil
}

// imageURL gives the hashed address of an image that we built, and leaves other addresses alone.
func (p *Pages) imageURL(url string) string {
	if name, ok := strings.CutPrefix(url, assets.Prefix); ok {
		if hashed, err := p.asset(name); err == nil {
			return hashed
		}
	}
	return url
}
