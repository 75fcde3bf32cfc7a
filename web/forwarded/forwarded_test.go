package forwarded

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"
)

func TestScheme(t *testing.T) {
	p, err := Parse([]string{"127.0.0.1", "10.1.2.3/8", "fd00::/8", "::1", "::ffff:192.0.2.0/120"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		peer string
		said []string
		tls  bool
		want string
	}{
		{peer: "127.0.0.1:5000", said: []string{"https"}, want: "https"},
		{peer: "127.0.0.1:5000", said: []string{"HTTPS"}, want: "https"},
		{peer: "127.0.0.1:5000", said: []string{"wss"}, want: "https"},
		{peer: "127.0.0.1:5000", said: []string{"https, http"}, want: "https"},
		{peer: "127.0.0.1:5000", said: []string{"http,https"}, want: "http"},
		{peer: "127.0.0.1:5000", said: []string{"https", "http"}, want: "https"},
		{peer: "127.0.0.1:5000", said: []string{"gopher"}, want: "http"},
		{peer: "127.0.0.1:5000", said: []string{""}, want: "http"},
		{peer: "127.0.0.1:5000", want: "http"},
		{peer: "127.0.0.1:5000", tls: true, want: "https"},
		{peer: "127.0.0.1:5000", said: []string{"http"}, tls: true, want: "http"},
		{peer: "127.0.0.2:5000", said: []string{"https"}, want: "http"},
		{peer: "127.0.0.2:5000", said: []string{"http"}, tls: true, want: "https"},
		{peer: "[::ffff:127.0.0.1]:5000", said: []string{"https"}, want: "https"},
		{peer: "10.200.0.1:5000", said: []string{"https"}, want: "https"},
		{peer: "11.0.0.1:5000", said: []string{"https"}, want: "http"},
		{peer: "192.0.2.77:5000", said: []string{"https"}, want: "https"},
		{peer: "192.0.3.77:5000", said: []string{"https"}, want: "http"},
		{peer: "[fd12::1]:5000", said: []string{"https"}, want: "https"},
		{peer: "[fe80::1%eth0]:5000", said: []string{"https"}, want: "http"},
		{peer: "@", said: []string{"https"}, want: "http"}, // a Unix socket
		{peer: "", said: []string{"https"}, want: "http"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		if tt.said != nil {
			r.Header["X-Forwarded-Proto"] = tt.said
		}
		if tt.tls {
			r.TLS = new(tls.ConnectionState)
		}
		if got := p.Scheme(r); got != tt.want {
			t.Errorf("%q says %q, TLS %v: got %s, want %s", tt.peer, tt.said, tt.tls, got, tt.want)
		}
		r.Header.Del("X-Forwarded-Proto")
		if got, want := (Proxies{}).Scheme(r), map[bool]string{false: "http", true: "https"}[tt.tls]; got != want {
			t.Errorf("with nobody trusted: got %s, want %s", got, want)
		}
	}
}

func TestNobodyIsTrustedUnlessNamed(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "127.0.0.1:5000"
	r.Header.Set("X-Forwarded-Proto", "https")
	if got := (Proxies{}).Scheme(r); got != "http" {
		t.Errorf("got %s, want http", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range []string{
		"", " ", "localhost", "shop.example", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.7:80", "fe80::1%eth0",
		"fe80::1%eth0/64",
		"::ffff:0:0/95", "10.0.0.1-10.0.0.9", "*",
	} {
		if _, err := Parse([]string{"127.0.0.1", bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	p, err := Parse([]string{"127.0.0.1", "10.0.0.0/8", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		peer string
		said []string
		want string
	}{
		{"127.0.0.1:5000", nil, "127.0.0.1"},
		{"127.0.0.1:5000", []string{"192.0.2.1"}, "192.0.2.1"},
		{"127.0.0.1:5000", []string{"198.51.100.9, 192.0.2.1"}, "192.0.2.1"}, // the first is what the client says
		{"127.0.0.1:5000", []string{"198.51.100.9", "192.0.2.1, 10.0.0.9"}, "192.0.2.1"},
		{"127.0.0.1:5000", []string{"198.51.100.9, 192.0.2.1, 10.0.0.9"}, "192.0.2.1"},
		{"127.0.0.1:5000", []string{"10.0.0.8,10.0.0.9"}, "10.0.0.8"}, // all are trusted: the farthest
		{"127.0.0.1:5000", []string{"192.0.2.1:61234"}, "192.0.2.1"},
		{"127.0.0.1:5000", []string{"192.0.2.1:61234, 10.0.0.9:80"}, "192.0.2.1"},
		{"127.0.0.1:5000", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"127.0.0.1:5000", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"127.0.0.1:5000", []string{"2001:db8::1"}, "2001:db8::1"},
		{"127.0.0.1:5000", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"127.0.0.1:5000", []string{"fe80::1%eth0"}, "fe80::1"},
		{"127.0.0.1:5000", []string{"nonsense"}, "127.0.0.1"},
		{"127.0.0.1:5000", []string{""}, "127.0.0.1"},
		{"127.0.0.1:5000", []string{"192.0.2.1:port"}, "127.0.0.1"},
		{"127.0.0.1:5000", []string{"192.0.2.1, unknown, 10.0.0.9"}, "10.0.0.9"}, // the client of 10.0.0.9 is unknown
		{"[fd00::1]:5000", []string{"2001:db8::1"}, "2001:db8::1"},
		{"[::ffff:10.0.0.1]:5000", []string{"192.0.2.1"}, "192.0.2.1"},
		{"192.168.0.1:5000", []string{"192.0.2.1"}, "192.168.0.1"}, // private, and not configured
		{"127.0.0.2:5000", []string{"192.0.2.1"}, "127.0.0.2"},
		{"192.0.2.8:5000", []string{"127.0.0.1"}, "192.0.2.8"},
		{"@", []string{"192.0.2.1"}, "invalid IP"}, // a Unix socket
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		if tt.said != nil {
			r.Header["X-Forwarded-For"] = tt.said
		}
		if got := p.Client(r).String(); got != tt.want {
			t.Errorf("%s says %q: got %s, want %s", tt.peer, tt.said, got, tt.want)
		}
		if got, want := (Proxies{}).Client(r), Peer(tt.peer); got != want {
			t.Errorf("%s says %q and nobody is trusted: got %s, want %s", tt.peer, tt.said, got, want)
		}
	}
}

func TestUnnamed(t *testing.T) {
	t.Parallel()
	p, err := Parse([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		peer string
		said []string
		want bool
	}{
		{"10.0.0.1:5000", []string{"192.0.2.1"}, false},
		{"192.0.2.8:5000", nil, false},
		{"192.0.2.8:5000", []string{"192.0.2.1"}, true},
		{"[2001:db8::1]:5000", []string{"nonsense"}, true},
		{"@", []string{"192.0.2.1"}, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		if tt.said != nil {
			r.Header["X-Forwarded-For"] = tt.said
		}
		if addr, got := p.Unnamed(r); got != tt.want || got && addr != Peer(tt.peer) {
			t.Errorf("%s says %q: got %v, %v", tt.peer, tt.said, addr, got)
		}
	}
}
