package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sneakers23/assets"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
	"sneakers23/web/admin/products"
	"sneakers23/web/prepared"
	"sneakers23/web/shop"
)

func (s *Server) routes(cfg Config) {
	s.get("/", s.pages.Home)
	s.get("/products/:sku", s.pages.Product)
	for _, slug := range storefront.Slugs {
		s.get("/"+string(slug), s.pages.Text(slug))
	}
	s.get(shop.SheetPath, s.pages.Sheet)
	if cfg.Images != nil {
		s.get(inventory.ImagePath+":name", cfg.Images.Show)
	}
	s.get("/session", private(s.pages.Session))
	s.form("/session", s.pages.MirrorSession)
	s.form("/cart/add", s.pages.AddToCart)
	s.form("/cart/remove", s.pages.RemoveFromCart)
	s.get("/cart/kept", private(s.pages.CartKept))
	if cfg.Checkout != nil {
		s.get("/checkout", private(cfg.Checkout.Show))
		s.form("/checkout/cart", cfg.Checkout.TakeCart)
		s.form("/checkout", cfg.Checkout.Buy)
		s.get("/checkout/complete", private(cfg.Checkout.Complete))
		s.get("/orders/:id", private(cfg.Checkout.Order))
	}
	s.get("/healthz", healthz)
	s.get("/readyz", s.readyz)
	s.get("/metrics", private(echo.WrapHandler(promhttp.HandlerFor(cfg.Metrics, promhttp.HandlerOpts{}))))
	s.get("/robots.txt", robots)
	if cfg.ProductSocket != nil {
		s.socket("/product_socket", cfg.ProductSocket)
	}
	if cfg.Admin != nil {
		s.get("/admin", private(cfg.Admin.Dashboard))
		s.get("/admin/devices", private(cfg.Admin.Devices))
		s.get("/admin/products/:sku", private(cfg.Admin.Guard(s.pages.Preview)))
	}
	if cfg.Admin != nil && cfg.Drops != nil {
		s.get("/admin/drops", private(cfg.Admin.Guard(cfg.Drops.Show)))
		s.form("/admin/drops", cfg.Admin.Guard(cfg.Drops.Plan))
		s.form("/admin/drops/:id", cfg.Admin.Guard(cfg.Drops.Change))
	}
	if cfg.Admin != nil && cfg.Products != nil {
		s.get("/admin/products", private(cfg.Admin.Guard(cfg.Products.List)))
		s.get("/admin/new-product", private(cfg.Admin.Guard(cfg.Products.New)))
		s.upload("/admin/new-product", cfg.Admin.Guard, cfg.Products.Create)
		s.form("/admin/pause", cfg.Admin.Guard(cfg.Products.Pause))
		s.form("/admin/resume", cfg.Admin.Guard(cfg.Products.Resume))
		s.form("/admin/products/:sku/pause", cfg.Admin.Guard(cfg.Products.Pause))
		s.form("/admin/products/:sku/resume", cfg.Admin.Guard(cfg.Products.Resume))
		s.get("/admin/products/:sku/edit", private(cfg.Admin.Guard(cfg.Products.Edit)))
		s.upload("/admin/products/:sku/edit", cfg.Admin.Guard, cfg.Products.Save)
	}
	if cfg.Admin != nil && cfg.Shopfront != nil {
		s.get("/admin/shop", private(cfg.Admin.Guard(cfg.Shopfront.Settings)))
		s.upload("/admin/shop", cfg.Admin.Guard, cfg.Shopfront.SaveSettings)
		s.get("/admin/shop/:slug", private(cfg.Admin.Guard(cfg.Shopfront.Page)))
		s.upload("/admin/shop/:slug", cfg.Admin.Guard, cfg.Shopfront.SavePage)
	}
	if cfg.AdminSocket != nil {
		s.socket("/admin_socket", cfg.AdminSocket)
	}
	if cfg.Feed != nil {
		s.get("/feed", upgrade(cfg.Feed))
	}
	s.assets(cfg.Assets)
}

// socket hangs up a server of sockets with its two transports. It bounds bodies and checks origins
// itself, and lets in those of other origins that it was told of.
func (s *Server) socket(path string, h http.Handler) {
	s.echo.GET(path+"/websocket", upgrade(h))
	s.echo.Match([]string{http.MethodGet, http.MethodPost, http.MethodOptions}, path+"/longpoll", echo.WrapHandler(h))
}

// upgrade hands over a request that may become a socket. A socket was answered with 101, which echo
// does not see.
func upgrade(h http.Handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		h.ServeHTTP(c.Response(), c.Request())
		if !c.Response().Committed {
			c.Response().Status = http.StatusSwitchingProtocols
		}
		return nil
	}
}

// get registers a page for GET, and for HEAD, which wants the same headers.
func (s *Server) get(path string, h echo.HandlerFunc) {
	s.echo.GET(path, h)
	s.echo.HEAD(path, h)
}

// form registers what is sent by a page of this site, and answered to one visitor.
func (s *Server) form(path string, h echo.HandlerFunc) {
	s.echo.POST(path, private(s.sameOrigin(s.maxBody, h)))
}

// uploadWithin is how long a form with photos may take to come and to be answered.
const uploadWithin = 5 * time.Minute

// upload registers a form with photos, which takes longer than others to come: not from strangers.
func (s *Server) upload(path string, guard func(echo.HandlerFunc) echo.HandlerFunc, h echo.HandlerFunc) {
	s.echo.POST(path, private(s.sameOrigin(products.MaxBody, guard(func(c echo.Context) error {
		control := http.NewResponseController(c.Response())
		end := time.Now().Add(uploadWithin)
		// An error means that the connection has no deadlines, as in a test.
		_, _ = control.SetReadDeadline(end), control.SetWriteDeadline(end)
		return h(c)
	}))))
}

// assets serves the built files. Under a hashed name a file never changes; under its plain name it
// is asked for again, which mostly costs a 304.
func (s *Server) assets(set *assets.Set) {
	files := make(map[string]*prepared.Response)
	for _, file := range set.Files() {
		caching := "public, no-cache"
		if file.Hashed {
			caching = "public, max-age=31536000, immutable"
		}
		files[file.URL] = prepared.New(file.Body, prepared.Options{ContentType: file.Type, CacheControl: caching})
		if file.URL == assets.Prefix+"images/favicon.svg" { // asked for where no page names it
			files["/favicon.ico"] = prepared.New(file.Body, prepared.Options{
				ContentType: file.Type, CacheControl: "public, max-age=86400",
			})
		}
	}
	serve := func(c echo.Context) error {
		file, ok := files[c.Request().URL.Path]
		if !ok {
			return echo.ErrNotFound
		}
		file.ServeHTTP(c.Response(), c.Request())
		return nil
	}
	s.get(assets.Prefix+"*", serve)
	s.get("/favicon.ico", serve)
}

// robotsText keeps robots from what is no page. Pages of carts and orders are not in it: they say
// noindex themselves, and a robot that must not look at them would not read that.
const robotsText = `User-agent: *
Disallow: /session
Disallow: /feed
Disallow: /product_socket/
Disallow: /admin_socket/
`

func robots(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "public, max-age=86400")
	return c.String(http.StatusOK, robotsText)
}

func healthz(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.String(http.StatusOK, "ok\n")
}
