package web

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// The page beside a bare net/http handler that writes the same bytes, both over loopback with clients that keep
// their connections, and both without a network, where nothing hides what the handler itself costs.
//
//	go test -run - -bench Page ./web

func BenchmarkPage(b *testing.B) {
	body, header := homeBytes(b)
	quiet := newSite(b, func(c *Config) { c.Log = slog.New(slog.DiscardHandler) })
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", header.Get("Content-Type"))
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	})
	for name, handler := range map[string]http.Handler{"shop": quiet, "bare": bare} {
		b.Run("loopback/"+name, func(b *testing.B) { overLoopback(b, handler) })
		b.Run("handler/"+name, func(b *testing.B) { inMemory(b, handler) })
	}
}

// homeBytes is the home page as it goes over the wire.
func homeBytes(b *testing.B) ([]byte, http.Header) {
	res, body := newSite(b, nil).ask("GET", "/", "Accept-Encoding", "gzip")
	if res.Header.Get("Content-Encoding") != "gzip" {
		b.Fatal("the page is not compressed")
	}
	return []byte(body), res.Header
}

// overLoopback asks for the page on one kept connection for each CPU.
func overLoopback(b *testing.B, handler http.Handler) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-served
	}()
	url := "http://" + listener.Addr().String() + "/"
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := http.NewRequest("GET", url, nil)
			if err != nil {
				b.Error(err)
				return
			}
			r.Header.Set("Accept-Encoding", "gzip")
			res, err := transport.RoundTrip(r)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	})
}

// discard is a response writer without a network.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func inMemory(b *testing.B, handler http.Handler) {
	r, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		handler.ServeHTTP(w, r)
	}
}
