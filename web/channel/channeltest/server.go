package channeltest

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"

	"github.com/gorilla/websocket"
)

// patience is how long an assertion waits: ten seconds of a bubble's time, outside of one what all
// tests do.
func patience() time.Duration {
	if time.Now().Year() < 2020 { // a bubble's clock starts in 2000
		return 10 * time.Second
	}
	return waittest.Limit()
}

// Server is a server whose clients come through pipes. It ends with its test.
type Server struct {
	*channel.Server
	PubSub *pubsub.PubSub // of the config, for broadcasts from outside
	t      testing.TB
	pipes  *pipes

	mu     sync.Mutex
	probes map[int]*probe
	made   int // probes so far
}

// Start serves the config until the test ends.
func Start(t testing.TB, cfg channel.Config) *Server {
	t.Helper()
	if cfg.PubSub == nil {
		cfg.PubSub = pubsub.New()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 365 * 24 * time.Hour
	}
	s := &Server{
		PubSub: cfg.PubSub,
		t:      t,
		pipes:  &pipes{make(chan net.Conn), make(chan struct{})},
		probes: make(map[int]*probe),
	}
	cfg.Routes = s.probeAll(cfg.Routes)
	var err error
	if s.Server, err = channel.New(cfg); err != nil {
		t.Fatal(err)
	}
	web := &http.Server{Handler: s.Server}
	go web.Serve(s.pipes) // ends by Close
	t.Cleanup(func() {
		web.Close()
		s.Close()
	})
	return s
}

// Connect opens a socket with the params, or fails the test.
func (s *Server) Connect(params url.Values) *Socket {
	s.t.Helper()
	k, err := s.Dial(params, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// AssertRefused fails the test unless connecting with the params is refused with the
// HTTP status.
func (s *Server) AssertRefused(params url.Values, status int) {
	s.t.Helper()
	_, err := s.Dial(params, nil)
	refused, ok := errors.AsType[*channel.ConnectError](err)
	if !ok || refused.Status != status {
		s.t.Fatalf("connecting with %v: %v, want status %d", params, err, status)
	}
}

// Dial opens a socket with the params and the HTTP header. A refusal is a
// *[channel.ConnectError].
func (s *Server) Dial(params url.Values, header http.Header) (*Socket, error) {
	query := url.Values{"vsn": {"2.0.0"}}
	for name, values := range params {
		query[name] = values
	}
	dialer := websocket.Dialer{NetDial: s.pipes.dial}
	ws, response, err := dialer.Dial("ws://channeltest/socket/websocket?"+query.Encode(), header)
	if response != nil && errors.Is(err, websocket.ErrBadHandshake) {
		reason := make([]byte, 256)
		n, _ := response.Body.Read(reason)
		return nil, &channel.ConnectError{Status: response.StatusCode, Reason: strings.TrimSpace(string(reason[:n]))}
	}
	if err != nil {
		return nil, err
	}
	k := &Socket{server: s, t: s.t, ws: ws, frames: newInbox[frame](), read: make(chan struct{})}
	go k.receive() // ends with the connection
	s.t.Cleanup(k.Close)
	return k, nil
}

// pipes is a listener whose connections are pipes in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) dial(string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
