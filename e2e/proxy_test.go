package e2e

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy is a line between a browser and the node that can be cut.
type proxy struct {
	URL    string
	target string
	lag    time.Duration // what comes from the node is this late

	mu    sync.Mutex
	down  bool
	open  map[net.Conn]bool
	wg    sync.WaitGroup
	close func() error
}

// newProxy makes a line to the node at url. It ends with the test.
func newProxy(t testing.TB, url string, lag time.Duration) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{
		URL: "http://" + l.Addr().String(), target: strings.TrimPrefix(url, "http://"), lag: lag,
		open: make(map[net.Conn]bool), close: l.Close,
	}
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
		_ = p.close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

// carry passes bytes both ways until one side ends or the line is cut.
func (p *proxy) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
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
	_, _ = io.Copy(lateWriter{client, p.lag}, server)
}

// lateWriter is the far end of a long line.
type lateWriter struct {
	io.Writer
	lag time.Duration
}

func (w lateWriter) Write(b []byte) (int, error) {
	time.Sleep(w.lag)
	return w.Writer.Write(b)
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
