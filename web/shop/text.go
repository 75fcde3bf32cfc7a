package shop

import (
	"errors"
	"html/template"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory/storefront"
	"sneakers23/web/markdown"
	"sneakers23/web/prepared"
)

// ErrNoText says that the shop has no such page of text.
var ErrNoText = errors.New("shop: there is no such page")

// textPage is a page of text, such as help.
type textPage struct {
	Layout
	Heading string
	HTML    template.HTML
}

// Text returns the handler of a page of text, which answers ErrNoText while there is none.
func (p *Pages) Text(slug storefront.Slug) echo.HandlerFunc {
	return func(c echo.Context) error {
		look := p.front.Look()
		if !look.Loaded() || !p.shelf.Catalog().Loaded() {
			return ErrNotOpen
		}
		page, ok := look.Page(slug)
		if !ok {
			return ErrNoText
		}
		if shown, err := p.serveOwn(c, func(o own) ([]byte, error) { return p.renderText(page.Page, o) }); shown {
			return err
		}
		slot := p.texts[slug]
		response, ok := slot.of(version{look: look.Shown()})
		if !ok {
			var err error
			if response, err = slot.renew(p.latestText(slug)); err != nil {
				return err
			}
		}
		response.ServeHTTP(c.Response(), c.Request())
		return nil
	}
}

func (p *Pages) latestText(slug storefront.Slug) func() (version, func() (*prepared.Response, error), error) {
	return func() (version, func() (*prepared.Response, error), error) {
		look := p.front.Look()
		page, ok := look.Page(slug)
		if !ok {
			return version{}, nil, ErrNoText
		}
		return version{look: look.Shown()}, func() (*prepared.Response, error) {
			return shared(p.renderText(page.Page, nobody))
		}, nil
	}
}

func (p *Pages) renderText(page storefront.Page, o own) ([]byte, error) {
	html, err := markdown.HTML(page.Body)
	if err != nil { // it was not written through the shop, which checks it
		html = template.HTML("<pre>" + template.HTMLEscapeString(page.Body) + "</pre>") //nolint:gosec // escaped
	}
	frame := p.frameFor(o, page.Title, firstWords(page.Body))
	frame.Social = p.social("website", page.Title, frame.Description, pathOf(page.Slug), nil)
	return p.render("text", textPage{Layout: frame, Heading: page.Title, HTML: html})
}

// firstWords returns the beginning of a text, for a description.
func firstWords(text string) string {
	const most = 150
	words := strings.Map(func(r rune) rune {
		if strings.ContainsRune("#*_`>|[]\\", r) {
			return -1
		}
		return r
	}, text)
	words = strings.Join(strings.Fields(words), " ")
	if utf8.RuneCountInString(words) <= most {
		return words
	}
	cut := string([]rune(words)[:most])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return cut + "…"
}
