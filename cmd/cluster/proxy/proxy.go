package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of every proxy.
const (
	dialWithin   = time.Second
	answerWithin = 70 * time.Second // for the head of an answer: a node gives up after 60 s
	closeWithin  = 10 * time.Second // for requests that are under way when the proxy stops
	// bytes, of a request or an answer: above what a node takes, which then says so itself
	maxHeader = 64 << 10
)

// Node is one of those that the proxy stands before.
type Node struct {
	Name string
	URL  string // http://host:port
}

// Config is what a proxy is made of. Nodes must be there; the zero value of every other field
// stands for its default.
type Config struct {
	Nodes []Node
	Log   *slog.Logger // default: nothing is logged

	CheckEvery  time.Duration // mean time between two questions to a node; 1 s
	CheckWithin time.Duration // how long an answer may take; 2.5 s, since a node thinks about it for 2 s at most
	MaxKept     int           // bytes of a request's body that are kept to be sent again; 64 KiB
	MaxRequests int           // that are under way at once, sockets among them; more get 503; 20,000
}

// Proxy passes requests on. Its methods may be called from any goroutine.
type Proxy struct {
	cfg       Config
	nodes     []*node
	turn      atomic.Uint64 // whose turn it is, for choose
	transport *http.Transport
	// of its own, which dials each time: a node that stops closes its listener before its
	// connections
	checks  *http.Transport
	reverse *httputil.ReverseProxy

	mu       sync.Mutex
	closing  bool
	requests map[*request]bool // all that are under way
	idle     *sync.Cond        // no request is under way any more; of mu
}

// request is one that is under way.
type request struct {
	cancel  context.CancelCauseFunc
	conn    net.Conn // the client's
	endless bool     // it is a socket or a stream by now
}

// cut ends the request on both sides: who waits for the one does not hear of the other.
func (r *request) cut() {
	r.cancel(errClosing)
	if r.conn != nil {
		_ = r.conn.Close()
	}
}

// errClosing cuts what must not outlive the proxy.
var errClosing = errors.New("proxy: the proxy stops")

// New makes a proxy, or says what is wrong with the configuration. It starts nothing.
func New(cfg Config) (*Proxy, error) {
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	cfg.CheckEvery = cmp.Or(cfg.CheckEvery, time.Second)
	cfg.CheckWithin = cmp.Or(cfg.CheckWithin, 2500*time.Millisecond)
	cfg.MaxKept = cmp.Or(cfg.MaxKept, 64<<10)
	cfg.MaxRequests = cmp.Or(cfg.MaxRequests, 20_000)
	if len(cfg.Nodes) == 0 || cfg.CheckEvery < 0 || cfg.CheckWithin < 0 || cfg.MaxKept < 0 || cfg.MaxRequests < 0 {
		return nil, errors.New("proxy: nodes are missing, or a limit is negative")
	}
	p := &Proxy{cfg: cfg, requests: make(map[*request]bool)}
	p.idle = sync.NewCond(&p.mu)
	names := make(map[string]bool)
	for _, n := range cfg.Nodes {
		u, err := url.Parse(n.URL)
		if err != nil || u.Scheme != "http" || u.Host == "" || n.URL != "http://"+u.Host {
			return nil, fmt.Errorf("proxy: node %s: %q is no address like http://127.0.0.1:4001", n.Name, n.URL)
		}
		if n.Name == "" || names[n.Name] {
			return nil, fmt.Errorf("proxy: the name %q of a node is empty or there twice", n.Name)
		}
		names[n.Name] = true
		p.nodes = append(p.nodes, &node{name: n.Name, host: u.Host, waiting: make(map[*attempt]bool)})
	}
	p.transport = &http.Transport{ // without Proxy: nothing stands between us and the nodes
		DialContext:            dial,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        30 * time.Second, // before the node closes them: it keeps them for two minutes
		ResponseHeaderTimeout:  answerWithin,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}
	p.checks = &http.Transport{DialContext: dial, DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeader}
	p.reverse = &httputil.ReverseProxy{
		// Host stays; what the client said of itself is gone
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetXForwarded() },
		Transport:      p,
		FlushInterval:  -1, // at once
		ErrorLog:       slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
		ModifyResponse: p.noteEndless,
		ErrorHandler:   p.answerError,
	}
	return p, nil
}

// Serve answers what comes to the listener and closes it when ctx ends. It is called once. The
// error is nil after an orderly stop.
func (p *Proxy) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          p.reverse.ErrorLog,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	checks, stopChecks := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, n := range p.nodes {
		wg.Go(func() { p.watch(checks, n) })
	}
	served := make(chan error, 1) // buffer 1: it ends even without a receiver
	wg.Go(func() { served <- server.Serve(listener) })
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		p.cutEndless()
		_ = server.Shutdown(limit) // out of time: the rest is cut
	}
	p.cutAll()
	stopChecks()
	_ = server.Close()
	wg.Wait()
	p.transport.CloseIdleConnections()
	return err
}

// ServeHTTP passes one request on.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	one := &request{cancel: cancel}
	one.conn, _ = ctx.Value(connKey{}).(net.Conn)
	if err := p.enter(one); err != nil {
		w.Header().Set("Connection", "close")
		answerPage(w, http.StatusServiceUnavailable)
		return
	}
	defer p.leave(one)
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(ctx, requestKey{}, one)))
}

// Keys in the context of a request: of the *request, and of the net.Conn that it came by.
type (
	requestKey struct{}
	connKey    struct{}
)

func (p *Proxy) enter(one *request) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing || len(p.requests) >= p.cfg.MaxRequests {
		return errors.New("proxy: no more requests are taken")
	}
	p.requests[one] = true
	return nil
}

func (p *Proxy) leave(one *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.requests, one)
	if len(p.requests) == 0 {
		p.idle.Broadcast()
	}
}

// noteEndless marks requests that became sockets or streams.
func (p *Proxy) noteEndless(res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if res.StatusCode != http.StatusSwitchingProtocols && kind != "text/event-stream" {
		return nil
	}
	one := res.Request.Context().Value(requestKey{}).(*request)
	p.mu.Lock()
	defer p.mu.Unlock()
	if one.endless = true; p.closing {
		one.cut()
	}
	return nil
}

// cutEndless takes no more requests, and ends those that would never end.
func (p *Proxy) cutEndless() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	for one := range p.requests {
		if one.endless {
			one.cut()
		}
	}
}

// cutAll ends all requests, and returns when they have.
func (p *Proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	for one := range p.requests {
		one.cut()
	}
	for len(p.requests) > 0 {
		p.idle.Wait()
	}
}
