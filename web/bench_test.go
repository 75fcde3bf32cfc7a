package web

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The home page beside a bare net/http handler that writes the same bytes.

// BenchmarkPage runs the two over loopback, in turns, so that both meet the same machine. A page
// operation is one batch to each; of-bare is the rate of the shop as a part of the rate of the bare
// handler.
func BenchmarkPage(b *testing.B) {
	const batch = 2000
	shop, bare := handlers(b)
	shopClients, bareClients := dial(b, shop), dial(b, bare)
	shopClients.ask(b, batch, getHome, "HTTP/1.1 200 OK")
	bareClients.ask(b, batch, getHome, "HTTP/1.1 200 OK")
	var shopTook, bareTook time.Duration
	for b.Loop() {
		shopTook += shopClients.ask(b, batch, getHome, "HTTP/1.1 200 OK")
		bareTook += bareClients.ask(b, batch, getHome, "HTTP/1.1 200 OK")
	}
	b.ReportMetric(bareTook.Seconds()/shopTook.Seconds(), "of-bare")
	b.ReportMetric(float64(b.N*batch)/shopTook.Seconds(), "pages/s")
	b.ReportMetric(float64(b.N*batch)/bareTook.Seconds(), "bare/s")
}

// BenchmarkHandler leaves the network out: what the handlers themselves cost.
func BenchmarkHandler(b *testing.B) {
	shop, bare := handlers(b)
	b.Run("shop", func(b *testing.B) { inMemory(b, shop) })
	b.Run("bare", func(b *testing.B) { inMemory(b, bare) })
}

func handlers(b *testing.B) (shop, bare http.Handler) {
	quiet := newSite(b, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
	res, body := quiet.ask("GET", "/", "Accept-Encoding", "gzip")
	if res.Header.Get("Content-Encoding") != "gzip" {
		b.Fatal("the page is not compressed")
	}
	page := []byte(body)
	return quiet, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		_, _ = w.Write(page)
	})
}

// clients are kept connections. They do as little as they can, to leave the CPU to the server.
type clients []*bufio.ReadWriter

// dial opens two connections for each CPU.
func dial(b *testing.B, handler http.Handler) clients {
	return dialMany(b, handler, 2*runtime.GOMAXPROCS(0))
}

func dialMany(b *testing.B, handler http.Handler, n int) clients {
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	cs := make(clients, n)
	for i := range cs {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		cs[i] = bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
	}
	return cs
}

const getHome = "GET / HTTP/1.1\r\nHost: shop\r\nAccept: text/html\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"

// ask sends a request n times over all connections and tells how long that took. Each answer must
// begin with that line.
func (cs clients) ask(b *testing.B, n int, request, want string) time.Duration {
	start := time.Now()
	var all sync.WaitGroup
	for _, conn := range cs {
		all.Go(func() {
			for range n / len(cs) {
				if err := ask(conn, request, want); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(start)
}

func ask(conn *bufio.ReadWriter, request, want string) error {
	_, _ = conn.WriteString(request)
	if err := conn.Flush(); err != nil {
		return err
	}
	length, chunked := 0, false
	for first := true; ; first = false {
		raw, err := conn.ReadSlice('\n')
		if err != nil {
			return err
		}
		line := strings.TrimRight(string(raw), "\r\n")
		if first && line != want {
			return fmt.Errorf("got %s", line)
		}
		if value, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		}
		chunked = chunked || line == "Transfer-Encoding: chunked"
		switch {
		case line == "" && chunked:
			return discardChunks(conn)
		case line == "":
			_, err := conn.Discard(length)
			return err
		}
	}
}

func discardChunks(conn *bufio.ReadWriter) error {
	for {
		line, err := conn.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(strings.TrimRight(string(line), "\r\n"), 16, 32)
		if err != nil {
			return err
		}
		if _, err := conn.Discard(int(size) + len("\r\n")); err != nil || size == 0 {
			return err
		}
	}
}

// discard is a response writer without a network.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func inMemory(b *testing.B, handler http.Handler) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		handler.ServeHTTP(w, r)
	}
}
