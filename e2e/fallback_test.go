package e2e

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// gate is a proxy as some companies have it: while it is shut, no WebSocket passes. Long-polls that it passes are read
// along.
type gate struct {
	URL       string
	noCookies atomic.Bool // as a browser that refuses them: none goes through
	shut      atomic.Bool
	hangs     atomic.Bool   // while shut, a WebSocket is cut off without an answer
	refused   atomic.Int64  // WebSockets
	joined    chan struct{} // a token for each topic that was joined over long-poll
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{joined: make(chan struct{}, 1000)} // more than any test joins
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // the origin of the page
			if g.noCookies.Load() {
				r.Out.Header.Del("Cookie")
			}
		},
		ModifyResponse: g.readAlong,
		ErrorLog:       log.New(io.Discard, "", 0), // polls that the page gives up
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.shut.Load() && r.Header.Get("Upgrade") != "" {
			g.refused.Add(1)
			if g.hangs.Load() {
				panic(http.ErrAbortHandler)
			}
			http.Error(w, "no WebSockets in this house", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	g.URL = site.URL
	t.Cleanup(func() {
		site.CloseClientConnections()
		site.Close()
	})
	return g
}

func (g *gate) readAlong(r *http.Response) error {
	if g.noCookies.Load() {
		r.Header.Del("Set-Cookie")
	}
	if !strings.HasSuffix(r.Request.URL.Path, "/longpoll") {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	for range bytes.Count(body, []byte("levels")) {
		g.joined <- struct{}{}
	}
	return nil
}

// Where no WebSocket passes, a page lives on long-poll; and when one passes, on that, without a reload.
func TestFallbackAndBack(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"refused": false, "cut off": true} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			s.onlyItem(5, 1)
			g := newGate(t, s.URL)
			g.shut.Store(true)
			g.hangs.Store(hangs)
			v := newContext(t, playwright.BrowserNewContextOptions{})
			v.visit(g.URL)
			if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
				t.Fatal(err)
			}
			overWebSocket := v.joined
			v.joined = g.joined
			v.live()
			if n := g.refused.Load(); n < 3 {
				t.Errorf("on long-poll after %d WebSockets, want 3 or more", n)
			}
			s.run("release", "SHU6000")
			v.wait(`[data-product-id="1"] form.size-container`)

			v.joined = overWebSocket
			g.shut.Store(false)
			s.run("sell", "--yes", "--unreleased") // on the way: whatever carries the page then, it must not miss it
			v.live()
			v.wait(sizeAt(5, "out") + ":disabled")
			if !evaluate[bool](v, "window.sameDocument === true") {
				t.Error("the page was loaded anew")
			}
			if got := v.text("[data-connection]"); got != "" {
				t.Errorf("the page says %q", got)
			}
		})
	}
}
