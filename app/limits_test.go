package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/forwarded"
	"sneakers23/web/quota"
)

// knock opens a connection from an address of this machine, asks for a page, and reports whether it
// was answered.
func knock(t *testing.T, server *httptest.Server, from string) (conn net.Conn, answered bool) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(waittest.Limit())); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: shop\r\n\r\n"); err != nil {
		return conn, false
	}
	_, err = conn.Read(make([]byte, 1))
	return conn, err == nil
}

// gated serves behind a gate until the test ends.
func gated(t *testing.T, most int, proxies ...string) *httptest.Server {
	t.Helper()
	trusted, err := forwarded.Parse(proxies)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { conn.Close() })
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		}
	}))
	server.Config.ConnState = newGate(quota.New(most), trusted).changed
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func TestConnectionsOfAnAddress(t *testing.T) {
	t.Parallel()
	server := gated(t, 3)
	var last net.Conn
	for range 3 {
		conn, ok := knock(t, server, "127.0.0.2")
		if !ok {
			t.Fatal("a connection that an address may have is refused")
		}
		last = conn
	}
	if _, ok := knock(t, server, "127.0.0.2"); ok {
		t.Error("the fourth connection of an address that may have three is answered")
	}
	if _, ok := knock(t, server, "127.0.0.3"); !ok {
		t.Error("another address is refused")
	}
	last.Close()
	waittest.Until(t, "the place of a connection that has ended is free", func() bool {
		_, ok := knock(t, server, "127.0.0.2")
		return ok
	})
}

// A trusted proxy has as many connections as its clients need.
func TestConnectionsOfATrustedProxy(t *testing.T) {
	t.Parallel()
	server := gated(t, 1, "127.0.0.2")
	for range 5 {
		if _, ok := knock(t, server, "127.0.0.2"); !ok {
			t.Fatal("a trusted proxy is refused")
		}
	}
}

// A connection that became a socket is counted as a socket only.
func TestHijackedConnectionsAreNotCounted(t *testing.T) {
	t.Parallel()
	server := gated(t, 1)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	for range 3 {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "anything")
		response, err := transport.RoundTrip(r)
		if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
			t.Fatalf("%v, %v", response, err)
		}
		t.Cleanup(func() { response.Body.Close() })
	}
}

func TestLimitsAreShares(t *testing.T) {
	t.Parallel()
	cfg := DefaultConfig()
	cfg.AddressShare = 0.001
	l := newLimits(cfg)
	for kind, tt := range map[string]struct {
		q    *quota.PerClient
		want int
	}{
		"polls": {l.polls, 10}, "purchases": {l.purchases, 8}, "sockets": {l.sockets, openFiles() / 1000},
	} {
		held := 0
		for tt.q.Acquire(quota.Parse("192.0.2.1")) {
			held++
		}
		if held != tt.want {
			t.Errorf("%s: one address may hold %d, want %d", kind, held, tt.want)
		}
	}
	cfg.NoLimits = true
	if l := newLimits(cfg); l != (limits{}) {
		t.Errorf("with --no-limits there are limits: %+v", l)
	}
}
