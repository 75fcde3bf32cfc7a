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

	"github.com/labstack/echo/v4"

	"sneakers23/assets"
	"sneakers23/checkout"
	"sneakers23/inventory"
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
}

// Pages serves the shop's pages.
type Pages struct {
	shelf     shelf
	templates *templates.Set
	asset     func(name string) (string, error)
	sessions  *Sessions
	carts     *Carts

	home     kept[*prepared.Response]
	products keptByProduct[*prepared.Response]
	sizes    keptByProduct[[]byte]
	blocks   keptByProduct[[]byte]
}

// NewPages serves what is on the shelf. asset tells the URL of a built file by its source name.
func NewPages(
	s shelf, t *templates.Set, asset func(name string) (string, error), sessions *Sessions, carts *Carts,
) *Pages {
	return &Pages{shelf: s, templates: t, asset: asset, sessions: sessions, carts: carts}
}

// Home lists every product.
func (p *Pages) Home(c echo.Context) error {
	catalog := p.shelf.Catalog()
	if !catalog.Loaded() {
		return ErrNotOpen
	}
	if shown, err := p.serveOwn(c, func(o own) ([]byte, error) { return p.renderHome(catalog, o) }); shown {
		return err
	}
	page, ok := p.home.of(catalog.Shown())
	if !ok {
		var err error
		if page, err = p.home.renew(p.latestHome); err != nil {
			return err
		}
	}
	page.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (p *Pages) latestHome() (uint64, func() (*prepared.Response, error), error) {
	catalog := p.shelf.Catalog()
	return catalog.Shown(), func() (*prepared.Response, error) { return shared(p.renderHome(catalog, nobody)) }, nil
}

// Product shows the one product of the path's :sku.
func (p *Pages) Product(c echo.Context) error {
	catalog := p.shelf.Catalog()
	if !catalog.Loaded() {
		return ErrNotOpen
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
	page, ok := slot.of(product.Shown)
	if !ok {
		var err error
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

func (p *Pages) latestProduct(id inventory.ProductID) func() (uint64, func() (*prepared.Response, error), error) {
	return func() (uint64, func() (*prepared.Response, error), error) {
		product, ok := p.shelf.Catalog().Product(id)
		if !ok {
			return 0, nil, inventory.ErrNotFound
		}
		return product.Shown, func() (*prepared.Response, error) {
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
// its own page shows: what channels push as html. It is rendered once per [inventory.Product.Shown].
// Do not change the bytes.
func (p *Pages) ProductHTML(product *inventory.Product) ([]byte, error) {
	return p.fragment(&p.blocks, product, "product_push", func() any {
		return viewProduct(product, nobody.cart, p.imageURL)
	})
}

func (p *Pages) fragment(
	kept *keptByProduct[[]byte], product *inventory.Product, name string, view func() any,
) ([]byte, error) {
	slot := kept.slot(p.shelf.Catalog(), product.ID)
	if html, ok := slot.of(product.Shown); ok {
		return html, nil
	}
	return slot.renew(func() (uint64, func() ([]byte, error), error) {
		return product.Shown, func() ([]byte, error) {
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

// nobody is the visitor of the page that is the same for everyone.
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
	page := homePage{
		Layout: Layout{
			Title:       "Sneakers23",
			Description: "Sneakers with live stock: sizes open, run low and sell out in front of you.",
			Flash:       o.flash,
			Cart:        o.cart,
			OrderNumber: o.number,
		},
		Legend: legend,
	}
	for product := range catalog.Products() {
		page.Products = append(page.Products, viewProduct(product, o.cart, p.imageURL))
	}
	return p.render("home", page)
}

func (p *Pages) renderProduct(product *inventory.Product, o own) ([]byte, error) {
	return p.render("product", p.viewProductPage(product, o))
}

func (p *Pages) viewProductPage(product *inventory.Product, o own) productPage {
	return productPage{
		Layout: Layout{
			Title: product.Name + " · Sneakers23",
			Description: product.Brand + " " + product.Name + " in " + product.Color + ", " + product.Price.String() +
				".",
			Flash:       o.flash,
			Cart:        o.cart,
			OrderNumber: o.number,
		},
		Product: viewProduct(product, o.cart, p.imageURL),
		Legend:  legend,
		Story:   paragraphs(product.Story),
		Guide:   sizeGuide(product),
	}
}

// Preview shows a product to operators as shoppers will see it when it is live and released,
// whatever it is now. It must be guarded.
func (p *Pages) Preview(c echo.Context) error {
	catalog := p.shelf.Catalog()
	if !catalog.Loaded() {
		return ErrNotOpen
	}
	product, ok := catalog.All().ProductInAnyCase(c.Param("sku"))
	if !ok {
		return inventory.ErrNotFound
	}
	released := *product
	released.Released, released.ReleaseAt = true, nil
	page := p.viewProductPage(&released, nobody)
	page.Cart, page.Still, page.Preview = nil, true, true
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
