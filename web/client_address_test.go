package web

import (
	"net/http/httptest"
	"strings"
	"testing"

	"sneakers23/web/forwarded"
)

func TestClientAddress(t *testing.T) {
	proxies, err := forwarded.Parse([]string{"127.0.0.1", "10.0.0.0/8", "fd00::/8"})
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
		{"127.0.0.1:5000", []string{"nonsense"}, "127.0.0.1"},
		{"[fd00::1]:5000", []string{"2001:db8::1"}, "2001:db8::1"},
		{"192.168.0.1:5000", []string{"192.0.2.1"}, "192.168.0.1"}, // private, and nobody named it
		{"127.0.0.2:5000", []string{"192.0.2.1"}, "127.0.0.2"},
		{"192.0.2.8:5000", []string{"127.0.0.1"}, "192.0.2.8"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		if tt.said != nil {
			r.Header["X-Forwarded-For"] = tt.said
		}
		if got := clientAddress(proxies)(r); got != tt.want {
			t.Errorf("%s says %q: got %s, want %s", tt.peer, tt.said, got, tt.want)
		}
		if got, want := clientAddress(forwarded.Proxies{})(r), tt.peer[:strings.LastIndex(tt.peer, ":")]; got != strings.Trim(want, "[]") {
			t.Errorf("%s says %q and nobody is trusted: got %s, want %s", tt.peer, tt.said, got, want)
		}
	}
}

func TestLogTellsWhoAsked(t *testing.T) {
	proxies, err := forwarded.Parse([]string{"192.0.2.1"}) // the peer of httptest's requests
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) { c.Proxies = proxies })
	s.ask("GET", "/healthz", "X-Forwarded-For", "203.0.113.5")
	if !strings.Contains(s.log.String(), "client=203.0.113.5") {
		t.Errorf("the log says %s", s.log)
	}
}
