package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"sneakers23/app"
)

// TestTrustedProxies asks as a proxy does that ends TLS for https://shop.example, and this test's
// address is trusted by one node and not by the other.
func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		proxies, origins []string
		// whether the pages of https://shop.example may open sockets; and those of
		// https://www.shop.example
		pages, others bool
		secure        bool
	}{
		"trusted": {proxies: []string{"10.0.0.0/8", "127.0.0.1"}, pages: true, secure: true},
		"trusted, and origins": {
			proxies: []string{"127.0.0.0/8"}, origins: []string{"https://www.shop.example"}, pages: true, others: true,
			secure: true,
		},
		"not trusted":       {proxies: []string{"10.0.0.0/8"}},
		"nobody is trusted": {},
		"origins alone":     {origins: []string{"https://shop.example"}, pages: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.TrustedProxies, cfg.Origins = tt.proxies, tt.origins
			n, err := app.Start(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := n.Stop(context.Background()); err != nil {
					t.Error(err)
				}
			})
			for origin, want := range map[string]bool{
				"https://shop.example": tt.pages, "https://www.shop.example": tt.others,
				"http://shop.example": !tt.secure, "https://evil.example": false,
			} {
				checkOrigin(t, n.URL(), origin, want)
			}
			res, _ := askAsProxy(t, n.URL()+"/session", "")
			cookies := res.Cookies()
			if len(cookies) == 0 {
				t.Fatal("there is no cookie")
			}
			for _, c := range cookies {
				if c.Secure != tt.secure {
					t.Errorf("cookie %s: Secure is %v, want %v", c.Name, c.Secure, tt.secure)
				}
			}
		})
	}
}

// checkOrigin asks for each kind of socket as the proxy of a page of origin.
func checkOrigin(t *testing.T, nodeURL, origin string, want bool) {
	t.Helper()
	for _, path := range []string{"/product_socket/websocket?vsn=2.0.0", "/feed?topic=product:1"} {
		header := http.Header{"Host": {"shop.example"}, "X-Forwarded-Proto": {"https"}, "Origin": {origin}}
		conn, res, err := websocket.DefaultDialer.DialContext(t.Context(),
			strings.Replace(nodeURL, "http", "ws", 1)+path, header)
		switch {
		case err == nil:
			conn.Close()
		case !errors.Is(err, websocket.ErrBadHandshake) || res.StatusCode != http.StatusForbidden:
			t.Fatalf("%s for a page of %s: %v", path, origin, err)
		}
		if got := err == nil; got != want {
			t.Errorf("%s for a page of %s: allowed is %v, want %v", path, origin, got, want)
		}
	}
	_, body := askAsProxy(t, nodeURL+"/product_socket/longpoll?vsn=2.0.0", origin)
	var answer struct{ Status int }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	if got := answer.Status == http.StatusGone; got != want || !got && answer.Status != http.StatusForbidden {
		t.Errorf("long-poll for a page of %s: status %d, want allowed to be %v", origin, answer.Status, want)
	}
}

// askAsProxy sends a GET request as the proxy of https://shop.example does.
func askAsProxy(t *testing.T, address, origin string) (*http.Response, []byte) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: "GET", URL: u, Host: "shop.example", Header: http.Header{"X-Forwarded-Proto": {"https"}}}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	res, err := http.DefaultClient.Do(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}
