// Package forwarded tells how a client asked when a proxy stands between: what the proxy says about
// it in X-Forwarded-For and X-Forwarded-Proto, and whether it may be believed. These headers are
// anybody's word: they count only in requests that come from an address that was named.
//
// X-Forwarded-Host is not read: a proxy passes the Host on, or its host is named among the origins
// of the shop.
package forwarded

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses whose headers are trusted. The zero value trusts none. It never
// changes, and may be used from any goroutine.
type Proxies struct {
	trusted []netip.Prefix // masked, IPv4 as such
}

// Parse reads addresses like 10.0.0.7 and networks like 10.0.0.0/8 or fd00::/8. The error quotes
// the first that is neither.
func Parse(texts []string) (Proxies, error) {
	var p Proxies
	for _, text := range texts {
		prefix, ok := parse(text)
		if !ok {
			return Proxies{}, fmt.Errorf("forwarded: %q is no address like 10.0.0.7 and no network like 10.0.0.0/8",
				text)
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
	if prefix.Addr().Is4In6() { // peers are compared as IPv4, so this would match none
		if prefix.Bits() < 96 {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}

// Scheme is how the client asked, "http" or "https": as the proxy says, if it may be believed, else
// as the request came.
func (p Proxies) Scheme(r *http.Request) string {
	if said := r.Header["X-Forwarded-Proto"]; len(said) > 0 && p.Trusts(peer(r)) {
		// Of several proxies each may have added its own; the first is the one that the client has
		// met. A client that sends one of its own through a proxy that adds to it deceives only
		// itself: no page can make a browser send it.
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

// Client is who asked: the peer or, where that is a trusted proxy, the last address before the
// trusted ones in X-Forwarded-For. Entries farther left come from unknown senders. An entry that
// can't be read hides the clients behind it: then Client is the proxy that wrote it. The zero Addr
// is a peer that has no address.
func (p Proxies) Client(r *http.Request) netip.Addr {
	client := peer(r)
	if !p.Trusts(client) {
		return client
	}
	for _, line := range slices.Backward(r.Header["X-Forwarded-For"]) {
		for _, entry := range slices.Backward(strings.Split(line, ",")) {
			addr, ok := parseEntry(entry)
			if !ok {
				return client
			}
			if client = addr; !p.Trusts(addr) {
				return client
			}
		}
	}
	return client
}

// parseEntry reads an address of X-Forwarded-For, which some proxies write with its port and IPv6
// in brackets.
func parseEntry(entry string) (netip.Addr, bool) {
	entry = strings.TrimSpace(entry)
	if withPort, err := netip.ParseAddrPort(entry); err == nil {
		return plain(withPort.Addr()), true
	}
	if inner, ok := strings.CutPrefix(entry, "["); ok {
		entry, _ = strings.CutSuffix(inner, "]")
	}
	addr, err := netip.ParseAddr(entry)
	return plain(addr), err == nil
}

// Unnamed reports a peer that looks like a proxy and is not trusted: it sends X-Forwarded-For.
// Behind a proxy that is not configured, all clients are one.
func (p Proxies) Unnamed(r *http.Request) (netip.Addr, bool) {
	if len(r.Header["X-Forwarded-For"]) == 0 {
		return netip.Addr{}, false
	}
	addr := peer(r)
	return addr, addr.IsValid() && !p.Trusts(addr)
}

// Trusts reports whether the peer at an address is one of the proxies.
func (p Proxies) Trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.trusted, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// peer is who sent the request, the zero Addr for one without an address.
func peer(r *http.Request) netip.Addr { return Peer(r.RemoteAddr) }

// Peer reads an address as net/http has it, host:port. Any other text is the zero Addr.
func Peer(hostPort string) netip.Addr {
	a, _ := netip.ParseAddrPort(hostPort)
	return plain(a.Addr())
}

// plain is an address as it is compared: IPv4 as such, and without a zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
