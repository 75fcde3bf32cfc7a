package e2e

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// proxy is a line between a browser and the node, or between the node and its database, that can be
// cut.
type proxy struct {
	URL     string
	network string
	target  string
	answers func(to io.Writer, from io.Reader) // carries what comes from the far end, until one of them ends

	mu   sync.Mutex
	down bool
	open map[net.Conn]bool
	wg   sync.WaitGroup
}

// newProxy makes a line to the node at url. It ends with the test.
func newProxy(t testing.TB, url string) *proxy {
	t.Helper()
	p := &proxy{network: "tcp", target: strings.TrimPrefix(url, "http://"),
		answers: func(to io.Writer, from io.Reader) {
			_, _ = io.Copy(to, from)
		}}
	p.URL = "http://" + p.start(t)
	return p
}

// start listens, and returns where.
func (p *proxy) start(t testing.TB) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.open = make(map[net.Conn]bool)
	p.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.carry(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.wg.Wait()
	})
	return l.Addr().String()
}

// carry passes bytes both ways until one side ends or the line is cut.
func (p *proxy) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial(p.network, p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.add(client, server) {
		return
	}
	defer p.remove(client, server)
	p.wg.Go(func() {
		_, _ = io.Copy(server, client)
		server.Close()
	})
	p.answers(client, server)
}

func (p *proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
	return !p.down
}

func (p *proxy) remove(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.open, c)
	}
}

// cut breaks what is open and refuses what comes, until mend.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	for c := range p.open {
		c.Close()
	}
}

func (p *proxy) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = false
}
