package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// site is a server on the loopback that can be stopped and started again, on the
// same port. The topics, and who is present on them, outlive a stop.
type site struct {
	t      testing.TB
	addr   string
	epoll  bool // sockets wait by epoll
	nodes  int  // that take the requests in turns, as behind a load balancer
	pubsub *pubsub.PubSub
	roll   *roll

	release    chan struct{} // lets one held callback go on; buffered: the sender need not wait
	terminated chan string   // topic and reason of each channel that ended; buffered for a whole scenario

	mu      sync.Mutex
	sockets map[string][]*channel.Socket // of the rooms, by topic, those that have ended too
	refused int                          // handshakes at /nowebsocket
	up      *process                     // nil while stopped
}

// process is what a stop ends.
type process struct {
	listener net.Listener
	http     *http.Server
	servers  []*channel.Server

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// start serves until the test ends.
func start(t testing.TB, epoll bool, nodes int) *site {
	t.Helper()
	s := &site{
		t:          t,
		epoll:      epoll,
		nodes:      nodes,
		pubsub:     pubsub.New(),
		release:    make(chan struct{}, 100),
		terminated: make(chan string, 1000),
		sockets:    make(map[string][]*channel.Socket),
	}
	s.roll = newRoll(t, s.pubsub)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = listener.Addr().String()
	s.serve(listener)
	t.Cleanup(func() { s.stop(0) })
	return s
}

// restart listens where the site listened before it was stopped.
func (s *site) restart() error {
	listener, err := listen(s.addr)
	if err == nil {
		s.serve(listener)
	}
	return err
}

func (s *site) serve(listener net.Listener) {
	p := &process{listener: listener, conns: make(map[net.Conn]struct{})}
	p.http = &http.Server{Handler: s.routes(p), ConnState: p.remember}
	s.mu.Lock()
	s.up = p
	s.mu.Unlock()
	go p.http.Serve(listener) // until stop
}

// listen retries: a client's own end of a connection may have got the port meanwhile.
func listen(addr string) (listener net.Listener, err error) {
	for deadline := time.Now().Add(waittest.Limit()); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		if listener, err = net.Listen("tcp", addr); err == nil {
			break
		}
	}
	return listener, err
}

// stop ends the process as a deployment does: its sockets are drained, in the time
// that is given.
func (s *site) stop(patience time.Duration) {
	s.mu.Lock()
	p := s.up
	s.up = nil
	s.mu.Unlock()
	if p == nil {
		return
	}
	p.listener.Close()
	p.http.SetKeepAlivesEnabled(false)
	var draining sync.WaitGroup
	for _, server := range p.servers {
		draining.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			server.Drain(ctx)
		})
	}
	draining.Wait()
	p.http.Close()
}

// cut breaks all connections without a word.
func (s *site) cut() {
	s.mu.Lock()
	p := s.up
	s.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	clear(p.conns)
}

// remember keeps the connections, also those that became WebSockets.
func (p *process) remember(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.conns[conn] = struct{}{}
	case http.StateClosed:
		delete(p.conns, conn)
	}
}

// brief is the Timeout of /brief. The scenarios allow for a client that has no processor for so
// long.
const brief = 800 * time.Millisecond

// routes are the kinds of socket that the scenarios need.
func (s *site) routes(p *process) http.Handler {
	mux := http.NewServeMux()
	add := func(path string, change func(*channel.Config)) {
		cfg := s.config()
		change(&cfg)
		all, err := newNodes(cfg, s.nodes)
		if err != nil {
			s.t.Error(err)
			return
		}
		p.servers = append(p.servers, all...)
		mux.Handle(path, inTurns(all))
	}
	add("/socket/", func(*channel.Config) {})
	add("/guarded/", func(c *channel.Config) { c.Connect = admit })
	add("/small/", func(c *channel.Config) { c.MaxChannels = 2 })
	add("/brief/", func(c *channel.Config) { c.Timeout = brief })
	add("/nowebsocket/", func(*channel.Config) {})
	mux.HandleFunc("/nowebsocket/websocket", s.refuse)
	add("/deaf/", func(*channel.Config) {})
	mux.HandleFunc("/deaf/websocket", listenOnly)
	return mux
}

// newNodes are servers that ask each other for sessions.
func newNodes(cfg channel.Config, n int) (nodes []*channel.Server, err error) {
	byName := make(map[string]*channel.Server)
	cfg.AskNode = func(ctx context.Context, node string, question []byte) ([]byte, error) {
		return overTheWire(ctx, byName[node], question)
	}
	for i := range n {
		cfg.Node = fmt.Sprint("node", i)
		server, err := channel.New(cfg)
		if err != nil {
			return nil, err
		}
		byName[cfg.Node] = server
		nodes = append(nodes, server)
	}
	return nodes, nil
}

// overTheWire asks as one asks over a network: the node that answers does not hear that the asker
// waits no longer.
func overTheWire(ctx context.Context, server *channel.Server, question []byte) ([]byte, error) {
	if server == nil {
		return nil, errors.New("no such node")
	}
	type reply struct {
		answer []byte
		err    error
	}
	replied := make(chan reply, 1) // one: there may be no receiver
	go func() {
		answer, err := server.AnswerNode(context.WithoutCancel(ctx), question)
		replied <- reply{answer, err}
	}()
	select {
	case r := <-replied:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inTurns gives every request to another node than the one before.
func inTurns(nodes []*channel.Server) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nodes[int(n.Add(1))%len(nodes)].ServeHTTP(w, r)
	})
}

func (s *site) config() channel.Config {
	return channel.Config{
		PubSub:  s.pubsub,
		Epoll:   s.epoll,
		Connect: connect,
		ID:      func(assigns any) string { return "user:" + assigns.(visitor).User },
		Routes: []channel.Route{
			{Pattern: "room:*", New: func() channel.Channel { return &room{site: s} }},
			{Pattern: "presence:*", New: func() channel.Channel { return &presences{site: s} }},
		},
		MaxMailbox: 1000,
	}
}

// visitor is what connect makes of a client.
type visitor struct {
	User  string `json:"user"`
	Visit string `json:"visit"`
	Vsn   string `json:"vsn"`
	Token string `json:"token"`
}

// connect lets every client in but those that ask to be refused.
func connect(info channel.ConnectInfo) (any, error) {
	switch info.Params.Get("refuse") {
	case "429":
		return nil, &channel.ConnectError{Status: http.StatusTooManyRequests, Reason: "too many requests"}
	case "":
		params := info.Params
		return visitor{params.Get("user"), params.Get("visit"), params.Get("vsn"), info.AuthToken}, nil
	}
	return nil, &channel.ConnectError{Status: http.StatusForbidden, Reason: "forbidden"}
}

// admit lets in who has an auth token of ours.
func admit(info channel.ConnectInfo) (any, error) {
	if !strings.HasPrefix(info.AuthToken, "token-") {
		return nil, errors.New("no token")
	}
	return connect(info)
}

// refuse is a proxy that knows no WebSocket.
func (s *site) refuse(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.refused++
	s.mu.Unlock()
	http.Error(w, "no upgrades here", http.StatusForbidden)
}

// listenOnly is a proxy that lets a WebSocket through, but no answer.
func listenOnly(w http.ResponseWriter, r *http.Request) {
	conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	for err == nil { // until the client or cut ends it
		_, _, err = conn.ReadMessage()
	}
}

// joined remembers a room's socket.
func (s *site) joined(socket *channel.Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets[socket.Topic()] = append(s.sockets[socket.Topic()], socket)
}
