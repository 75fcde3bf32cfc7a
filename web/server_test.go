package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"sneakers23/assets"
	"sneakers23/checkout"
	"sneakers23/replication/pubsub"
	"sneakers23/templates"
	"sneakers23/web/channel"
	"sneakers23/web/forwarded"
	"sneakers23/web/shop"
	"sneakers23/web/webtest"
)

// site is a server under test, with all that it logged.
type site struct {
	*Server
	log *logBuffer
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
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
	log := new(logBuffer)
	tokens, err := checkout.NewTokens([]string{"secret"})
	if err != nil {
		t.Fatal(err)
	}
	carts := shop.NewCarts(shop.CartsConfig{Tokens: tokens, PubSub: pubsub.New()})
	cfg := Config{
		Log:       slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Pages:     shop.NewPages(webtest.NewShelf(webtest.Rows()), set, address, sessions, carts),
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
			"Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
			"Referrer-Policy":         "same-origin",
			"X-Content-Type-Options":  "nosniff",
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

// TestEveryFormIsOfThisSite sends what a page of another site could send to each route that takes
// more than a look.
func TestEveryFormIsOfThisSite(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Checkout, c.ProductSocket = new(shop.Checkout), http.NotFoundHandler() })
	forms := 0
	for _, r := range s.echo.Routes() {
		if r.Method == http.MethodGet || r.Method == http.MethodHead || strings.HasSuffix(r.Path, "/longpoll") {
			continue // those of sockets check the origin themselves
		}
		forms++
		if res, _ := s.ask(r.Method, r.Path, "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s from another site: %d, want 403", r.Method, r.Path, res.StatusCode)
		}
	}
	if forms != 5 {
		t.Errorf("%d routes take forms, want 5", forms)
	}
}

