package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"sneakers23/assets"
)

// TestPrivateAnswers asks for all that belongs to one visitor: it is in no cache and no search
// engine, also where the answer leads elsewhere or fails.
func TestPrivateAnswers(t *testing.T) {
	c, s := newCustomer(t)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ask := func(status int, method, path string, form url.Values) (page string) {
		t.Helper()
		res, page := c.ask(method, path, form)
		path, _, _ = strings.Cut(path, "?")
		if res.StatusCode != status {
			t.Errorf("%s %s: %d, want %d", method, path, res.StatusCode, status)
		}
		if got := res.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s %s: Cache-Control is %q, want no-store", method, path, got)
		}
		if got := res.Header.Get("X-Robots-Tag"); got != "noindex" {
			t.Errorf("%s %s: X-Robots-Tag is %q, want noindex", method, path, got)
		}
		return page
	}
	ask(302, "GET", "/checkout", nil)
	ask(200, "GET", "/checkout/complete", nil)
	ask(200, "POST", "/checkout", nil) // without a cookie
	ask(303, "POST", "/cart/remove", url.Values{"item_id": {"2"}})
	ask(303, "POST", "/cart/add", url.Values{"item_id": {"2"}})
	token := regexp.MustCompile(`name="serialized_cart" value="([^"]+)"`).FindStringSubmatch(ask(200, "GET",
		"/checkout", nil))
	if token == nil {
		t.Fatal("there is no cart to buy")
	}
	ask(303, "GET", "/checkout?serialized_cart="+url.QueryEscape(token[1]), nil)
	ask(303, "POST", "/checkout/cart", url.Values{"serialized_cart": {token[1]}})
	ask(303, "GET", "/cart/kept", nil)
	ask(303, "POST", "/checkout", url.Values{"serialized_cart": {token[1]}})
	ask(200, "GET", "/checkout/complete", nil)
	ask(200, "GET", "/orders/"+orderID, nil)
	ask(404, "GET", "/orders/none", nil)
	ask(200, "GET", "/session", nil)
	ask(200, "GET", "/metrics", nil)
	for _, path := range []string{"/", "/products/SHU6000"} {
		if res, _ := s.ask("GET", path); res.Header.Get("X-Robots-Tag") != "" {
			t.Errorf("%s: nobody can find the shop", path)
		}
	}
}

func TestRobotsAndIcon(t *testing.T) {
	set, err := assets.OpenFS(fstest.MapFS{
		"manifest.json":         {Data: []byte(`{"images/favicon.svg":"images/favicon-01.svg"}`)},
		"images/favicon-01.svg": {Data: []byte("<svg/>")},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) { c.Assets = set })
	res, body := s.ask("GET", "/favicon.ico")
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "image/svg+xml" || body != "<svg/>" {
		t.Errorf("the icon: %d, %v, %s", res.StatusCode, res.Header, body)
	}
	res, body = s.ask("GET", "/robots.txt")
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") ||
		!strings.HasPrefix(body, "User-agent: *\n") {
		t.Errorf("for robots: %d, %v, %s", res.StatusCode, res.Header, body)
	}
	for _, path := range []string{"/orders", "/checkout"} {
		if strings.Contains(body, path) {
			t.Errorf("a robot that must not look at %s never reads its noindex", path)
		}
	}
}

// TestTooLargeBodies sends more than a form and a JSON text may have.
func TestTooLargeBodies(t *testing.T) {
	s := newSite(t, nil)
	for path, kind := range map[string]string{
		"/session":  "application/json",
		"/cart/add": "application/x-www-form-urlencoded",
	} {
		large := append([]byte(`{"serialized_cart":"`), bytes.Repeat([]byte("x"), 70<<10)...)
		r := httptest.NewRequest("POST", path, bytes.NewReader(large))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: 70 KB are answered with %d, want 413", path, w.Code)
		}
	}
	r := httptest.NewRequest("POST", "/session", strings.NewReader("{"))
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("what is no JSON is answered with %d, want 400", w.Code)
	}
}
