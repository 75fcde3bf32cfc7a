package channel

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// Versions as Elixir understands ~> 1.0.0 and ~> 2.0.0.
func TestVersion(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	for query, want := range map[string]int{
		"": 1, "?user=ann": 1,
		"?vsn=1.0.0": 1, "?vsn=1.0.1": 1, "?vsn=1.0.99": 1,
		"?vsn=2.0.0": 2, "?vsn=2.0.17": 2, "?vsn=2.0.0%2Bbuild.007": 2, "?vsn=2.0.1-rc.1": 2, "?vsn=2.0.1-0a.x-y": 2,
		"?vsn=1.0.0&vsn=2.0.0": 2, "?vsn=nonsense&vsn=1.0.0": 1,
		"?vsn=": 0, "?vsn=1": 0, "?vsn=1.0": 0, "?vsn=1.1.0": 0, "?vsn=0.0.0": 0, "?vsn=3.0.0": 0, "?vsn=12.0.0": 0,
		"?vsn=2": 0, "?vsn=2.0": 0, "?vsn=2.1.0": 0, "?vsn=2.0.x": 0, "?vsn=2.0.0.0": 0, "?vsn=2.0.01": 0,
		"?vsn=02.0.0":     0,
		"?vsn=2.0.0-rc.1": 0, "?vsn=2.1.0-rc.1": 0, "?vsn=2.0.1-": 0, "?vsn=2.0.1-01": 0, "?vsn=2.0.1-a..b": 0,
		"?vsn=2.0.0%2B": 0, "?vsn=v2.0.0": 0, "?vsn=%202.0.0": 0, "?vsn=2.0.0%0A": 0, "?vsn=2.0.0&vsn=": 0,
		"?vsn=~>2.0.0": 0,
	} {
		url := strings.TrimSuffix(site.url(), "?vsn=2.0.0") + query
		conn, response, err := websocket.DefaultDialer.Dial(url, nil)
		if err != nil {
			if response == nil || response.StatusCode != 403 || want != 0 {
				t.Errorf("%s: %v, want version %d", query, err, want)
			}
			continue
		}
		heartbeat := map[int]string{
			0: "a refusal",
			1: `{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}`,
			2: `[null,"1","phoenix","heartbeat",{}]`,
		}[want]
		c := newClient(t, conn)
		c.WriteMessage(websocket.TextMessage, []byte(heartbeat))
		c.setDeadline()
		if _, _, err := c.ReadMessage(); err != nil {
			t.Errorf("%s: %v, want version %d", query, err, want)
		}
		c.Close()
	}
}

func TestOrigin(t *testing.T) {
	https := func(r *http.Request) string {
		if r.Header.Get("X-Forwarded-Proto") == "https" {
			return "https"
		}
		return "http"
	}
	site := start(t, Config{
		Origins: []string{"https://shop.example", "http://localhost:8080/"},
		Scheme:  https,
		Routes:  routeTo(&fake{}),
	})
	own := strings.TrimPrefix(site.http.URL, "http://")
	for _, test := range []struct {
		origin string
		header map[string]string
		want   int
	}{
		{"", nil, 101},
		{"http://" + own, nil, 101},
		{"HTTP://" + own, nil, 101},
		{"https://" + own, nil, 403},
		{"http://127.0.0.1", nil, 403}, // another port
		{"http://127.0.0.1:1", nil, 403},
		{"http://evil.example", nil, 403},
		{"http://evil.example/" + own, nil, 403},
		{"null", nil, 403},
		{"file://", nil, 403},
		{"https://shop.example", nil, 101},
		{"https://SHOP.example:443", nil, 101},
		{"http://shop.example", nil, 403},
		{"https://shop.example.evil.example", nil, 403},
		{"http://localhost:8080", nil, 101},
		{"http://localhost", nil, 403},
		{"https://" + own, map[string]string{"X-Forwarded-Proto": "https"}, 101},
		{"http://" + own, map[string]string{"X-Forwarded-Proto": "https"}, 403},
		{"https://front.example", map[string]string{"X-Forwarded-Proto": "https", "Host": "front.example"}, 101},
		{"http://front.example:80", map[string]string{"Host": "front.example"}, 101},
	} {
		header := http.Header{}
		if test.origin != "" {
			header.Set("Origin", test.origin)
		}
		for k, v := range test.header {
			header.Set(k, v)
		}
		if got := site.status(site.url(), header); got != test.want {
			t.Errorf("Origin %q %v: %d, want %d", test.origin, test.header, got, test.want)
		}
	}
}

func TestConnectRefused(t *testing.T) {
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) {
			token := info.Params.Get("token")
			if status, err := strconv.Atoi(token); err == nil {
				return nil, &ConnectError{status, "no"}
			}
			switch token {
			case "good":
				return "ann", nil
			case "often":
				return nil, &ConnectError{http.StatusTooManyRequests, "not so fast"}
			}
			return nil, errors.New("bad token: the cause, which is ours")
		},
		Routes: routeTo(&fake{}),
	})
	for token, want := range map[string]int{
		"good": 101, "often": 429, "bad": 403,
		"400": 400, "599": 599, "0": 403, "101": 403, "200": 403, "302": 403, "399": 403, "600": 403, "-1": 403,
		"10000": 403,
	} {
		if got := site.status(site.url()+"&token="+token, nil); got != want {
			t.Errorf("token %s: %d, want %d", token, got, want)
		}
	}
}

