package shopfront

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
	"sneakers23/templates"
)

// ErrNoPage says that there can be no such page of text.
var ErrNoPage = errors.New("shopfront: there is no such page")

// Desk saves what admins write. Its errors are storefront.Problems, storefront.ErrEdited,
// *picture.Error, or have words for admins.
type Desk interface {
	// SetShop saves settings, and reports whether all nodes show them.
	SetShop(ctx context.Context, edit storefront.Edit) (saved storefront.Saved, everywhere bool, err error)
	// SavePage writes or removes a page, and reports whether all nodes show it.
	SavePage(ctx context.Context, edit storefront.PageEdit) (saved storefront.Saved, everywhere bool, err error)
	// AddPicture makes a picture of a photo, and returns its id.
	AddPicture(ctx context.Context, photo []byte) (id string, err error)
}

// Config is what Pages are made of. All of it must be set.
type Config struct {
	Look      func() *storefront.Look
	Templates *templates.Set
	Sheet     func(storefront.Settings) string // address of the style sheet with the shop's color
	Desk      Desk
}

// Pages serves the forms. They must be guarded.
type Pages struct{ cfg Config }

// New serves forms.
func New(cfg Config) *Pages { return &Pages{cfg} }

// Settings shows the form with the settings, and lists the pages of text.
func (p *Pages) Settings(c echo.Context) error {
	f := p.settingsForm()
	f.Done = doneWords(c.QueryParam("saved"))
	return p.renderSettings(c, http.StatusOK, f)
}

// SaveSettings saves the form with the settings, or shows it again with what is wrong.
func (p *Pages) SaveSettings(c echo.Context) error {
	ctx := c.Request().Context()
	fields, logo, err := read(c.Request())
	if err != nil {
		return err
	}
	f := takeSettings(fields, p.cfg.Look())
	if len(logo) > 0 {
		switch id, err := p.cfg.Desk.AddPicture(ctx, logo); {
		case err == nil:
			f.Logo, f.RemoveLogo = id, false
		case isPictureError(err):
			f.wrong("logo", err.Error())
		default:
			return p.failSettings(c, f, err)
		}
	}
	if len(f.Wrong) > 0 {
		return p.failSettings(c, f, storefront.Problems{})
	}
	saved, everywhere, err := p.cfg.Desk.SetShop(ctx, f.edit())
	if err != nil {
		return p.failSettings(c, f, err)
	}
	return c.Redirect(http.StatusSeeOther, "/admin/shop?saved="+result(saved, everywhere))
}

func isPictureError(err error) bool {
	_, ok := errors.AsType[*picture.Error](err)
	return ok
}

// failSettings shows a form that was not saved.
func (p *Pages) failSettings(c echo.Context, f *settingsForm, err error) error {
	now := p.cfg.Look().Settings()
	if errors.Is(err, storefront.ErrEdited) {
		f.Over = f.over(now.Settings, p.cfg.Look().Location())
		f.Seen = now.Revision
	}
	return p.renderSettings(c, f.fail(err), f)
}

func (p *Pages) renderSettings(c echo.Context, status int, f *settingsForm) error {
	look := p.cfg.Look()
	settings := look.Settings().Settings
	f.Sheet = p.cfg.Sheet(settings)
	if accent, ok := settings.AccentColors(); ok {
		f.Colors = accent.Light.String() + ", and " + accent.Dark.String() + " on dark pages"
	}
	if settings.Logo != nil && len(settings.Logo.Renditions) > 0 {
		f.Shown = &settings.Logo.Renditions[0]
	}
	for _, slug := range storefront.Slugs {
		page, there := look.Page(slug)
		f.Pages = append(f.Pages, pageLink{slug, page.Title, there})
	}
	return p.render(c, status, "admin_shop", f)
}

// Page shows the form of the page of text with the path's :slug.
func (p *Pages) Page(c echo.Context) error {
	slug := storefront.Slug(c.Param("slug"))
	if !slug.Known() {
		return ErrNoPage
	}
	look := p.cfg.Look()
	page, there := look.Page(slug)
	f := &pageForm{Slug: slug, There: there, Title: page.Title, Body: page.Body, Seen: look.Seen(slug)}
	f.Done = doneWords(c.QueryParam("saved"))
	return p.render(c, http.StatusOK, "admin_page", f)
}

// SavePage saves the form of the page of text with the path's :slug.
func (p *Pages) SavePage(c echo.Context) error {
	slug := storefront.Slug(c.Param("slug"))
	if !slug.Known() {
		return ErrNoPage
	}
	fields, _, err := read(c.Request())
	if err != nil {
		return err
	}
	f := takePage(slug, fields)
	saved, everywhere, err := p.cfg.Desk.SavePage(c.Request().Context(), f.edit())
	if err != nil {
		look := p.cfg.Look()
		now, there := look.Page(slug)
		f.There = there
		if errors.Is(err, storefront.ErrEdited) {
			f.Now, f.Seen = &now.Page, look.Seen(slug)
		}
		return p.render(c, f.fail(err), "admin_page", f)
	}
	return c.Redirect(http.StatusSeeOther, "/admin/shop/"+string(slug)+"?saved="+result(saved, everywhere))
}

func (p *Pages) render(c echo.Context, status int, name string, page any) error {
	var html bytes.Buffer
	if err := p.cfg.Templates.Page(&html, name, page); err != nil {
		return err
	}
	return c.HTMLBlob(status, html.Bytes())
}

// The results of a save, as the address of a form has them.
const (
	savedYes  = "yes"
	savedSame = "same"
	savedLate = "late"
)

func result(saved storefront.Saved, everywhere bool) string {
	switch {
	case saved.Unchanged():
		return savedSame
	case !everywhere:
		return savedLate
	}
	return savedYes
}

func doneWords(saved string) string {
	switch saved {
	case savedYes:
		return "Saved. All nodes show it."
	case savedSame:
		return "Nothing was changed: it was so already."
	case savedLate:
		return "Saved. Some nodes do not show it yet: they will in a few seconds."
	}
	return ""
}
