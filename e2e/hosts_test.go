package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// network is a few hosts of a test's own on one machine: each is a network namespace, with a line
// to the backbone.
type network struct {
	t        testing.TB
	name     string
	prefix   string // of the hosts' addresses, like 10.77.3.
	database string // URL by which hosts reach the database
	hosts    []*host
}

// host is one machine of a network.
type host struct {
	net  *network
	name string // of its namespace
	IP   string
}

// newNetwork makes so many hosts, from which the database at url can be reached over the network.
// All of it ends with the test. It takes root's rights; in CI it is an error not to have them.
func newNetwork(t testing.TB, hosts int, url string) *network {
	t.Helper()
	if wires == nil {
		if os.Getenv("CI") != "" {
			t.Fatal("network namespaces take root's rights")
		}
		t.Skip("SKIPPED: tests that cut hosts off take root's rights (sudo make test)")
	}
	clusters.enter(t)
	n := wires.newNetwork(t)
	for i := range hosts {
		n.hosts = append(n.hosts, n.addHost(i))
	}
	n.database = n.forward(url)
	return n
}

func (n *network) addHost(i int) *host {
	n.t.Helper()
	h := &host{net: n, name: fmt.Sprintf("%s-%d", n.name, i+1), IP: fmt.Sprint(n.prefix, 11+i)}
	line := strings.TrimPrefix(h.name, wires.name) // among the other lines to the bridge
	n.ip("netns", "add", h.name)
	n.t.Cleanup(func() { n.ip("netns", "del", h.name) }) // and with it both ends of the line
	n.ip("-n", wires.bridge(), "link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", h.name)
	n.ip("-n", wires.bridge(), "link", "set", line, "master", "bridge", "up")
	n.ip("-n", h.name, "addr", "add", h.IP+"/16", "dev", "eth0")
	n.ip("-n", h.name, "link", "set", "eth0", "up")
	n.ip("-n", h.name, "link", "set", "lo", "up")
	return h
}

// ip changes the network.
func (n *network) ip(args ...string) {
	n.t.Helper()
	if err := ip(args...); err != nil {
		n.t.Error(err)
	}
}

// within makes a command run on the host.
func (h *host) within(cmd *exec.Cmd) {
	path, err := exec.LookPath("ip")
	if err != nil {
		h.net.t.Fatal(err)
	}
	cmd.Args = append([]string{"ip", "netns", "exec", h.name}, cmd.Args...)
	cmd.Args[4] = cmd.Path
	cmd.Path = path
}

// cut lets nothing of this host reach the others, and nothing of theirs reach it, without a word:
// as when a cable is pulled.
func (h *host) cut(others ...*host) {
	h.net.t.Helper()
	for _, o := range others {
		h.net.ip("-n", h.name, "route", "add", "blackhole", o.IP+"/32")
		h.net.ip("-n", o.name, "route", "add", "blackhole", h.IP+"/32")
	}
}

// mend undoes cut.
func (h *host) mend(others ...*host) {
	h.net.t.Helper()
	for _, o := range others {
		h.net.ip("-n", h.name, "route", "del", "blackhole", o.IP+"/32")
		h.net.ip("-n", o.name, "route", "del", "blackhole", h.IP+"/32")
	}
}

// cutDatabase and mendDatabase do so between the host and the database.
func (h *host) cutDatabase() {
	h.net.t.Helper()
	h.net.ip("-n", h.name, "route", "add", "blackhole", wires.database()+"/32")
}

func (h *host) mendDatabase() {
	h.net.t.Helper()
	h.net.ip("-n", h.name, "route", "del", "blackhole", wires.database()+"/32")
}

// forward lets hosts reach a database that listens on a Unix socket or on loopback, and returns its
// address for them. As the server would, it finds out by itself when a host is silent.
func (n *network) forward(url string) string {
	n.t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		n.t.Fatal(err)
	}
	alive := net.KeepAliveConfig{Enable: true, Idle: 3 * time.Second, Interval: time.Second, Count: 3}
	l, err := (&net.ListenConfig{KeepAliveConfig: alive}).Listen(context.Background(), "tcp", wires.database()+":0")
	if err != nil {
		n.t.Fatal(err)
	}
	f := &forwarder{open: make(map[net.Conn]bool)}
	f.wg.Go(func() { f.accept(l, cfg.Host, cfg.Port) })
	n.t.Cleanup(func() {
		l.Close()
		f.end()
		f.wg.Wait()
	})
	port := l.Addr().(*net.TCPAddr).Port
	dsn := fmt.Sprintf("host=%s port=%d dbname='%s' user='%s' password='%s' sslmode=disable",
		wires.database(), port, cfg.Database, cfg.User, cfg.Password)
	if schema := cfg.RuntimeParams["search_path"]; schema != "" {
		dsn += " search_path=" + schema
	}
	return dsn
}

// forwarder passes connections on to a database.
type forwarder struct {
	wg   sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]bool // nil when it has ended
}

func (f *forwarder) accept(l net.Listener, host string, port uint16) {
	network, address := pgconn.NetworkAddress(host, port)
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(network, address)
		if err != nil {
			client.Close()
			continue
		}
		pass := func(to, from net.Conn) {
			defer f.forget(to, from)
			_, _ = io.Copy(to, from)
		}
		if f.add(client, server) {
			f.wg.Go(func() { pass(server, client) })
			f.wg.Go(func() { pass(client, server) })
		}
	}
}

func (f *forwarder) add(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.open == nil {
			c.Close()
			continue
		}
		f.open[c] = true
	}
	return f.open != nil
}

func (f *forwarder) forget(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(f.open, c)
	}
}

func (f *forwarder) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.open {
		c.Close()
	}
	f.open = nil
}
