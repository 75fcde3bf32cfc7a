// Package shop is what shoppers meet: the pages, and the channels that keep them true.
//
// Pages are rendered from the catalog in memory, never from the database. Visitors with neither a
// flash nor a cart all get the same bytes. The first request after a change that the page shows
// renders them; they are served as ready bytes until the next such change. Nothing here starts a
// goroutine.
package shop

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/assets"
	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
	"sneakers23/templates"
	"sneakers23/web/prepared"
)

var (
	// ErrNotOpen says that the catalog has not been read from the database yet.
	ErrNotOpen = errors.New("shop: not open yet")
	// ErrArchived says that a product has left the shop.
	ErrArchived = errors.New("shop: the product is archived")
)

// shelf is all that the pages need of the inventory.
type shelf interface {
	Catalog() *inventory.Catalog
	ShopTime() time.Time
}

// Pages serves the shop's pages.
type Pages struct {
	shelf     shelf
	front     front
	templates *templates.Set
	asset     func(name string) (string, error)
	sessions  *Sessions
	carts     *Carts

	home     kept[*prepared.Response]
	products keptByProduct[*prepared.Response]
	sizes    keptByProduct[[]byte]
	blocks   keptByProduct[[]byte]
	texts    map[storefront.Slug]*kept[*prepared.Response] // one for each slug
}

// PagesConfig is what Pages are made of. All of it must be set.
type PagesConfig struct {
	Shelf     shelf
	Front     front
	Templates *templates.Set
	Asset     func(name string) (string, error) // the URL of a built file by its source name
	Sessions  *Sessions
	Carts     *Carts
}

// NewPages serves what is on the shelf, as the front says that the shop looks.
func NewPages(cfg PagesConfig) *Pages {
	p := &Pages{
		shelf: cfg.Shelf, front: cfg.Front, templates: cfg.Templates, asset: cfg.Asset, sessions: cfg.Sessions,
		carts: cfg.Carts,
		texts: make(map[storefront.Slug]*kept[*prepared.Response]),
	}
	for _, slug := range storefront.Slugs {
		p.texts[slug] = new(kept[*prepared.Response])
	}
	return p
}

// catalog returns what there is. The error is ErrNotOpen before all that pages show is read.
func (p *Pages) catalog() (*inventory.Catalog, error) {
	catalog := p.shelf.Catalog()
	if !catalog.Loaded() || !p.front.Look().Loaded() {
		return nil, ErrNotOpen
	}
	return catalog, nil
}

// Home lists every product.
func (p *Pages) Home(c echo.Context) error {
	catalog, err := p.catalog()
	if err != nil {
		return err
	}
	if shown, err := p.serveOwn(c, func(o own) ([]byte, error) { return p.renderHome(catalog, o) }); shown {
		return err
	}
	page, ok := p.home.of(version{catalog.Shown(), p.front.Look().Shown()})
	if !ok {
		if page, err = p.home.renew(p.latestHome); err != nil {
			return err
		}
	}
	page.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (p *Pages) latestHome() (version, func() (*prepared.Response, error), error) {
	catalog, look := p.shelf.Catalog(), p.front.Look()
	return version{catalog.Shown(), look.Shown()}, func() (*prepared.Response,
		error) {
		return shared(p.renderHome(catalog, nobody))
	}, nil
}

// Product shows the one product of the path's :sku.
func (p *Pages) Product(c echo.Context) error {
	catalog, err := p.catalog()
	if err != nil {
		return err
	}
	product, ok := catalog.ProductInAnyCase(c.Param("sku"))
	if !ok {
		if left, ok := catalog.All().ProductInAnyCase(c.Param("sku")); ok && left.State == inventory.Archived {
			return ErrArchived
		}
		return inventory.ErrNotFound
	}
	if product.SKU != c.Param("sku") {
		return redirectTo(c, product)
	}
	if shown, err := p.serveOwn(c, func(o own) ([]byte, error) { return p.renderProduct(product, o) }); shown {
		return err
	}
	slot := p.products.slot(catalog, product.ID)
	page, ok := slot.of(version{product.Shown, p.front.Look().Shown()})
	if !ok {
		if page, err = slot.renew(p.latestProduct(product.ID)); err != nil {
			return err
		}
	}
	page.ServeHTTP(c.Response(), c.Request())
	return nil
}

// redirectTo leads to the product's page by the right spelling of its SKU. The spelling that was
// asked for may become another product's, so the answer is not stored.
func redirectTo(c echo.Context, product *inventory.Product) error {
	to := url.URL{Path: "/products/" + product.SKU, RawQuery: c.Request().URL.RawQuery}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusFound, to.String())
}

func (p *Pages) latestProduct(id inventory.ProductID) func() (version, func() (*prepared.Response, error), error) {
	return func() (version, func() (*prepared.Response, error), error) {
		product, ok := p.shelf.Catalog().Product(id)
		if !ok {
			return version{}, nil, inventory.ErrNotFound
		}
		return version{product.Shown, p.front.Look().Shown()}, func() (*prepared.Response, error) {
			return shared(p.renderProduct(product, nobody))
		}, nil
	}
}

// SizesHTML is the form of the product's sizes, the very bytes that its pages show: what channels
// push as size_html. It is rendered once per [inventory.Product.Shown]. Do not change the bytes.
func (p *Pages) SizesHTML(product *inventory.Product) ([]byte, error) {
	return p.fragment(&p.sizes, product, "sizes", func() any { return viewSizes(product, nobody.cart) })
}

// ProductHTML is the product's block as the first page shows it, and behind it the images that only
// its own page shows: what channels push as html. It is rendered once per
// [inventory.Product.Shown]. Do not change the bytes.
func (p *Pages) ProductHTML(product *inventory.Product) ([]byte, error) {
	return p.fragment(&p.blocks, product, "product_push", func() any {
		return p.viewProduct(product, nobody.cart)
	})
}

