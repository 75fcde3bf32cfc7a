package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/web/shop"
)

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
