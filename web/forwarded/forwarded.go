// Package forwarded tells how a client asked when a proxy stands between: what the proxy says about it in X-Forwarded-For
// and X-Forwarded-Proto, and whether it may be believed. These headers are anybody's word: they count only in requests
// that come from an address that was named.
//
// X-Forwarded-Host is not read: a proxy passes the Host on, or its host is named among the origins of the shop.
package forwarded

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses whose word is taken. The zero value trusts nobody. It never changes, and may be used from
// any goroutine.
type Proxies struct {
	trusted []netip.Prefix // masked, IPv4 as such
}

// Parse reads addresses like 10.0.0.7 and networks like 10.0.0.0/8 or fd00::/8. The error quotes the first that is neither.
func Parse(texts []string) (Proxies, error) {
	var p Proxies
	for _, text := range texts {
		prefix, ok := parse(text)
		if !ok {
			return Proxies{}, fmt.Errorf("forwarded: %q is no address like 10.0.0.7 and no network like 10.0.0.0/8", text)
		}
		p.trusted = append(p.trusted, prefix)
	}
	return p, nil
}

func parse(text string) (netip.Prefix, bool) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if prefix.Addr().Is4In6() { // peers are compared as IPv4, so this would match nobody
		if prefix.Bits() < 96 {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}

// Networks lists what is trusted, for those who take it in the form of package net.
func (p Proxies) Networks() []*net.IPNet {
	var networks []*net.IPNet
	for _, prefix := range p.trusted {
		networks = append(networks, &net.IPNet{
			IP:   prefix.Addr().AsSlice(),
			Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
		})
	}
	return networks
}

// Scheme is how the client asked, "http" or "https": as the proxy says, if it may be believed, else as the request came.
func (p Proxies) Scheme(r *http.Request) string {
	if said := r.Header["X-Forwarded-Proto"]; len(said) > 0 && p.trusts(r.RemoteAddr) {
		// Of several proxies each may have added its own; the first is the one that the client has met. Who sends one of
		// his own through a proxy that adds to it deceives only himself: no page can make a browser send it.
		first, _, _ := strings.Cut(said[0], ",")
		switch strings.ToLower(strings.TrimSpace(first)) {
		case "https", "wss": // some say wss where a WebSocket is asked for
			return "https"
		case "http", "ws":
			return "http"
		}
	}
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// trusts tells whether the peer at address, host:port, is one of the proxies.
func (p Proxies) trusts(address string) bool {
	if len(p.trusted) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	addr := peer.Addr().Unmap().WithZone("")
	return slices.ContainsFunc(p.trusted, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}
