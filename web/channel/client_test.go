package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
)

// fake is a channel made of functions; those left out do nothing.
type fake struct {
	join      func(ctx context.Context, s *Socket, params json.RawMessage) (any, error)
	in        func(ctx context.Context, s *Socket, m Message) (any, error)
	terminate func(ctx context.Context, s *Socket, reason error)
}

func (f *fake) Join(ctx context.Context, s *Socket, params json.RawMessage) (any, error) {
	if f.join == nil {
		return nil, nil
	}
	return f.join(ctx, s, params)
}

func (f *fake) HandleIn(ctx context.Context, s *Socket, m Message) (any, error) {
	if f.in == nil {
		return nil, ErrUnknownEvent
	}
	return f.in(ctx, s, m)
}

func (f *fake) Terminate(ctx context.Context, s *Socket, reason error) {
	if f.terminate != nil {
		f.terminate(ctx, s, reason)
	}
}

// gate is what callbacks wait at until the test opens it: with defer, too, since a
// test that fails would hang in its clean-up else.
func gate() (wait chan struct{}, open func()) {
	wait = make(chan struct{})
	return wait, sync.OnceFunc(func() { close(wait) })
}

// routeTo leads all topics to copies of f.
func routeTo(f *fake) []Route {
	return []Route{{Pattern: "room:*", New: func() Channel { c := *f; return &c }}}
}

// site is a server that listens on the loopback.
type site struct {
	*Server
	t    testing.TB
	http *httptest.Server
}

// served has the names of the tests whose servers have had a goroutine per socket: those that
// TestEpollForm runs again.
var served sync.Map

// start serves cfg until the test ends, which must not leave a goroutine behind.
func start(t testing.TB, cfg Config) *site {
	t.Helper()
	cfg.Epoll = os.Getenv(epollForm) != ""
	if cfg.FirstPoll == 0 {
		cfg.FirstPoll = waittest.Limit() // of real time; PollSilence is less
	}
	if !cfg.Epoll {
		name, _, _ := strings.Cut(t.Name(), "/")
		served.Store(name, nil)
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Server: server, t: t, http: httptest.NewServer(server)}
	t.Cleanup(func() {
		s.http.Close()
		s.Close()
	})
	return s
}

func (s *site) url() string {
	return "ws" + strings.TrimPrefix(s.http.URL, "http") + "/socket/websocket?vsn=2.0.0"
}

// client is a WebSocket client that speaks in raw frames.
type client struct {
	*websocket.Conn
	t        testing.TB
	patience time.Duration // in a bubble, how long it waits for a frame; 0 is waittest.Limit
}

func (s *site) dial() *client {
	s.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(s.url(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return newClient(s.t, conn)
}

func newClient(t testing.TB, conn *websocket.Conn) *client {
	t.Cleanup(func() { conn.Close() })
	return &client{Conn: conn, t: t}
}

// setDeadline gives the server the time that a test waits for the next frame.
func (c *client) setDeadline() {
	patience := c.patience
	if patience == 0 {
		patience = waittest.Limit()
	}
	c.SetReadDeadline(time.Now().Add(patience))
}

func (c *client) send(frame string, args ...any) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, frame, args...)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) receive() string {
	c.t.Helper()
	return c.await("a frame")
}

func (c *client) await(what string) string {
	c.t.Helper()
	c.setDeadline()
	_, frame, err := c.ReadMessage()
	if err != nil {
		c.t.Fatalf("waiting for %s: %v", what, err)
	}
	return string(frame)
}

// want expects the next frames to be these, byte by byte.
func (c *client) want(frames ...string) {
	c.t.Helper()
	for _, frame := range frames {
		if got := c.await(frame); got != frame {
			c.t.Fatalf("got  %s\nwant %s", got, frame)
		}
	}
}

// wantNothing expects that nothing comes before the answer to a heartbeat.
func (c *client) wantNothing() {
	c.t.Helper()
	c.send(`[null,"hb","phoenix","heartbeat",{}]`)
	c.want(`[null,"hb","phoenix","phx_reply",{"status":"ok","response":{}}]`)
}

// wantClose expects the server to close the socket with the code.
func (c *client) wantClose(code int) {
	c.t.Helper()
	c.setDeadline()
	for {
		_, _, err := c.ReadMessage()
		if err == nil {
			continue // what was sent before
		}
		closed, ok := errors.AsType[*websocket.CloseError](err)
		if !ok || closed.Code != code {
			c.t.Fatalf("got %v, want close %d", err, code)
		}
		return
	}
}

// join joins a topic with the refs "1" and "1".
func (c *client) join(topic string) {
	c.t.Helper()
	c.send(`["1","1",%q,"phx_join",{}]`, topic)
	c.want(fmt.Sprintf(`["1","1",%q,"phx_reply",{"status":"ok","response":{}}]`, topic))
}

// status dials and returns how the handshake was answered.
func (s *site) status(url string, header http.Header) int {
	s.t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial(url, header)
	if err == nil {
		conn.Close()
		return http.StatusSwitchingProtocols
	}
	if response == nil {
		s.t.Fatal(err)
	}
	return response.StatusCode
}