func TestNoWebSocket(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	for path, want := range map[string]int{
		"/socket/websocket?vsn=2.0.0": http.StatusUpgradeRequired,
		"/socket/other":               http.StatusNotFound,
	} {
		response, err := http.Get(site.http.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, response.StatusCode, want)
		}
	}
}

func TestConfig(t *testing.T) {
	routes := routeTo(&fake{})
	for name, cfg := range map[string]Config{
		"no routes":       {},
		"star inside":     {Routes: []Route{{Pattern: "a*b", New: routes[0].New}}},
		"two stars":       {Routes: []Route{{Pattern: "a**", New: routes[0].New}}},
		"empty pattern":   {Routes: []Route{{New: routes[0].New}}},
		"no constructor":  {Routes: []Route{{Pattern: "a"}}},
		"negative":        {Routes: routes, MaxFrame: -1},
		"bad origin":      {Routes: routes, Origins: []string{"shop.example"}},
		"origin and path": {Routes: routes, Origins: []string{"http://shop.example/shop"}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		} else if !strings.HasPrefix(err.Error(), "channel: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoRoutesOnPurpose opens a socket whose topics are yet to come.
func TestNoRoutesOnPurpose(t *testing.T) {
	site := start(t, Config{Routes: []Route{}})
	c := site.dial()
	c.send(`["1","1","room:lobby","phx_join",{}]`)
	c.want(`[null,"1","room:lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
}

func TestRoutes(t *testing.T) {
	var made string
	route := func(pattern string) Route {
		return Route{pattern, func() Channel { made = pattern; return &fake{} }}
	}
	site := start(t, Config{Routes: []Route{route("room:lobby"), route("room:*"), route("all")}})
	for topic, want := range map[string]string{
		"room:lobby": "room:lobby", "room:lobbyist": "room:*", "room:": "room:*", "room:a:b": "room:*", "all": "all",
	} {
		c := site.dial()
		c.join(topic)
		if made != want {
			t.Errorf("%s went to %s, want %s", topic, made, want)
		}
	}
	c := site.dial()
	for _, topic := range []string{"room", "allx", "al", "", "*"} {
		c.send(`["1","1",%q,"phx_join",{}]`, topic)
		c.want(`[null,"1","` + topic + `","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
	}
}

func TestTwoOrigins(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	header := http.Header{"Origin": {site.http.URL, "http://evil.example"}}
	if got := site.status(site.url(), header); got != 403 {
		t.Errorf("%d, want 403", got)
	}
}

// startTLS serves cfg over TLS until the test ends.
func startTLS(t *testing.T, cfg Config) (*Server, *httptest.Server) {
	t.Helper()
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewTLSServer(server)
	t.Cleanup(func() { web.Close(); server.Close() })
	return server, web
}

// Over TLS, where frames cannot be written without waiting, all is the same.
func TestTLS(t *testing.T) {
	_, web := startTLS(t, Config{MaxFrame: 1 << 20, Routes: routeTo(&fake{in: echo})})
	dialer := websocket.Dialer{TLSClientConfig: web.Client().Transport.(*http.Transport).TLSClientConfig}
	url := "wss" + strings.TrimPrefix(web.URL, "https") + "/socket/websocket?vsn=2.0.0"
	if _, _, err := dialer.Dial(url, http.Header{
		"Origin": {strings.Replace(web.URL, "https", "http", 1)},
	}); err == nil {
		t.Error("a page that came without TLS may connect")
	}
	conn, _, err := dialer.Dial(url, http.Header{"Origin": {web.URL}})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.join("room:a")
	large := `"` + strings.Repeat("x", 200_000) + `"`
	for _, payload := range []string{large, "1", large, "2"} {
		c.send(`["1","2","room:a","echo",%s]`, payload)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":` + payload + `}]`)
	}
	c.send("nonsense")
	c.wantClose(1011)
	c.setDeadline()
	if _, err := c.NetConn().Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
}

// A client that reads all the time is not cut off for a burst that the server makes
// faster than it encrypts.
func TestBurstOverTLS(t *testing.T) {
	const burst = 3000
	server, web := startTLS(t, Config{Routes: routeTo(&fake{})})
	dialer := websocket.Dialer{TLSClientConfig: web.Client().Transport.(*http.Transport).TLSClientConfig}
	conn, _, err := dialer.Dial("wss"+strings.TrimPrefix(web.URL, "https")+"/socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.join("room:a")
	var broadcasting sync.WaitGroup
	broadcasting.Go(func() {
		for i := range burst {
			server.cfg.PubSub.Broadcast("room:a", "n", i)
		}
	})
	for i := range burst {
		c.want(fmt.Sprintf(`[null,null,"room:a","n",%d]`, i))
	}
	broadcasting.Wait()
}

// Nothing is compressed, whatever the client offers: frames are shared.
func TestNoCompression(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	dialer := websocket.Dialer{EnableCompression: true}
	conn, response, err := dialer.Dial(site.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := response.Header.Get("Sec-Websocket-Extensions"); got != "" {
		t.Errorf("extensions %q", got)
	}
}
