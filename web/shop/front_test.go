package shop

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
	"sneakers23/replication/pubsub"
	"sneakers23/templates"
	"sneakers23/web/webtest"
)

// evil is a text that means harm wherever a page puts it.
const evil = `</script><script>alert(1)</script><!--"'&`

// volt is a shop with settings and pages of its own.
func volt(shown uint64) *storefront.Look {
	return storefront.NewLook(shown, storefront.Settings{
		Name: "Volt <23>", Zone: "Europe/Berlin", URL: "https://volt.example", Accent: "#0b6b3a",
		Shipping: "Ships <b>fast</b>.", Returns: "30 days.",
	}, storefront.Page{Slug: "help", Title: "Help <us>", Body: "Ask **us** <script>alert(1)</script>.\n\n# More"},
		storefront.Page{Slug: "returns", Title: "Returns", Body: "Free."})
}

func newFrontPages(t testing.TB, s shelf, f front) *Pages {
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
		Shelf: s, Front: f, Templates: set, Asset: address, Sessions: sessions, Carts: newCarts(t, pubsub.New(), 10),
	})
}

func bodyOf(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestGoldenFront(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC)
	rows.Products[1].ReleaseAt = &due
	f := webtest.NewFront()
	f.Put(volt(2))
	pages := newFrontPages(t, webtest.NewShelf(rows), f)
	catalog := pages.shelf.Catalog()
	help, _ := f.Look().Page("help")
	for name, render := range map[string]func() ([]byte, error){
		"front_home.html":    func() ([]byte, error) { return pages.renderHome(catalog, nobody) },
		"front_product.html": func() ([]byte, error) { return pages.renderProduct(product(t, catalog, 2), nobody) },
		"front_help.html":    func() ([]byte, error) { return pages.renderText(help.Page, nobody) },
	} {
		html, err := render()
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { webtest.Golden(t, name, html) })
	}
}

