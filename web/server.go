// Package web is the HTTP server of the shop: routes, middleware, the one table from errors to
// statuses, health. The content lives in its wings, web/shop and web/admin; web only mounts them.
//
// A [Server] is a handler. It opens no listener and starts no goroutine: its caller serves and
// stops it, and a hijacked socket belongs to the handler that hijacked it.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"sneakers23/assets"
	"sneakers23/templates"
	"sneakers23/web/admin"
	"sneakers23/web/admin/drops"
	"sneakers23/web/admin/products"
	"sneakers23/web/admin/shopfront"
	"sneakers23/web/forwarded"
	"sneakers23/web/images"
	"sneakers23/web/origin"
	"sneakers23/web/shop"
)

// Config is what a Server is made of. Log, Pages, Templates, Assets and Metrics must be there.
type Config struct {
	Log       *slog.Logger
	Pages     *shop.Pages
	Templates *templates.Set
	Assets    *assets.Set
	Metrics   *prometheus.Registry // the server adds its own to it, and shows all of it

	// Checkout serves the pages on which carts are bought. Without it, there are none.
	Checkout *shop.Checkout

	// Images serves the images of products. Without it, there are none.
	Images *images.Images

	// Ready tells what keeps this node from serving, one error for each thing (joined by
	// errors.Join), in words that anybody may read. Nil is always ready.
	Ready func(context.Context) error

	// ProductSocket serves the shoppers' socket, below /product_socket: websocket, and longpoll by
	// GET, POST and OPTIONS. It checks origins and bounds bodies itself. Without it, there is none.
	ProductSocket http.Handler

	// Admin serves the dashboard's page. Without it, there is none.
	Admin *admin.Pages

	// Products serves the pages on which admins write products. It needs Admin, which guards them.
	Products *products.Pages

	// Drops serves the page on which admins plan drops. It needs Admin, which guards it.
	Drops *drops.Pages

	// Shopfront serves the pages on which admins set what the shop looks like. It needs Admin,
	// which guards them.
	Shopfront *shopfront.Pages

	// AdminSocket serves the admins' socket, below /admin_socket, as ProductSocket does the
	// shoppers'. Without it, there is none.
	AdminSocket http.Handler

	// Feed serves /feed by GET and HEAD. It checks origins itself, and its streams lift the write
	// timeout of HTTPServer for themselves. Without it, there is none.
	Feed http.Handler

	Origins []string // scheme://host[:port] of other origins whose requests may change things

	// Proxies are trusted to name the client in X-Forwarded-For. Default: none.
	Proxies forwarded.Proxies

	// Unnamed is called for each request of a peer that sends X-Forwarded-For and is none of the
	// Proxies. It must not wait. It may be nil.
	Unnamed func(peer netip.Addr)

	MaxBody int64 // bytes of a request's body; 64 KiB when 0
}

// Server answers all requests of a node.
type Server struct {
	log       *slog.Logger
	echo      *echo.Echo
	pages     *shop.Pages
	templates *templates.Set
	ready     func(context.Context) error
	maxBody   int64
	origins   *http.CrossOriginProtection
	ids       requestIDs
	requests  *prometheus.CounterVec
	proxies   forwarded.Proxies
	unnamed   func(netip.Addr)
}

// New hangs up the routes. It fails when the Config lacks something or an origin is none.
func New(cfg Config) (*Server, error) {
	if cfg.Log == nil || cfg.Pages == nil || cfg.Templates == nil || cfg.Assets == nil || cfg.Metrics == nil {
		return nil, errors.New("web: Log, Pages, Templates, Assets and Metrics must be set")
	}
	s := &Server{
		log:       cfg.Log,
		echo:      echo.New(),
		pages:     cfg.Pages,
		templates: cfg.Templates,
		ready:     cfg.Ready,
		maxBody:   cfg.MaxBody,
		origins:   http.NewCrossOriginProtection(),
		ids:       newRequestIDs(),
		proxies:   cfg.Proxies,
		unnamed:   cfg.Unnamed,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sneakers23_http_requests_total",
			Help: "HTTP requests answered, by route and status.",
		}, []string{"route", "status"}),
	}
	if s.maxBody == 0 {
		s.maxBody = 64 << 10
	}
	for _, text := range cfg.Origins {
		trusted, err := origin.Parse(text)
		if err == nil {
			err = s.origins.AddTrustedOrigin(trusted.String())
		}
		if err != nil {
			return nil, fmt.Errorf("web: origin %q: %w", text, err)
		}
	}
	if err := cfg.Metrics.Register(s.requests); err != nil {
		return nil, fmt.Errorf("web: metrics: %w", err)
	}
	s.echo.IPExtractor = clientAddress(cfg.Proxies)
	s.echo.HTTPErrorHandler = s.answerError
	s.echo.Use(s.every)
	s.routes(cfg)
	return s, nil
}

// clientAddress finds who asked, as text; empty for a client without an address.
func clientAddress(proxies forwarded.Proxies) echo.IPExtractor {
	return func(r *http.Request) string {
		if client := proxies.Client(r); client.IsValid() {
			return client.String()
		}
		return ""
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.echo.ServeHTTP(w, r)
}

// HTTPServer is an http.Server with this handler and limits that no slow or endless client can
// stretch. Its owner gives it listeners and shuts it down. Sockets are not bound by its timeouts:
// hijacking lifts them.
func (s *Server) HTTPServer() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second, // a long-poll waits 10 s before it writes
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // bad clients, mostly
	}
}
