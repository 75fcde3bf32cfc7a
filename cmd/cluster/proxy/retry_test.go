package proxy

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// breakOff reads the request's body, or some of it, and cuts the connection.
func breakOff(t *testing.T, calls *atomic.Int64, read int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.CopyN(io.Discard, r.Body, read)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// echoBody answers with what it was sent.
func echoBody(calls *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body) // whole: the server reads no more once the answer begins
		_, _ = w.Write(body)
	}
}

// checkCalls sees how often each of two nodes was asked.
func checkCalls(t *testing.T, a, b *atomic.Int64, wantA, wantB int64) {
	t.Helper()
	if a.Load() != wantA || b.Load() != wantB {
		t.Errorf("a was asked %d times, b %d times, want %d and %d", a.Load(), b.Load(), wantA, wantB)
	}
}

func TestNextNodeAfterABrokenConnection(t *testing.T) {
	chunked := func(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(iotest.OneByteReader(r.Body)) }
	same := func(*http.Request) {}
	for name, tt := range map[string]struct {
		method string
		size   int
		read   int64 // how much of the body the first node reads
		change func(*http.Request)
		status int
	}{
		"GET":                          {"GET", 0, 0, same, 200},
		"a form":                       {"POST", 100, 100, same, 200},
		"a form that nobody has read":  {"POST", 100, 0, same, 200},
		"a form of which half is read": {"POST", 100, 50, same, 200},
		"chunks":                       {"POST", 100, 50, chunked, 200},
		"all that is kept":             {"POST", 64 << 10, 64 << 10, same, 200},
		"more than is kept":            {"POST", 64<<10 + 1, 64<<10 + 1, same, 502},
		"more chunks than are kept":    {"POST", 64<<10 + 1, 64<<10 + 1, chunked, 502},
	} {
		t.Run(name, func(t *testing.T) {
			var callsA, callsB atomic.Int64
			a, b := newBackend(t, "a", breakOff(t, &callsA, tt.read)), newBackend(t, "b", echoBody(&callsB))
			b.ready.Store(false) // so that a is asked first
			s := serve(t, Config{}, a, b)
			s.await(t, Ready, Unready)
			body := strings.Repeat("0123456789", tt.size/10+1)[:tt.size]
			res, got := s.ask(t, tt.method, body, tt.change)
			if res.StatusCode != tt.status || tt.status == 200 && got != body {
				t.Errorf("got %d with %d bytes, want %d with %d", res.StatusCode, len(got), tt.status, len(body))
			}
			checkCalls(t, &callsA, &callsB, 1, map[int]int64{200: 1, 502: 0}[tt.status])
		})
	}
}

func TestNextNodeAfterAFailedDial(t *testing.T) {
	var calls atomic.Int64
	a, b := newBackend(t, "a", nil), newBackend(t, "b", echoBody(&calls))
	b.ready.Store(false)
	s := serve(t, Config{CheckEvery: time.Hour}, a, b) // only the first question is asked
	s.await(t, Ready, Unready)
	a.Close()
	body := strings.Repeat("x", 1<<20) // however much: none of it was read
	if res, got := s.ask(t, "POST", body); res.StatusCode != 200 || got != body {
		t.Errorf("got %d with %d bytes", res.StatusCode, len(got))
	}
	s.await(t, Down, Unready)
}

func TestEachNodeOnce(t *testing.T) {
	var callsA, callsB atomic.Int64
	s := serve(t, Config{}, newBackend(t, "a", breakOff(t, &callsA, 3)), newBackend(t, "b", breakOff(t, &callsB, 3)))
	s.await(t, Ready, Ready)
	if res, _ := s.ask(t, "POST", "abc"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d", res.StatusCode)
	}
	checkCalls(t, &callsA, &callsB, 1, 1)
}

func TestNextNodeAfter503(t *testing.T) {
	refuse := func(calls *atomic.Int64) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "not now")
		}
	}
	t.Run("that has an answer", func(t *testing.T) {
		var callsA, callsB atomic.Int64
		a, b := newBackend(t, "a", refuse(&callsA)), newBackend(t, "b", echoBody(&callsB))
		b.ready.Store(false)
		s := serve(t, Config{}, a, b)
		s.await(t, Ready, Unready)
		if res, got := s.ask(t, "POST", "a form"); res.StatusCode != 200 || got != "a form" {
			t.Errorf("got %d %q", res.StatusCode, got)
		}
		checkCalls(t, &callsA, &callsB, 1, 1)
	})
	t.Run("that refuses too", func(t *testing.T) {
		var callsA, callsB atomic.Int64
		s := serve(t, Config{}, newBackend(t, "a", refuse(&callsA)), newBackend(t, "b", refuse(&callsB)))
		s.await(t, Ready, Ready)
		if res, got := s.ask(t, "POST", "a form"); res.StatusCode != 503 || got != "not now" {
			t.Errorf("got %d %q", res.StatusCode, got)
		}
		checkCalls(t, &callsA, &callsB, 1, 1)
	})
	t.Run("that is gone", func(t *testing.T) {
		var calls atomic.Int64
		a, b := newBackend(t, "a", refuse(&calls)), newBackend(t, "b", nil)
		b.Close()
		s := serve(t, Config{}, a, b)
		s.await(t, Ready, Down)
		if res, got := s.ask(t, "GET", ""); res.StatusCode != 503 || got != "not now" {
			t.Errorf("got %d %q", res.StatusCode, got)
		}
	})
}

// TestSilentNode hangs a node: it takes connections and says nothing.
func TestSilentNode(t *testing.T) {
	// the latter buffered: it is told once, and the handler goes on
	silent, asked := make(chan bool), make(chan bool, 1)
	hung := new(atomic.Bool)
	a := newBackend(t, "a", func(http.ResponseWriter, *http.Request) {
		hung.Store(true)
		asked <- true
		<-silent
	})
	ready := a.Config.Handler
	a.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" && hung.Load() {
			<-silent
		}
		ready.ServeHTTP(w, r)
	})
	t.Cleanup(func() { close(silent) }) // before the server is closed, which waits for it
	b := newBackend(t, "b", nil)
	b.ready.Store(false)
	s := serve(t, Config{CheckWithin: time.Second}, a, b)
	s.await(t, Ready, Unready)
	if res, got := s.ask(t, "POST", "a form"); res.StatusCode != 200 || got != "b" {
		t.Errorf("got %d %q", res.StatusCode, got)
	}
	<-asked
	s.await(t, Down, Unready)
}

func TestBrokenBodyOfAClient(t *testing.T) {
	var calls atomic.Int64
	s := serve(t, Config{}, newBackend(t, "a", echoBody(&calls)), newBackend(t, "b", echoBody(&calls)))
	s.await(t, Ready, Ready)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 400" {
		t.Errorf("got %q, %v", answer, err)
	}
	if calls.Load() > 1 {
		t.Errorf("%d nodes were asked", calls.Load())
	}
}
