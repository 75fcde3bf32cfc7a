package admin

import (
	"bytes"
	"net/http"

	"github.com/labstack/echo/v4"

	"sneakers23/templates"
)

// Pages serves the dashboard's page.
type Pages struct {
	templates *templates.Set
	tokens    *Tokens

	// Dashboard serves the page, once its visitor has signed in.
	Dashboard echo.HandlerFunc
}

// NewPages serves the page to those whom signIn lets in; it opens its socket with one of the tokens.
func NewPages(t *templates.Set, signIn *SignIn, tokens *Tokens) *Pages {
	p := &Pages{templates: t, tokens: tokens}
	p.Dashboard = signIn.Guard(p.dashboard)
	return p
}

// dashboardPage is what the page is made of. All that changes comes over the socket.
type dashboardPage struct {
	Token string
}

func (p *Pages) dashboard(c echo.Context) error {
	token, err := p.tokens.Sign()
	if err != nil {
		return err
	}
	var html bytes.Buffer
	if err := p.templates.Page(&html, "admin", dashboardPage{token}); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, html.Bytes())
}