func TestRequestsFromElsewhereChangeNothing(t *testing.T) {
	s := newSite(t, func(c *Config) { c.Origins = []string{"https://shop.example"} })
	touched := 0
	s.form("/touch", func(c echo.Context) error { touched++; return c.NoContent(204) })
	tests := []struct {
		header []string
		want   int
	}{
		{nil, 204},
		{[]string{"Sec-Fetch-Site", "same-origin"}, 204},
		{[]string{"Sec-Fetch-Site", "none"}, 204},
		{[]string{"Origin", "http://example.com"}, 204}, // the host of httptest's requests
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://shop.example"}, 204},
		{[]string{"Origin", "HTTP://Example.COM/"}, 204}, // some proxies and programs write it so
		{[]string{"Origin", "http://example.com:80"}, 204},
		{[]string{"Origin", "https://example.com"}, 204}, // TLS ended before a proxy that is not configured
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "HTTPS://Shop.Example/"}, 204},
		{[]string{"Origin", "https://SHOP.example:443"}, 204},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://EXAMPLE.com"}, 403},
		{[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://example.com"}, 403},
		{[]string{"Origin", "http://example.com:8080"}, 403},
		{[]string{"Origin", "https://shop.example:8443"}, 403},
		{[]string{"Origin", "https://shop.example/cart"}, 403},
		{[]string{"Origin", "https://shop.example.evil.example"}, 403},
		{[]string{"Origin", "https://evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
	}
	want := 0
	for _, test := range tests {
		if test.want == 204 {
			want++
		}
		res, body := s.ask("POST", "/touch", test.header...)
		if res.StatusCode != test.want || touched != want {
			t.Errorf("%v: got %d, want %d; the handler ran %d times", test.header, res.StatusCode, test.want, touched)
		}
		if test.want == 403 && !strings.Contains(body, "That did not come from our pages") {
			t.Errorf("%v: got %s", test.header, body)
		}
	}
	if res, _ := s.ask("GET", "/", "Sec-Fetch-Site", "cross-site"); res.StatusCode != 200 {
		t.Errorf("a link from elsewhere got %d", res.StatusCode)
	}
}

// The host that was asked is compared as one: proxies and programs write it in their way, too.
func TestOwnOrigin(t *testing.T) {
	s := newSite(t, nil)
	s.form("/touch", func(c echo.Context) error { return c.NoContent(204) })
	for _, tt := range []struct {
		host, origin string
		want         int
	}{
		{"Shop.Example", "http://shop.example", 204},
		{"shop.example:80", "http://shop.example", 204},
		{"shop.example:443", "https://shop.example", 204},
		{"shop.example:4000", "http://shop.example:4000", 204},
		{"shop.example:4000", "http://shop.example", 403},
		{"shop.example", "http://shop.example:4000", 403},
		{"shop.example:80", "https://shop.example", 403},
	} {
		if res, _ := s.ask("POST", "http://"+tt.host+"/touch", "Origin", tt.origin); res.StatusCode != tt.want {
			t.Errorf("%s asked from %s: got %d, want %d", tt.host, tt.origin, res.StatusCode, tt.want)
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

func TestProductSocketIsMounted(t *testing.T) {
	socket := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = conn.Close()
	})
	s := newSite(t, func(c *Config) { c.ProductSocket = socket })
	server := httptest.NewServer(s)
	defer server.Close()
	res, err := http.Get(server.URL + "/product_socket/websocket?vsn=2.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %d", res.StatusCode)
	}
}

// The socket's own rules hold for long-poll, not those of forms: other origins may be let in,
// bodies may be larger.
func TestLongPollIsMounted(t *testing.T) {
	var got []string
	socket := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprint(r.Method, " ", len(body)))
		_, _ = io.WriteString(w, `{"status":403}`)
	})
	s := newSite(t, func(c *Config) { c.ProductSocket, c.MaxBody = socket, 10 })
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		r := httptest.NewRequest(method, "/product_socket/longpoll?vsn=2.0.0",
			strings.NewReader(strings.Repeat("x", 100)))
		r.Header.Set("Origin", "https://elsewhere.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%s: got %d, want 200", method, w.Code)
		}
	}
	if want := []string{"GET 100", "POST 100", "OPTIONS 100"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, page := s.ask("GET", "/metrics"); !strings.Contains(page,
		`{route="/product_socket/longpoll",status="200"} 3`) {
		t.Error("the requests are not counted")
	}
}

// A page of the shop itself may poll and publish, one of elsewhere is refused in the words of the
// protocol.
func TestLongPollWorks(t *testing.T) {
	socket, err := channel.New(channel.Config{
		Routes: []channel.Route{{Pattern: "none", New: func() channel.Channel { return nil }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s := newSite(t, func(c *Config) { c.ProductSocket = socket })
	server := httptest.NewUnstartedServer(nil)
	server.Config = s.HTTPServer()
	server.Start()
	defer server.Close()
	address := server.URL + "/product_socket/longpoll?vsn=2.0.0"
	ask := func(method, origin, body string) (answer struct {
		Status   int
		Token    string
		Messages []string
	}) {
		t.Helper()
		r, _ := http.NewRequest(method, address, strings.NewReader(body))
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: status %d, %v", method, res.StatusCode, err)
		}
		return answer
	}
	opened := ask("GET", server.URL, "")
	if opened.Status != 410 || opened.Token == "" {
		t.Fatalf("opened with %+v", opened)
	}
	address += "&token=" + opened.Token
	const heartbeat = `[null,"1","phoenix","heartbeat",{}]`
	if got := ask("POST", server.URL, heartbeat); got.Status != 200 {
		t.Errorf("published with %+v", got)
	}
	if got := ask("POST", "https://evil.example", heartbeat); got.Status != 403 {
		t.Errorf("published from elsewhere with %+v", got)
	}
	want := `[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`
	if got := ask("GET", server.URL, ""); got.Status != 200 || !slices.Equal(got.Messages, []string{want}) {
		t.Errorf("polled %+v", got)
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
