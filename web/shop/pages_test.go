package shop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/replication/pubsub"
	"sneakers23/templates"
	"sneakers23/web/webtest"
)

func address(name string) (string, error) {
	if name == "images/gone.svg" {
		return "", errors.New("no such file")
	}
	return "/assets/hashed/" + name, nil
}

func newPages(t testing.TB, s shelf) *Pages {
	t.Helper()
	return newPagesWith(t, s, newCarts(t, pubsub.New(), 10))
}

func newPagesWith(t testing.TB, s shelf, carts *Carts) *Pages {
	t.Helper()
	set, err := templates.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := NewSessions([]string{"secret"}, schemeOf)
	if err != nil {
		t.Fatal(err)
	}
	return NewPages(PagesConfig{
		Shelf: s, Front: webtest.NewFront(), Templates: set, Asset: address, Sessions: sessions, Carts: carts,
	})
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// visit asks a handler for a page, and fails the test unless it is there.
func visit(t testing.TB, handler echo.HandlerFunc, sku string, cookies ...*http.Cookie) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("sku")
	c.SetParamValues(sku)
	if err := handler(c); err != nil {
		t.Fatal(err)
	}
	return w.Result()
}

func body(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestProductInAnotherSpelling leads to the page of the right spelling, with the query.
func TestProductInAnotherSpelling(t *testing.T) {
	t.Parallel()
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	for sku, want := range map[string]string{
		"shu6000": "/products/SHU6000?from=mail", "Shu6100": "/products/SHU6100?from=mail", "SHU6000": "", "shu": "",
	} {
		w := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequest("GET", "/products/"+sku+"?from=mail", nil), w)
		c.SetParamNames("sku")
		c.SetParamValues(sku)
		err := pages.Product(c)
		if (sku == "shu") != errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("%s: got %v", sku, err)
		}
		res := w.Result()
		if got := res.Header.Get("Location"); got != want ||
			want != "" && (res.StatusCode != 302 || res.Header.Get("Cache-Control") != "no-store") {
			t.Errorf("%s leads to %q with status %d, want %q", sku, got, res.StatusCode, want)
		}
	}
}

func TestGolden(t *testing.T) {
	rows := webtest.Rows()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.FixedZone("", 2*60*60))
	rows.Products = append(rows.Products, inventory.ProductRow{
		ID: 3, SKU: "SHU6200", Order: 3, Brand: "Gäst & Co", Name: "<Later>", Color: "grey", Price: 9900,
		MainImageURL: "/assets/images/gone.svg", ReleaseAt: &due, Revision: 1,
	})
	rows.Products = append(rows.Products, inventory.ProductRow{
		ID: 4, SKU: "VOLT", Order: 4, Brand: "Asler", Name: "Volt", Color: "volt", Price: 9950, Released: true,
		Revision: 1, Story: "<b>One</b>\nline.\n\nTwo.",
	})
	photo := func(name string, widths ...int) inventory.Image {
		image := inventory.Image{Picture: name, Alt: "Volt, " + name + " <in the rain>"}
		for _, w := range widths {
			image.Renditions = append(image.Renditions, picture.Rendition{
				Name: fmt.Sprintf("%s%d.jpg", name, w), Width: w, Height: w / 2,
			})
		}
		return image
	}
	rows.Products = append(rows.Products, inventory.ProductRow{
		ID: 5, SKU: "SHOT", Order: 5, Brand: "Asler", Name: "Shot", Color: "white", Price: 9950, Revision: 1,
		MainImageURL: "/assets/images/gone.svg",
		Images:       []inventory.Image{photo("side", 480, 960, 1600), photo("sole", 300), photo("back", 480, 700)},
	})
	rows.Items = append(rows.Items,
		inventory.ItemRow{
			ID: 41, ProductID: 4, SKU: "VOLT-9", Size: "9", EU: "42.5", CM: "27", Available: 9, Revision: 1,
		},
		inventory.ItemRow{ID: 42, ProductID: 4, SKU: "VOLT-10", Size: "10", UK: "9", Available: 9, Revision: 1})
	shelf := webtest.NewShelf(rows)
	pages := newPages(t, shelf)
	catalog := shelf.Catalog()
	flash := &Flash{Kind: "error", Message: "<Sold out>"}

	item3, _, _ := catalog.Item(3)
	cart := cartWith(t, catalog, 2, 5)
	filled := pages.viewCart(cart, "")
	filled.Serialized = "TOKEN"

	tests := map[string]func() ([]byte, error){
		"home.html": func() ([]byte, error) { return pages.renderHome(catalog, nobody) },
		"home_empty.html": func() ([]byte, error) {
			return pages.renderHome(inventory.NewCatalog(inventory.Rows{}, inventory.DefaultThresholds), own{
				flash: flash, cart: new(cartView),
			})
		},
		"product_released.html": func() ([]byte, error) { return pages.renderProduct(product(t, catalog, 1), nobody) },
		"product_soon.html":     func() ([]byte, error) { return pages.renderProduct(product(t, catalog, 2), nobody) },
		"product_due.html": func() ([]byte, error) {
			return pages.renderProduct(product(t, catalog, 3), own{flash: flash, cart: new(cartView)})
		},
		"product_cart.html": func() ([]byte, error) {
			return pages.renderProduct(product(t, catalog, 2), own{
				flash: offerSwap(catalog, checkout.Line{Item: 2}, item3, product(t, catalog, 1)), cart: filled,
			})
		},
		"product_story.html":  func() ([]byte, error) { return pages.renderProduct(product(t, catalog, 4), nobody) },
		"product_photos.html": func() ([]byte, error) { return pages.renderProduct(product(t, catalog, 5), nobody) },
		"_push.html":          func() ([]byte, error) { return pages.ProductHTML(product(t, catalog, 5)) },
		"_sizes.html":         func() ([]byte, error) { return pages.SizesHTML(product(t, catalog, 1)) },
	}
	for name, render := range tests {
		t.Run(name, func(t *testing.T) {
			html, err := render()
			if err != nil {
				t.Fatal(err)
			}
			webtest.Golden(t, name, html)
		})
	}
}

