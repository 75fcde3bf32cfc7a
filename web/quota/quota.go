// Package quota bounds how much each client may hold of what is limited for all, so that no client
// holds all of it.
//
// A client is a network: an IPv4 address, or the /64 that an IPv6 address is in. A household has
// all addresses of a /64.
package quota

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// Network returns the client that an address belongs to. All invalid addresses are one client, the
// zero Prefix.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // the bits fit
	return network
}

// Parse is Network of an address in text.
func Parse(address string) netip.Prefix {
	a, _ := netip.ParseAddr(address) // what is none is the zero Addr
	return Network(a)
}

// Name is how a client is written: an address alone, a network of many with its length, and
// "unknown" for the zero Prefix.
func Name(client netip.Prefix) string {
	switch {
	case !client.IsValid():
		return "unknown"
	case client.IsSingleIP():
		return client.Addr().String()
	}
	return client.String()
}

// PerClient counts what each client holds. All methods may be called from any goroutine, and on
// nil, which refuses nothing.
//
// It remembers only the clients that hold something, so it never has more entries than things are
// held.
type PerClient struct {
	most    int
	refused atomic.Int64

	mu   sync.Mutex
	held map[netip.Prefix]int
}

// New lets each client hold so many. It returns nil, which refuses nothing, if most is 0.
func New(most int) *PerClient {
	if most == 0 {
		return nil
	}
	return &PerClient{most: most, held: make(map[netip.Prefix]int)}
}

// Acquire counts one more for the client, until Release. It reports false, and counts nothing, if
// the client holds as many as it may.
func (p *PerClient) Acquire(client netip.Prefix) bool {
	if p == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[client] >= p.most {
		p.refused.Add(1)
		return false
	}
	p.held[client]++
	return true
}

// Release ends what Acquire began. It must be called once for each Acquire that reported true.
func (p *PerClient) Release(client netip.Prefix) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[client]--; p.held[client] <= 0 {
		delete(p.held, client)
	}
}

// Refused returns how often Acquire has reported false.
func (p *PerClient) Refused() int64 {
	if p == nil {
		return 0
	}
	return p.refused.Load()
}