// TestPagesFollowSettings holds that settings and pages of text show with the next request, that
// all visitors get the same bytes until then, and that a page which was removed is gone.
func TestPagesFollowSettings(t *testing.T) {
	t.Parallel()
	f := webtest.NewFront()
	pages := newFrontPages(t, webtest.NewShelf(webtest.Rows()), f)
	first := visit(t, pages.Home, "")
	if again := visit(t, pages.Home, ""); again.Header.Get("Etag") != first.Header.Get("Etag") {
		t.Error("the first page has other bytes for another visitor")
	}
	if page := bodyOf(t, first); strings.Contains(page, "shop-1-") ||
		!strings.Contains(page, `Sneakers<span class="wordmark__number">23</span>`) {
		t.Errorf("a shop that nobody has set:\n%s", page)
	}
	text := pages.Text("help")
	if err := text(echo.New().NewContext(httptest.NewRequest("GET", "/help", nil),
		httptest.NewRecorder())); err != ErrNoText {
		t.Errorf("a page that there is not: %v", err)
	}
	f.Put(volt(2))
	for name, page := range map[string]string{
		"home": bodyOf(t, visit(t, pages.Home, "")), "product": bodyOf(t, visit(t, pages.Product, "SHU6000")),
		"help": bodyOf(t, visit(t, text, "")),
	} {
		for _, want := range []string{
			"Volt &lt;23&gt;", `href="/shop-1-0b6b3a-`, `<a href="/help">Help &lt;us&gt;</a>`,
			`<a href="/returns">Returns</a>`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
		if strings.Contains(page, `href="/imprint"`) || strings.Contains(page, "<script>alert") {
			t.Errorf("%s:\n%s", name, page)
		}
	}
	help := visit(t, text, "")
	if cached := help.Header.Get("Cache-Control"); cached != "private, no-cache" || help.Header.Get("Etag") == "" {
		t.Errorf("a page of text is cached as %q", cached)
	}
	f.Put(storefront.NewLook(3, storefront.Settings{Name: "Volt"}))
	if err := text(echo.New().NewContext(httptest.NewRequest("GET", "/help", nil),
		httptest.NewRecorder())); err != ErrNoText {
		t.Errorf("a page that was removed: %v", err)
	}
}

// TestNotRead holds that no page shows defaults before the settings are read.
func TestNotRead(t *testing.T) {
	t.Parallel()
	f := webtest.NewFront()
	f.Put(new(storefront.Look))
	pages := newFrontPages(t, webtest.NewShelf(webtest.Rows()), f)
	for name, handler := range map[string]echo.HandlerFunc{"home": pages.Home, "product": pages.Product,
		"help": pages.Text("help")} {
		if err := handler(echo.New().NewContext(httptest.NewRequest("GET", "/", nil),
			httptest.NewRecorder())); err != ErrNotOpen {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTimesAreInTheShopsZone holds it for pages, also for those without a script.
func TestTimesAreInTheShopsZone(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC)
	rows.Products[1].ReleaseAt = &due
	f := webtest.NewFront()
	pages := newFrontPages(t, webtest.NewShelf(rows), f)
	p := product(t, pages.shelf.Catalog(), 2)
	for _, tt := range []struct {
		look *storefront.Look
		want string
	}{
		{f.Look(), `datetime="2031-05-02T20:00:00Z" data-countdown>2 May 2031, 20:00 UTC<`},
		{volt(2), `datetime="2031-05-02T20:00:00Z" data-countdown>2 May 2031, 22:00 CEST<`},
	} {
		f.Put(tt.look)
		html, err := pages.ProductHTML(p)
		if err != nil || !strings.Contains(string(html), tt.want) {
			t.Errorf("no %q in %s, %v", tt.want, html, err)
		}
	}
}

// TestHomeShelves puts each product where it belongs, once.
func TestHomeShelves(t *testing.T) {
	t.Parallel()
	soonest := time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC)
	later := soonest.Add(time.Hour)
	row := func(id inventory.ProductID, released bool, at *time.Time) inventory.ProductRow {
		return inventory.ProductRow{ID: id, SKU: "P" + string(rune('0'+id)), Order: int(id), Released: released,
			ReleaseAt: at, Revision: 1}
	}
	item := func(id inventory.ProductID, left int) inventory.ItemRow {
		return inventory.ItemRow{ID: inventory.ItemID(id), ProductID: id, SKU: "I" + string(rune('0'+id)),
			Size: "9", Available: left, Revision: 1}
	}
	all := inventory.Rows{
		Products: []inventory.ProductRow{
			row(1, true, nil), row(2, true, nil), row(3, false, nil), row(4, false, &later), row(5, false,
				&soonest), row(6, true, nil),
		},
		Items: []inventory.ItemRow{item(1, 10), item(2, 0), item(3, 10), item(4, 10), item(5, 10)},
	}
	only := func(ids ...inventory.ProductID) (rows inventory.Rows) {
		for _, p := range all.Products {
			if slices.Contains(ids, p.ID) {
				rows.Products = append(rows.Products, p)
			}
		}
		for _, it := range all.Items {
			if slices.Contains(ids, it.ProductID) {
				rows.Items = append(rows.Items, it)
			}
		}
		return rows
	}
	for name, tt := range map[string]struct {
		rows inventory.Rows
		want string
	}{
		"all":          {all, "next 5, on-now 1 6, coming-soon 3 4, sold-out 2"},
		"nothing":      {only(), "resting"},
		"sold out":     {only(2), "resting, sold-out 2"},
		"coming":       {only(2, 3), "resting, coming-soon 3, sold-out 2"},
		"next alone":   {only(4), "next 4"},
		"no schedule":  {only(1, 3), "on-now 1, coming-soon 3"},
		"without size": {only(6), "on-now 6"},
	} {
		pages := newFrontPages(t, webtest.NewShelf(tt.rows), webtest.NewFront())
		page := pages.viewHome(pages.shelf.Catalog(), new(cartView))
		var got []string
		if page.Resting {
			got = append(got, "resting")
		}
		if page.Next != nil {
			got = append(got, "next "+strings.TrimPrefix(page.Next.SKU, "P"))
		}
		for _, section := range page.Sections {
			words := section.ID
			for _, p := range section.Products {
				words += " " + strings.TrimPrefix(p.SKU, "P")
			}
			got = append(got, words)
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestLegendIsOnEveryHome holds that the script finds the words for levels on each first page that
// may come to show sizes, once.
func TestLegendIsOnEveryHome(t *testing.T) {
	t.Parallel()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC)
	for name, change := range map[string]func(*inventory.Rows){
		"one on": func(*inventory.Rows) {},
		"next alone": func(r *inventory.Rows) {
			r.Products = r.Products[1:]
			r.Products[0].ReleaseAt = &due
		},
		"sold out": func(r *inventory.Rows) {
			r.Products = r.Products[:1]
			for i := range r.Items {
				r.Items[i].Available = 0
			}
		},
	} {
		rows := webtest.Rows()
		change(&rows)
		pages := newFrontPages(t, webtest.NewShelf(rows), webtest.NewFront())
		html, err := pages.renderHome(pages.shelf.Catalog(), nobody)
		if n := strings.Count(string(html), `data-level="low"`); err != nil || n != 1 {
			t.Errorf("%s: %d legends, %v", name, n, err)
		}
	}
}

var linkedScript = regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)

func TestSheet(t *testing.T) {
	t.Parallel()
	pages := newFrontPages(t, webtest.NewShelf(webtest.Rows()), webtest.NewFront())
	own := SheetOf(volt(2).Settings().Settings)
	for path, want := range map[string]string{
		own:                                     ":root{--color-accent:#0b6b3a;--color-on-accent:#ffffff}\n@media (prefers-color-scheme:dark){:root{--color-accent:",
		"/shop-1-c9330d-ff7c57.css":             "--color-accent:#c9330d",
		"/shop-1-ffff00-ff7c57.css":             "",
		"/shop-1-c9330d-000000.css":             "",
		"/shop-1-c9330d.css":                    "",
		"/shop-1-C9330D-FF7C57.css":             "",
		"/shop-1-c9330d-ff7c57.css;x":           "",
		"/shop-1-c9330d;}body{-ff7c57.css":      "",
		"/shop-1-c9330d-ff7c57.css\n.html":      "",
		"/shop-1-" + strings.Repeat("a", 1<<16): "",
	} {
		w := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequest("GET", "/", nil), w)
		c.SetParamNames("colors")
		c.SetParamValues(strings.TrimPrefix(path, "/shop-1-"))
		err := pages.Sheet(c)
		if want == "" {
			if err == nil {
				t.Errorf("%.40s is found: %s", path, w.Body)
			}
			continue
		}
		if err != nil || !strings.Contains(w.Body.String(), want) ||
			w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
			!strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v, %v, %s", path, err, w.Header(), w.Body)
		}
	}
}

func TestBrand(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]brandView{
		"Sneakers23":      {Word: "Sneakers", Number: "23"},
		"Volt":            {Word: "Volt"},
		"1899":            {Word: "1899"},
		"Kicks 4 U":       {Word: "Kicks 4 U"},
		"Straße 9":        {Word: "Straße ", Number: "9"},
		"Fifteen letters": {Word: "Fifteen letters", Long: true},
	} {
		want.Name = name
		if got := viewBrand(storefront.Settings{Name: name}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	logo := &storefront.Logo{Picture: "p", Renditions: []picture.Rendition{{Name: "a.png", Width: 360, Height: 120}}}
	got := viewBrand(storefront.Settings{Name: "Volt", Logo: logo})
	if got.Logo == nil || got.Logo.Src != "/images/a.png" || got.Logo.Alt != "Volt" || got.Logo.Height != 120 {
		t.Errorf("logo %+v", got.Logo)
	}
}

// TestTextThatIsTooMuch shows a text as it is that could not be written through the shop.
func TestTextThatIsTooMuch(t *testing.T) {
	t.Parallel()
	pages := newFrontPages(t, webtest.NewShelf(webtest.Rows()), webtest.NewFront())
	html, err := pages.renderText(storefront.Page{Slug: "help", Title: "Help",
		Body: strings.Repeat(">", 200) + evil}, nobody)
	if err != nil || !strings.Contains(string(html), "<pre>&gt;") || strings.Contains(string(html), "<script>alert") {
		t.Errorf("%v\n%s", err, html)
	}
}
