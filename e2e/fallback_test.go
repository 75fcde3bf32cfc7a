package e2e

import (
	"bytes"
	"cmp"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// gate is a proxy as some companies have it: while it is shut, no WebSocket passes. Long-polls that
// it passes are read along.
type gate struct {
	URL       string
	noCookies atomic.Bool // as a browser that refuses them: none goes through
	shut      atomic.Bool
	hangs     atomic.Bool   // while shut, a WebSocket is cut off without an answer
	cuts      atomic.Bool   // a WebSocket is cut off as soon as it has brought something
	answer    atomic.Int64  // the status with which a WebSocket is refused; 0: 403
	polls     atomic.Int64  // the status with which a long-poll is refused; 0: it passes
	refused   atomic.Int64  // WebSockets
	tries     atomic.Int64  // to connect, by either transport
	joined    chan struct{} // a token for each topic that was joined over long-poll
	carts     chan struct{} // a token for each long-poll that brought a cart; nil: they are not counted
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	return newGateTo(t, target, make(chan struct{}, 1000), nil) // more than any test joins
}

// newGateTo is newGate with channels that others send on, too.
func newGateTo(t *testing.T, target string, joined, carts chan struct{}) *gate {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{joined: joined, carts: carts}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // the origin of the page
			if g.noCookies.Load() {
				r.Out.Header.Del("Cookie")
			}
		},
		ModifyResponse: g.modify,
		ErrorLog:       log.New(io.Discard, "", 0), // polls that the page gives up
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrade, poll := r.Header.Get("Upgrade") != "", strings.HasSuffix(r.URL.Path, "/longpoll")
		if upgrade || poll && r.Method == http.MethodGet && !r.URL.Query().Has("token") {
			g.tries.Add(1)
		}
		switch {
		case upgrade && g.shut.Load():
			g.refused.Add(1)
			if g.hangs.Load() {
				panic(http.ErrAbortHandler)
			}
			http.Error(w, "no WebSockets in this house", cmp.Or(int(g.answer.Load()), http.StatusForbidden))
		case poll && g.polls.Load() != 0:
			http.Error(w, "no long-polls either", int(g.polls.Load()))
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	g.URL = site.URL
	t.Cleanup(func() {
		site.CloseClientConnections()
		site.Close()
	})
	return g
}

func (g *gate) modify(r *http.Response) error {
	if conn, ok := r.Body.(io.ReadWriteCloser); ok && r.StatusCode == http.StatusSwitchingProtocols && g.cuts.Load() {
		r.Body = &cutConn{ReadWriteCloser: conn}
	}
	return g.readAlong(r)
}

// cutConn ends after the first bytes that it brings.
type cutConn struct {
	io.ReadWriteCloser
	spent bool
}

func (c *cutConn) Read(b []byte) (int, error) {
	if c.spent {
		return 0, io.EOF
	}
	n, err := c.ReadWriteCloser.Read(b)
	c.spent = n > 0
	return n, err
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
	if g.carts != nil && bytes.Contains(body, []byte(`\"cart\",{\"items\"`)) {
		g.carts <- struct{}{}
	}
	return nil
}

// Where no WebSocket passes, a page lives on long-poll; and when one passes, on that, without a
// reload.
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
			v.ownTime()
			v.visit(g.URL)
			if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
				t.Fatal(err)
			}
			v.liveOver(g.joined)
			if n := g.refused.Load(); n < 3 {
				t.Errorf("on long-poll after %d WebSockets, want 3 or more", n)
			}
			s.run("release", "SHU6000")
			v.wait(`[data-product-id="1"] form.size-container`)

			g.shut.Store(false)
			s.run("sell", "--yes", "--unreleased") // on the way: whatever carries the page then, it must not miss it
			v.climbs()
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

// ownTime gives the page, before it is opened, a clock that may be put forward.
func (v *visitor) ownTime() {
	v.t.Helper()
	if err := v.Clock().Install(); err != nil {
		v.t.Fatal(err)
	}
}

// pass lets time pass on a page that has its own, in steps: what a timer sends is answered
// meanwhile.
func (v *visitor) pass(d time.Duration) {
	v.t.Helper()
	const step = time.Second
	for ; d > 0; d -= step {
		if err := v.Clock().RunFor(int(step.Milliseconds())); err != nil {
			v.t.Fatal(err)
		}
	}
}

// climbs lets time pass until every product on the page has joined its topic over a WebSocket.
func (v *visitor) climbs() {
	v.t.Helper()
	for range v.count(".product-listing[data-product-id]") {
		waittest.Until(v.t, "the page is on a WebSocket", func() bool {
			select {
			case <-v.joined:
				return true
			default:
				v.pass(time.Second)
				return false
			}
		})
	}
}

// A network that ends each WebSocket soon after it opened is no network for WebSockets: the page
// lives on long-poll, tries seldom, and climbs when they last.
func TestSocketsThatEndSoon(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{5: 1})
	g := newGate(t, s.URL)
	g.cuts.Store(true)
	v := newContext(t, playwright.BrowserNewContextOptions{})
	v.ownTime()
	v.visit(g.URL)
	v.liveOver(g.joined)
	if n := g.tries.Load(); n > 5 {
		t.Errorf("on long-poll after %d attempts", n)
	}
	v.triesSeldom(g, "cut off soon")
	s.run("restock", skuOf(6), "1")
	v.wait(sizeAt(6, "low"))
	for len(v.joined) > 0 { // over sockets that were cut off
		<-v.joined
	}
	g.cuts.Store(false)
	v.climbs()
	s.run("sell", "--yes", "--unreleased")
	v.wait(sizeAt(5, "out"))
	v.wait(sizeAt(6, "out"))
}

// Whatever is on the other side, a page makes at most twenty attempts a minute, and is live as soon
// as it can be.
func TestPageTriesSeldom(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{5: 1})
	for name, tt := range map[string]struct{ webSocket, longPoll int64 }{
		"403 and 403": {403, 403},
		"429 and 502": {429, 502},
		"503 and 503": {503, 503},
	} {
		if !*full && tt.webSocket != 403 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			g := newGate(t, s.URL)
			g.shut.Store(true)
			g.answer.Store(tt.webSocket)
			g.polls.Store(tt.longPoll)
			v := newContext(t, playwright.BrowserNewContextOptions{})
			v.ownTime()
			v.visit(g.URL)
			v.triesSeldom(g, name)
			g.shut.Store(false)
			g.polls.Store(0)
			v.climbs()
		})
	}
}

// triesSeldom lets a minute pass, or some at full size: the browser takes about as long for them.
func (v *visitor) triesSeldom(g *gate, what string) {
	v.t.Helper()
	minutes := 1
	if *full {
		minutes = 4
	}
	for minute := range minutes {
		before := g.tries.Load()
		if minute == 0 {
			before = 0
		}
		v.pass(time.Minute)
		if n := g.tries.Load() - before; n > 20 {
			v.t.Errorf("%s: %d attempts in minute %d, want 20 at most", what, n, minute+1)
		}
	}
}
