package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/app/waittest"
)

// backend stands for a node: a real server with a handler of the test's.
type backend struct {
	*httptest.Server
	name    string
	ready   atomic.Bool
	handler http.HandlerFunc
}

// newBackend starts a node that is ready. Without a handler it says its name.
func newBackend(t *testing.T, name string, handler http.HandlerFunc) *backend {
	t.Helper()
	b := &backend{name: name, handler: handler}
	b.ready.Store(true)
	if handler == nil {
		b.handler = func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, name) }
	}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/readyz":
			b.handler(w, r)
		case !b.ready.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

// site is a proxy that serves, until the test ends or stops it.
type site struct {
	*Proxy
	URL  string
	stop func()
}

func serve(t *testing.T, cfg Config, backends ...*backend) *site {
	t.Helper()
	for _, b := range backends {
		cfg.Nodes = append(cfg.Nodes, Node{b.name, b.URL})
	}
	if cfg.CheckEvery == 0 {
		cfg.CheckEvery = 10 * time.Millisecond
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1) // buffer 1: Serve ends also when the test has failed
	go func() { done <- p.Serve(ctx, listener) }()
	s := &site{Proxy: p, URL: "http://" + listener.Addr().String()}
	s.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Serve ended with %v", err)
			}
		case <-time.After(waittest.Limit()): // it may not be the test's goroutine that stops it
			t.Errorf("Serve did not end within %v", waittest.Limit())
		}
	})
	t.Cleanup(s.stop)
	return s
}

// await waits until the nodes are known to be as wanted.
func (s *site) await(t *testing.T, want ...Health) {
	t.Helper()
	waittest.Until(t, fmt.Sprintf("the nodes are %v", want), func() bool {
		for i, state := range s.States() {
			if state.Health != want[i] {
				return false
			}
		}
		return true
	})
}

// ask sends a request and returns what came.
func (s *site) ask(t *testing.T, method, body string, change ...func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/page?q=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// count asks n times and counts who answered.
func (s *site) count(t *testing.T, n int) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for range n {
		res, body := s.ask(t, "GET", "")
		if res.StatusCode != http.StatusOK || res.Header.Get("X-Served-By") != body {
			t.Fatalf("got %d %q, served by %q", res.StatusCode, body, res.Header.Get("X-Served-By"))
		}
		counts[body]++
	}
	return counts
}

func TestRoundRobin(t *testing.T) {
	a, b, c := newBackend(t, "a", nil), newBackend(t, "b", nil), newBackend(t, "c", nil)
	s := serve(t, Config{}, a, b, c)
	s.await(t, Ready, Ready, Ready)
	for _, step := range []struct {
		what   string
		do     func()
		health [3]Health
		want   string
	}{
		{"all are ready", func() {}, [3]Health{Ready, Ready, Ready}, "map[a:10 b:10 c:10]"},
		{"b is not ready", func() { b.ready.Store(false) }, [3]Health{Ready, Unready, Ready}, "map[a:15 c:15]"},
		{"a is left out", func() { _ = s.LeaveOut("a", true) }, [3]Health{Ready, Unready, Ready}, "map[c:30]"},
		{"c is gone", c.Close, [3]Health{Ready, Unready, Down}, "map[b:30]"},
		{"a is back", func() { _ = s.LeaveOut("a", false) }, [3]Health{Ready, Unready, Down}, "map[a:30]"},
		{"b is back", func() { b.ready.Store(true) }, [3]Health{Ready, Ready, Down}, "map[a:15 b:15]"},
	} {
		step.do()
		s.await(t, step.health[:]...)
		if got := fmt.Sprint(s.count(t, 30)); got != step.want {
			t.Errorf("%s: got %s, want %s", step.what, got, step.want)
		}
	}
	if err := s.LeaveOut("d", true); err == nil {
		t.Error("a node that is none was left out")
	}
}

func TestAllAreDown(t *testing.T) {
	a, b := newBackend(t, "a", nil), newBackend(t, "b", nil)
	a.Close()
	b.Close()
	s := serve(t, Config{}, a, b)
	res, body := s.ask(t, "GET", "")
	if res.StatusCode != http.StatusBadGateway || !strings.Contains(body, "away for a moment") {
		t.Errorf("got %d %s", res.StatusCode, body)
	}
}

func TestAllAreLeftOut(t *testing.T) {
	s := serve(t, Config{}, newBackend(t, "a", nil))
	s.await(t, Ready)
	if err := s.LeaveOut("a", true); err != nil {
		t.Fatal(err)
	}
	if res, _ := s.ask(t, "GET", ""); res.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestWhatANodeIsTold(t *testing.T) {
	a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, r.Method, r.Host, r.URL, r.Header["X-Forwarded-For"], r.Header["X-Forwarded-Proto"],
			r.Header["X-Forwarded-Host"], r.Header["Forwarded"], r.Header["Cookie"])
	})
	s := serve(t, Config{}, a)
	_, got := s.ask(t, "GET", "", func(r *http.Request) {
		r.Host = "shop.example"
		r.Header = http.Header{
			"X-Forwarded-For": {"192.0.2.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.example"},
			"Forwarded": {"for=192.0.2.1"}, "Cookie": {"k=v"},
		}
	})
	want := "GET shop.example /page?q=1 [127.0.0.1] [http] [shop.example] [] [k=v]\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

func TestTooManyRequests(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool) // unbuffered: the test and the handler meet
	a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		entered <- true
		<-leave
	})
	s := serve(t, Config{MaxRequests: 1}, a)
	var wg sync.WaitGroup
	wg.Go(func() {
		if res, err := http.Get(s.URL); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("the first got %v, %v", res, err)
		}
	})
	<-entered
	if res, _ := s.ask(t, "GET", ""); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one too many got %d", res.StatusCode)
	}
	leave <- true
	wg.Wait()
}

func TestConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no nodes":     {},
		"no address":   {Nodes: []Node{{"a", "127.0.0.1:4001"}}},
		"a path":       {Nodes: []Node{{"a", "http://127.0.0.1:4001/shop"}}},
		"TLS":          {Nodes: []Node{{"a", "https://127.0.0.1:4001"}}},
		"no name":      {Nodes: []Node{{"", "http://127.0.0.1:4001"}}},
		"a name twice": {Nodes: []Node{{"a", "http://127.0.0.1:4001"}, {"a", "http://127.0.0.1:4002"}}},
		"no time":      {Nodes: []Node{{"a", "http://127.0.0.1:4001"}}, CheckEvery: -1},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
}
