package e2e

import (
	"cmp"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// newAdmin is a visitor whose browser knows the password.
func newAdmin(t testing.TB, password string, options playwright.BrowserNewContextOptions) *visitor {
	t.Helper()
	options.HttpCredentials = &playwright.HttpCredentials{Username: "admin", Password: password}
	return newContext(t, options)
}

const connected = `[data-live-state="connected"]`

// opensDashboard returns when the dashboard of the shop at url is live.
func (v *visitor) opensDashboard(url string) {
	v.t.Helper()
	answer, err := v.Goto(url + "/admin")
	if err != nil {
		v.t.Fatal(err)
	}
	if answer.Status() != http.StatusOK {
		v.t.Fatalf("the dashboard answers %d", answer.Status())
	}
	v.wait(connected)
}

// TestAdminSignsIn does what an admin does, with the password that the node tells at its start.
func TestAdminSignsIn(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	if s.password == "" {
		t.Fatal("the node tells no password")
	}
	res, err := http.Get(s.URL + "/admin")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized || !strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("without a password: %d %v", res.StatusCode, res.Header)
	}
	stranger := newAdmin(t, "not the password", playwright.BrowserNewContextOptions{})
	if answer, err := stranger.Goto(s.URL + "/admin"); err != nil || answer.Status() != http.StatusUnauthorized {
		t.Errorf("with a wrong password: %v", err)
	}

	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	a.opensDashboard(s.URL)
	if got := a.text("[data-live-words]"); got != "Connected" {
		t.Errorf("the page says %q", got)
	}
	token := evaluate[string](a, "window.adminToken")
	if a.count("#dashboard") != 1 || a.count("#cart-container, script[src*=app]") != 0 {
		t.Error("the page is not the dashboard alone")
	}
	for name, tt := range map[string]struct {
		token string
		want  int
	}{
		"the page's token": {token, http.StatusSwitchingProtocols},
		"a forged token":   {token[:len(token)-8] + "AAAAAAAA", http.StatusForbidden},
		"no token":         {"", http.StatusForbidden},
	} {
		if got := s.knock(tt.token); got != tt.want {
			t.Errorf("with %s: %d, want %d", name, got, tt.want)
		}
	}
	if strings.Contains(s.log.String(), s.password) {
		t.Error("the password is in the log")
	}
}

// knock asks for the admins' socket with a token, and returns the status.
func (s *shop) knock(token string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet,
		s.URL+"/admin_socket/websocket?vsn=2.0.0&token="+url.QueryEscape(token), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// TestAdminIsToldWhatIsUp cuts the line to the dashboard and mends it; meanwhile the page has been
// given another token, as by new_token, and comes back with that. One whose token is good no more
// is shown the way to another.
func TestAdminIsToldWhatIsUp(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	asked := newHandshakes(t, s.URL)
	line := newProxy(t, asked.URL)
	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	a.opensDashboard(line.URL)
	first := evaluate[string](a, "window.adminToken")
	if got := asked.token(); got != first {
		t.Errorf("the socket was opened with %q, want %q", got, first)
	}
	line.cut()
	a.wait(`[data-live-state="reconnecting"]`)
	if got := a.text("[data-live-words]"); !strings.HasPrefix(got, "Not live since ") {
		t.Errorf("the page says %q", got)
	}
	other := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	other.opensDashboard(s.URL)
	second := evaluate[string](other, "window.adminToken")
	evaluate[string](a, "token => (window.adminToken = token)", second)
	line.mend()
	a.wait(connected)
	if got := asked.token(); got != second {
		t.Errorf("the socket was opened with %q again, want %q", got, second)
	}
	asked.holdsNone(t, first, second)

	evaluate[string](a, "() => (window.adminToken = 'over')")
	line.cut()
	line.mend()
	a.wait("[data-sign-in]")
	a.click("[data-sign-in]")
	a.wait(connected)
}

// handshakes is a reverse proxy that notes how sockets of admins are asked for.
type handshakes struct {
	URL string

	mu        sync.Mutex
	last      string   // auth token of the last WebSocket or poll
	addresses []string // of all of them
}

func newHandshakes(t *testing.T, target string) *handshakes {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	h := new(handshakes)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // the origin of the page
		},
		ErrorLog: log.New(io.Discard, "", 0), // sockets that the page gives up
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/admin_socket/") {
			h.note(r)
		}
		proxy.ServeHTTP(w, r)
	}))
	h.URL = site.URL
	t.Cleanup(func() {
		site.CloseClientConnections()
		site.Close()
	})
	return h
}

func (h *handshakes) note(r *http.Request) {
	_, encoded, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), "base64url.bearer.phx.")
	token, _ := base64.RawStdEncoding.DecodeString(encoded)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = cmp.Or(string(token), r.Header.Get("X-Phoenix-AuthToken"))
	h.addresses = append(h.addresses, r.URL.String())
}

func (h *handshakes) token() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// holdsNone fails the test if a token stands in an address.
func (h *handshakes) holdsNone(t *testing.T, tokens ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, address := range h.addresses {
		for _, token := range tokens {
			if strings.Contains(address, url.QueryEscape(token)) {
				t.Errorf("an admin token stands in the address %s", address)
			}
		}
	}
	if len(h.addresses) == 0 {
		t.Error("no socket was asked for")
	}
}

// TestAdminWithoutWebSocket has the dashboard live over long-poll.
func TestAdminWithoutWebSocket(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	asked := newHandshakes(t, s.URL)
	g := newGate(t, asked.URL)
	g.shut.Store(true)
	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	a.opensDashboard(g.URL)
	if n := g.refused.Load(); n < 3 {
		t.Errorf("on long-poll after %d WebSockets, want 3 or more", n)
	}
	if token := evaluate[string](a, "window.adminToken"); asked.token() != token {
		t.Errorf("the long-poll was opened with %q, want %q", asked.token(), token)
	}
	asked.holdsNone(t, evaluate[string](a, "window.adminToken"))
}

func TestAdminWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	a.visit(s.URL + "/admin")
	if got := a.text("#dashboard"); !strings.Contains(got, "needs JavaScript") {
		t.Errorf("the page says %q", got)
	}
}
