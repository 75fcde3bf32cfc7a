package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"sneakers23/app/waittest"
	"sneakers23/assets"
	"sneakers23/checkout"
	"sneakers23/replication/pubsub"
	"sneakers23/templates"
	"sneakers23/web/forwarded"
	"sneakers23/web/shop"
	"sneakers23/web/webtest"
)

// site is a server under test, with all that it logged.
type site struct {
	*Server
	log *waittest.Log
}

func newSite(t testing.TB, change func(*Config)) site {
	t.Helper()
	address := func(name string) (string, error) { return "/assets/" + name, nil }
	set, err := templates.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := shop.NewSessions([]string{"secret"}, forwarded.Proxies{}.Scheme)
	if err != nil {
		t.Fatal(err)
	}
	log := new(waittest.Log)
	tokens, err := checkout.NewTokens([]string{"secret"})
	if err != nil {
		t.Fatal(err)
	}
	carts := shop.NewCarts(shop.CartsConfig{Tokens: tokens, PubSub: pubsub.New()})
	cfg := Config{
		Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Pages: shop.NewPages(shop.PagesConfig{
			Shelf: webtest.NewShelf(webtest.Rows()), Front: webtest.NewFront(), Templates: set, Asset: address,
			Sessions: sessions, Carts: carts,
		}),
		Templates: set,
		Assets:    new(assets.Set),
		Metrics:   prometheus.NewRegistry(),
	}
	if change != nil {
		change(&cfg)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return site{server, log}
}

// ask sends a request; header is pairs of name and value.
func (s site) ask(method, target string, header ...string) (*http.Response, string) {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	res := w.Result()
	body, _ := io.ReadAll(res.Body)
	return res, string(body)
}

func TestRoutes(t *testing.T) {
	s := newSite(t, nil)
	tests := []struct {
		method, target string
		status         int
		contains       string
	}{
		{"GET", "/", 200, "<title>Sneakers23</title>"},
		{"HEAD", "/", 200, ""},
		{"GET", "/?utm=1", 200, "<title>Sneakers23</title>"},
		{"GET", "/products/SHU6000", 200, "<title>Hop Man 3 · Sneakers23</title>"},
		{"HEAD", "/products/SHU6000", 200, ""},
		{"GET", "/products/NOPE", 404, "Not on our shelves"},
		{"GET", "/products/%00%ff", 404, "Not on our shelves"},
		{"GET", "/products/../../etc/passwd", 404, "Not on our shelves"},
		{"GET", "/products/", 404, "Not on our shelves"},
		{"GET", "/nothing", 404, "Not on our shelves"},
		{"POST", "/cart/add", 303, ""},
		{"POST", "/", 405, "That does not work here"},
		{"GET", "/session", 200, `"cart_id":`},
		{"GET", "/assets/nothing.js", 404, "Not on our shelves"},
		{"GET", "/healthz", 200, "ok"},
		{"HEAD", "/healthz", 200, ""},
		{"GET", "/readyz", 200, `"ready":true`},
		{"GET", "/metrics", 200, `sneakers23_http_requests_total{route="/products/:sku",status="404"} 3`},
		{"GET", "/product_socket/websocket", 404, ""},
		{"GET", "/product_socket/longpoll", 404, ""},
	}
	for _, test := range tests {
		res, body := s.ask(test.method, test.target)
		if res.StatusCode != test.status || !strings.Contains(body, test.contains) {
			t.Errorf("%s %s: got %d, want %d with %q in %s",
				test.method, test.target, res.StatusCode, test.status, test.contains, body)
		}
	}
}

func TestEveryResponseIsGuarded(t *testing.T) {
	s := newSite(t, nil)
	seen := map[string]bool{}
	for _, target := range []string{"/", "/session", "/nothing", "/healthz", "/metrics"} {
		res, _ := s.ask("GET", target)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; " +
				"frame-ancestors 'none'; object-src 'none'",
			"Referrer-Policy":        "same-origin",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		id := res.Header.Get("X-Request-Id")
		if id == "" || seen[id] {
			t.Errorf("%s: request id %q is empty or was used before", target, id)
		}
		seen[id] = true
	}
}

// The policy forbids inline scripts and styles, so there must be none.
func TestPagesObeyTheirPolicy(t *testing.T) {
	s := newSite(t, nil)
	for _, target := range []string{"/", "/products/SHU6000", "/products/SHU6100", "/nothing"} {
		_, body := s.ask("GET", target)
		for _, inline := range []string{"<style", " style=", "<script>", " onclick=", "javascript:"} {
			if strings.Contains(body, inline) {
				t.Errorf("%s holds %q", target, inline)
			}
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := newSite(t, func(c *Config) { c.MaxBody = 10 })
	s.form("/read", func(c echo.Context) error {
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		return c.NoContent(204)
	})
	for n, want := range map[int]int{10: 204, 11: 413} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("POST", "/read", strings.NewReader(strings.Repeat("x", n))))
		if w.Code != want {
			t.Errorf("%d bytes: got %d, want %d", n, w.Code, want)
		}
	}
}

func TestReady(t *testing.T) {
	var missing error
	s := newSite(t, func(c *Config) {
		c.Ready = func(ctx context.Context) error {
			if _, limited := ctx.Deadline(); !limited {
				t.Error("the question has no deadline")
			}
			return missing
		}
	})
	if res, body := s.ask("GET", "/readyz"); res.StatusCode != 200 ||
		strings.TrimSpace(body) != `{"ready":true,"missing":[]}` {
		t.Errorf("got %d, %s", res.StatusCode, body)
	}
	missing = errors.Join(errors.New("catalog not loaded"), errors.New("database not reachable"))
	res, body := s.ask("GET", "/readyz")
	want := `{"ready":false,"missing":["catalog not loaded","database not reachable"]}`
	if res.StatusCode != 503 || strings.TrimSpace(body) != want {
		t.Errorf("got %d, %s, want 503, %s", res.StatusCode, body, want)
	}
	if res, _ := s.ask("GET", "/healthz"); res.StatusCode != 200 {
		t.Errorf("a node that is not ready is not dead: got %d", res.StatusCode)
	}
}

// The log tells which route was asked, never what stood in the path, the query or a header.
func TestLogKeepsSecrets(t *testing.T) {
	s := newSite(t, nil)
	s.echo.GET("/orders/:id", func(c echo.Context) error { return errors.New("broken") })
	s.ask("GET", "/orders/tellnobody?token=tellnobody", "Cookie", "sneakers23=tellnobody", "Referer",
		"http://x/tellnobody")
	s.ask("GET", "/tellnobody/tellnobody")
	log := s.log.String()
	if strings.Contains(log, "tellnobody") {
		t.Errorf("logged: %s", log)
	}
	if !strings.Contains(log, "route=/orders/:id") || !strings.Contains(log, "level=ERROR") ||
		!strings.Contains(log, "err=broken") {
		t.Errorf("got %s", log)
	}
}

func TestConfigIsChecked(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("an empty Config has no complaint")
	}
	s := newSite(t, nil)
	_, err := New(Config{
		Log: s.Server.log, Pages: s.pages, Templates: s.templates, Assets: new(assets.Set),
		Metrics: prometheus.NewRegistry(), Origins: []string{"shop.example"},
	})
	if err == nil || !strings.Contains(err.Error(), `"shop.example"`) {
		t.Errorf("got %v, want the bad origin named", err)
	}
}

func TestHTTPServerHasLimits(t *testing.T) {
	h := newSite(t, nil).HTTPServer()
	if h.ReadHeaderTimeout == 0 || h.ReadTimeout == 0 || h.WriteTimeout == 0 || h.IdleTimeout == 0 ||
		h.MaxHeaderBytes == 0 {
		t.Errorf("a limit is missing: %+v", h)
	}
}
