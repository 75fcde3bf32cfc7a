package products

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"sneakers23/assets"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/templates"
)

// MaxBody is how many bytes a form may have, with the photos.
const MaxBody = maxPhotos*picture.MaxBytes + 1<<20

// Desk saves what admins write. Its errors are inventory.Problems, inventory.ErrEdited,
// *picture.Error, or have words for admins.
type Desk interface {
	// Save saves an edit, and reports whether all nodes show it.
	Save(ctx context.Context, edit inventory.Edit) (saved inventory.Saved, everywhere bool, err error)
	// Try returns what Save would do.
	Try(ctx context.Context, edit inventory.Edit) (inventory.Saved, error)
	// Pause stops the selling of a product, or of the whole shop if the id is 0, or resumes it.
	Pause(ctx context.Context, id inventory.ProductID, resume bool) error
	// AddPicture uploads a photo, and returns the id of its picture.
	AddPicture(ctx context.Context, photo []byte) (string, error)
}

// Config is what Pages are made of.
type Config struct {
	Catalog   func() *inventory.Catalog
	Templates *templates.Set
	Asset     func(name string) (string, error) // the URL of a built file by its source name
	Desk      Desk
}

// Pages serves the pages of products. They must be guarded.
type Pages struct {
	cfg  Config
	room *semaphore.Weighted // bytes of photos that are in memory
}

// New serves pages.
func New(cfg Config) *Pages { return &Pages{cfg, semaphore.NewWeighted(maxReading * photoRoom)} }

// List shows all products.
func (p *Pages) List(c echo.Context) error {
	return p.render(c, http.StatusOK, "admin_catalog", p.viewList())
}

// New shows an empty form.
func (p *Pages) New(c echo.Context) error {
	return p.render(c, http.StatusOK, "admin_edit", newForm())
}

// Edit shows the form of the product of the path's :sku.
func (p *Pages) Edit(c echo.Context) error {
	product, ok := p.cfg.Catalog().All().ProductInAnyCase(c.Param("sku"))
	if !ok {
		return inventory.ErrNotFound
	}
	f := p.formOf(product)
	f.Done = doneWords(c.QueryParam("saved"))
	return p.render(c, http.StatusOK, "admin_edit", f)
}

// Create saves a new product.
func (p *Pages) Create(c echo.Context) error { return p.save(c, nil) }

// Save saves the product that the form names by its id: another admin may have given it another SKU
// than the path's :sku meanwhile.
func (p *Pages) Save(c echo.Context) error {
	id, err := strconv.ParseInt(c.QueryParam("id"), 10, 64)
	product, ok := p.cfg.Catalog().All().Product(inventory.ProductID(id))
	if err != nil || !ok {
		return inventory.ErrNotFound
	}
	return p.save(c, product)
}

// save saves a form, or shows it again with what is wrong. product is nil for a new one.
func (p *Pages) save(c echo.Context, product *inventory.Product) error {
	ctx := c.Request().Context()
	f, err := p.read(c.Request(), product)
	if err != nil {
		return err
	}
	edit := f.edit(product)
	if len(f.Wrong) > 0 {
		_, err := p.cfg.Desk.Try(ctx, edit) // what else is wrong is told by the same answer
		problems, _ := errors.AsType[inventory.Problems](err)
		return p.refuse(c, f, problems)
	}
	saved, everywhere, err := p.cfg.Desk.Save(ctx, edit)
	problems, wrong := errors.AsType[inventory.Problems](err)
	switch {
	case wrong:
		return p.refuse(c, f, problems)
	case errors.Is(err, inventory.ErrEdited):
		p.compare(ctx, f, edit)
		return p.render(c, http.StatusConflict, "admin_edit", f)
	case err != nil:
		f.Trouble = err.Error()
		return p.render(c, http.StatusServiceUnavailable, "admin_edit", f)
	}
	result := savedYes
	switch {
	case saved.Unchanged():
		result = savedSame
	case !everywhere:
		result = savedLate
	}
	return c.Redirect(http.StatusSeeOther, fmt.Sprintf("/admin/products/%s/edit?saved=%s", saved.SKU, result))
}

// refuse shows a form again with what is wrong, the problems among it.
func (p *Pages) refuse(c echo.Context, f *form, problems inventory.Problems) error {
	f.point(problems)
	f.Trouble = "Nothing was saved yet: something has to be put right first."
	return p.render(c, http.StatusUnprocessableEntity, "admin_edit", f)
}

// Pause and Resume stop and resume the selling of the product of the path's :sku, or of the whole
// shop where the path has none, and lead back to the list.
func (p *Pages) Pause(c echo.Context) error { return p.setPause(c, false) }

// Resume is described at Pause.
func (p *Pages) Resume(c echo.Context) error { return p.setPause(c, true) }

func (p *Pages) setPause(c echo.Context, resume bool) error {
	var id inventory.ProductID
	if sku := c.Param("sku"); sku != "" {
		product, ok := p.cfg.Catalog().All().ProductInAnyCase(sku)
		if !ok {
			return inventory.ErrNotFound
		}
		id = product.ID
	}
	if err := p.cfg.Desk.Pause(c.Request().Context(), id, resume); err != nil {
		page := p.viewList()
		page.Trouble = err.Error()
		return p.render(c, http.StatusServiceUnavailable, "admin_catalog", page)
	}
	return c.Redirect(http.StatusSeeOther, "/admin/products")
}

// compare prepares a form for being sent again over what another admin has saved.
func (p *Pages) compare(ctx context.Context, f *form, edit inventory.Edit) {
	f.Trouble = "Nothing was saved: somebody else has changed the product meanwhile."
	edit.Seen = ""
	would, err := p.cfg.Desk.Try(ctx, edit)
	if err != nil {
		f.Trouble += " Open the form again to see what it is now."
		return
	}
	f.Seen = would.Was
	f.Over = would.Changes
	if len(would.Changes) == 0 {
		f.Trouble += " It is now as you wrote it."
	}
}

func (p *Pages) render(c echo.Context, status int, name string, page any) error {
	var html bytes.Buffer
	if err := p.cfg.Templates.Page(&html, name, page); err != nil {
		return err
	}
	return c.HTMLBlob(status, html.Bytes())
}

func (p *Pages) imageURL(url string) string { return assets.ImageURL(url, p.cfg.Asset) }

// The address of a form says one of these of the last save.
const (
	savedYes  = "yes"
	savedSame = "same"
	savedLate = "late"
)

func doneWords(saved string) string {
	switch saved {
	case savedYes:
		return "Saved. All nodes show it."
	case savedSame:
		return "Nothing was changed: the product was so already."
	case savedLate:
		return "Saved. Some nodes do not show it yet: they will in a few seconds."
	}
	return ""
}
