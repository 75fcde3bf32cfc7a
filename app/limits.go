package app

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"sneakers23/web/forwarded"
	"sneakers23/web/quota"
)

// limits are the places of which one client, see package quota, may hold a share at a time.
type limits struct {
	connections *quota.PerClient // of HTTP, by the address of the peer, if that is no trusted proxy
	sockets     *quota.PerClient // of shoppers and of admins
	feeds       *quota.PerClient
	polls       *quota.PerClient // long-poll sessions of shoppers, and of admins
	purchases   *quota.PerClient // buyers who wait for the teller
	devices     *quota.PerClient // connections of devices
}

// Places that are not bounded by how many files the process may open.
const (
	maxPolls   = 10_000
	maxWaiting = 8192
)

// newLimits gives each client its share. For connections, sockets and feeds there are as many
// places as the process may open files.
func newLimits(c Config) limits {
	if c.NoLimits {
		return limits{}
	}
	share := func(places int) *quota.PerClient { return quota.New(max(1, int(c.AddressShare*float64(places)))) }
	files := openFiles()
	return limits{
		connections: share(files), sockets: share(files), feeds: share(files), polls: share(maxPolls),
		purchases: share(maxWaiting),
		devices:   share(maxDevices),
	}
}

// openFiles is how many files the process may open.
func openFiles() int {
	const most = 1 << 20 // where there is no limit, memory is one
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return int(min(uint64(limit.Cur), most))
}

// collectors tell how often a client was refused because of what it held already.
func (l limits) collectors() []prometheus.Collector {
	var all []prometheus.Collector
	for kind, q := range map[string]*quota.PerClient{
		"connections": l.connections, "sockets": l.sockets, "feeds": l.feeds, "polls": l.polls,
		"purchases": l.purchases,
		"devices":   l.devices,
	} {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "sneakers23_address_refused_total",
			Help:        "Requests refused because their address held its share of the places.",
			ConstLabels: prometheus.Labels{"of": kind},
		}, func() float64 { return float64(q.Refused()) }))
	}
	return all
}

// gate closes the connections of peers that hold as many as they may. One that is hijacked is no
// longer its affair: sockets and feeds have limits of their own.
type gate struct {
	limit   *quota.PerClient
	proxies forwarded.Proxies

	mu   sync.Mutex
	open map[net.Conn]netip.Prefix // that the limit has counted
}

func newGate(limit *quota.PerClient, proxies forwarded.Proxies) *gate {
	return &gate{limit: limit, proxies: proxies, open: make(map[net.Conn]netip.Prefix)}
}

// changed goes into http.Server.ConnState.
func (g *gate) changed(conn net.Conn, to http.ConnState) {
	switch to {
	case http.StateNew:
		g.enter(conn)
	case http.StateHijacked, http.StateClosed:
		g.leave(conn)
	}
}

func (g *gate) enter(conn net.Conn) {
	peer := forwarded.Peer(conn.RemoteAddr().String())
	if g.proxies.Trusts(peer) { // its clients are counted, and not itself
		return
	}
	client := quota.Network(peer)
	if !g.limit.Acquire(client) {
		_ = conn.Close() // the server finds it closed, and nothing more comes of it
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open[conn] = client
}

func (g *gate) leave(conn net.Conn) {
	g.mu.Lock()
	client, counted := g.open[conn]
	delete(g.open, conn)
	g.mu.Unlock()
	if counted {
		g.limit.Release(client)
	}
}