// cartWith is a cart with these items of the catalog.
func cartWith(t testing.TB, catalog *inventory.Catalog, items ...inventory.ItemID) (cart checkout.Cart) {
	t.Helper()
	for _, id := range items {
		var err error
		if cart, err = addTo(cart, catalog, id, false, checkout.NewActor(), checkout.MostLines); err != nil {
			t.Fatal(err)
		}
	}
	return cart
}

func product(t testing.TB, c *inventory.Catalog, id inventory.ProductID) *inventory.Product {
	t.Helper()
	p, ok := c.Product(id)
	if !ok {
		t.Fatalf("no product %d", id)
	}
	return p
}

// The fragment that channels push is, byte for byte, a part of the page.
func TestSizesAreWhatThePageShows(t *testing.T) {
	shelf := webtest.NewShelf(webtest.Rows())
	pages := newPages(t, shelf)
	html, err := pages.SizesHTML(product(t, shelf.Catalog(), 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{
		"home":    body(t, visit(t, pages.Home, "")),
		"product": body(t, visit(t, pages.Product, "SHU6000")),
	} {
		if !strings.Contains(page, string(html)) {
			t.Errorf("%s does not hold the fragment", name)
		}
	}
}

// A sale that changes no level changes no byte, and nothing is rendered for it; a sale that does is
// shown.
func TestPagesAreRenderedPerShownChange(t *testing.T) {
	rows := webtest.Rows()
	shelf := webtest.NewShelf(rows)
	pages := newPages(t, shelf)
	first := visit(t, pages.Product, "SHU6000")
	home := body(t, visit(t, pages.Home, ""))
	slot := pages.products.slot(shelf.Catalog(), 1)
	rendered, renderedHome := slot.newest.Load(), pages.home.newest.Load()

	rows.Items[1].Available-- // 148 is low, as 149
	shelf.Put(rows)
	second := visit(t, pages.Product, "SHU6000")
	if body(t, first) != body(t, second) || first.Header.Get("Etag") != second.Header.Get("Etag") {
		t.Error("a sale within a level changed the page")
	}
	if body(t, visit(t, pages.Home, "")) != home {
		t.Error("a sale within a level changed the home page")
	}
	if slot.newest.Load() != rendered || pages.home.newest.Load() != renderedHome {
		t.Error("a page was rendered for a change that it does not show")
	}

	rows.Items[1].Available = 0
	shelf.Put(rows)
	product(t, shelf.Catalog(), 1).Shown += 100 // as the server does for a change that is seen
	third := visit(t, pages.Product, "SHU6000")
	if !strings.Contains(body(t, third), `aria-label="Size 9.5, sold out" disabled`) {
		t.Error("the page does not show that a size sold out")
	}
	if first.Header.Get("Etag") == third.Header.Get("Etag") {
		t.Error("two different pages have the same tag")
	}

	rows.Products = append(rows.Products, inventory.ProductRow{
		ID: 3, SKU: "SHU6200", Order: 3, Name: "New", Revision: 1,
	})
	shelf.Put(rows)
	if !strings.Contains(body(t, visit(t, pages.Home, "")), `data-product-id="3"`) {
		t.Error("the home page does not show a new product")
	}
}

func TestSharedPageHeaders(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	res := visit(t, pages.Home, "")
	for name, want := range map[string]string{
		"Content-Type":  "text/html; charset=UTF-8",
		"Cache-Control": "private, no-cache",
		"Vary":          "Cookie, Accept-Encoding",
		"Set-Cookie":    "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestUnknownProductAndClosedShop(t *testing.T) {
	shelf := webtest.NewShelf(webtest.Rows())
	pages := newPages(t, shelf)
	c := echo.New().NewContext(httptest.NewRequest("GET", "/", nil), httptest.NewRecorder())
	if err := pages.Product(c); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if len(pages.products.slots) != 0 {
		t.Error("an unknown product is kept")
	}
	shelf.Close()
	for _, handler := range []echo.HandlerFunc{pages.Home, pages.Product} {
		if err := handler(c); !errors.Is(err, ErrNotOpen) {
			t.Errorf("got %v, want ErrNotOpen", err)
		}
	}
}

// Many visitors come while stock changes: none sees less than was on the shelf when they asked.
func TestVisitorsNeverSeeThePast(t *testing.T) {
	const visitors, changes = 8, 200
	rows := webtest.Rows()
	shelf := webtest.NewShelf(rows)
	pages := newPages(t, shelf)
	put := func(step int) {
		rows.Products[0].Color = strings.Repeat("x", step)
		shelf.PutShown(rows, uint64(step))
	}
	put(1)
	var all sync.WaitGroup
	for range visitors {
		all.Go(func() {
			for {
				before := len(product(t, shelf.Catalog(), 1).Color)
				page := body(t, visit(t, pages.Product, "SHU6000"))
				_, after, _ := strings.Cut(page, `product-listing__color">`)
				color, _, _ := strings.Cut(after, "<")
				if len(color) < before {
					t.Errorf("saw step %d, but %d was on the shelf before", len(color), before)
				}
				if before == changes {
					return
				}
			}
		})
	}
	for step := range changes {
		put(step + 1)
	}
	all.Wait()
}

func TestSoldOutInEverySize(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	for i := range rows.Items {
		rows.Items[i].Available = 0
	}
	pages := newPages(t, webtest.NewShelf(rows))
	const gone = "data-sold-out>Sold out in every size"
	newShopper(t).wants(body(t, visit(t, pages.Product, "SHU6000")), gone)
	// what is not released is not sold out
	newShopper(t).wants(body(t, visit(t, pages.Product, "SHU6100")), "product-soon", gone)
}

// A product without sizes says so.
func TestNoSizesYet(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	rows.Items = nil
	pages := newPages(t, webtest.NewShelf(rows))
	newShopper(t).wants(body(t, visit(t, pages.Product, "SHU6000")),
		`<p class="product-stock__heading">No sizes yet <strong`, "US sizes")
}

// A name with a long word is written smaller, so that the word fits.
func TestLongWords(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	rows.Products[0].Name = "Transcontinental Runner"
	pages := newPages(t, webtest.NewShelf(rows))
	newShopper(t).wants(body(t, visit(t, pages.Product, "SHU6000")),
		`<h1 class="product-listing__name product-listing__name--long">`)
	newShopper(t).wants(body(t, visit(t, pages.Product, "SHU6100")), `<h1 class="product-listing__name">`)
}
