package web

import (
	"net/netip"
	"strings"
	"testing"

	"sneakers23/web/forwarded"
)

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

// A proxy that is not configured is reported for each of its requests, whatever they ask for.
func TestUnnamedProxyIsNoticed(t *testing.T) {
	var heard []netip.Addr
	s := newSite(t, func(c *Config) { c.Unnamed = func(peer netip.Addr) { heard = append(heard, peer) } })
	s.ask("GET", "/healthz")
	s.ask("GET", "/healthz", "X-Forwarded-For", "203.0.113.5")
	s.ask("GET", "/nowhere", "X-Forwarded-For", "203.0.113.5")
	if len(heard) != 2 || heard[0] != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("heard of %v", heard)
	}
}