func (p *Pages) fragment(
	kept *keptByProduct[[]byte], product *inventory.Product, name string, view func() any,
) ([]byte, error) {
	slot := kept.slot(p.shelf.Catalog(), product.ID)
	v := version{product.Shown, p.front.Look().Shown()}
	if html, ok := slot.of(v); ok {
		return html, nil
	}
	return slot.renew(func() (version, func() ([]byte, error), error) {
		return v, func() ([]byte, error) {
			var html bytes.Buffer
			err := p.templates.Fragment(&html, name, view())
			return html.Bytes(), err
		}, nil
	})
}

// own is what a visitor has in a page that others have not.
type own struct {
	flash  *Flash
	cart   *cartView
	number checkout.OrderNumber // of the last order, "" for none
}

// nobody is the visitor of a page that is the same for all.
var nobody = own{cart: new(cartView)}

// serveOwn serves visitors who get a page of their own: those with a cart, and those with a flash,
// which is gone after that. The page must not be stored. It reports whether it served.
func (p *Pages) serveOwn(c echo.Context, render func(own) ([]byte, error)) (bool, error) {
	r := c.Request()
	if r.Method != http.MethodGet || !p.sessions.carried(r) {
		return false, nil
	}
	sess := p.sessions.load(r)
	cart, _ := p.cartOf(r, sess)
	if cart.Empty() && sess.flash() == nil {
		return false, nil
	}
	return true, p.serveAlone(c, sess, cart, render)
}

// serveAlone renders a page with what only this visitor has, and takes the flash away.
func (p *Pages) serveAlone(c echo.Context, sess session, cart checkout.Cart, render func(own) ([]byte, error)) error {
	flash := sess.flash().over(cart, p.shelf.Catalog())
	html, err := render(own{flash, p.viewCart(cart, sess.cartID()), p.sessions.orderNumber(c.Request())})
	if err != nil {
		return err
	}
	if flash != nil && c.Request().Method == http.MethodGet {
		sess.setFlash(nil)
		if err := p.sessions.save(c.Response(), c.Request(), sess); err != nil {
			return err
		}
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(http.StatusOK, html)
}

// shared makes the response for all visitors without a page of their own.
func shared(html []byte, err error) (*prepared.Response, error) {
	if err != nil {
		return nil, err
	}
	return prepared.New(html, prepared.Options{
		ContentType:  echo.MIMETextHTMLCharsetUTF8,
		CacheControl: "private, no-cache",
		Vary:         "Cookie",
	}), nil
}

func (p *Pages) renderHome(catalog *inventory.Catalog, o own) ([]byte, error) {
	page := p.viewHome(catalog, o.cart)
	page.Layout = p.frameFor(o, "", "Sneakers with live stock: sizes open, run low and sell out in front of you.")
	page.Social = p.social("website", page.Title, page.Description, "/", nil)
	return p.render("home", page)
}

func (p *Pages) renderProduct(product *inventory.Product, o own) ([]byte, error) {
	return p.render("product", p.viewProductPage(product, o))
}

func (p *Pages) viewProductPage(product *inventory.Product, o own) productPage {
	view := p.viewProduct(product, o.cart)
	page := productPage{
		Layout: p.frameFor(o, product.Name,
			product.Brand+" "+product.Name+" in "+product.Color+", "+product.Price.String()+"."),
		Product: view,
		Legend:  legend,
		Story:   paragraphs(product.Story),
		Guide:   sizeGuide(product),
		Service: viewService(p.front.Look()),
		Linked:  p.linked(product, append([]artView{view.Art}, view.Photos...)),
	}
	page.Social = p.social("product", product.Name, page.Description, "/products/"+product.SKU, &view.Art)
	_, page.Social.Available = availability(product)
	page.Social.Price = product.Price.Plain()
	return page
}

// viewProduct is a product as the pages show it.
func (p *Pages) viewProduct(product *inventory.Product, cart *cartView) productView {
	return viewProduct(product, cart, p.imageURL, p.front.Look().Location())
}

// Preview shows a product to operators as shoppers will see it when it is live and released,
// whatever it is now. It must be guarded.
func (p *Pages) Preview(c echo.Context) error {
	catalog, err := p.catalog()
	if err != nil {
		return err
	}
	product, ok := catalog.All().ProductInAnyCase(c.Param("sku"))
	if !ok {
		return inventory.ErrNotFound
	}
	released := *product
	released.Released, released.ReleaseAt = true, nil
	page := p.viewProductPage(&released, nobody)
	page.Cart, page.Still, page.Preview, page.Social = nil, true, true, nil
	page.Flash = &Flash{Kind: "info", Message: previewWords(product)}
	html, err := p.render("product", page)
	if err != nil {
		return err
	}
	return c.HTMLBlob(http.StatusOK, html)
}

// previewWords say what a preview shows, and what shoppers see now.
func previewWords(p *inventory.Product) string {
	const preview = "This is a preview: "
	switch {
	case p.State == inventory.Draft:
		return preview + "the product is a draft, and shoppers do not see it yet."
	case p.State == inventory.Archived:
		return preview + "the product is archived, and shoppers do not see it any more."
	case p.Released:
		return preview + "the product is live and released."
	}
	return preview + "the product is live, and shoppers see “coming soon...” in place of its sizes."
}

func (p *Pages) render(name string, page any) ([]byte, error) {
	var html bytes.Buffer
	if err := p.templates.Page(&html, name, page); err != nil {
		return nil, err
	}
	return html.Bytes(), nil
}

// imageURL gives the address of an image, see [assets.ImageURL].
func (p *Pages) imageURL(url string) string { return assets.ImageURL(url, p.asset) }
