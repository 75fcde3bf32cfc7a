package gateway

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
)

// site is a server that listens, and the shelf behind it.
type site struct {
	*Server
	t     testing.TB
	shelf *shelf
	dial  func() net.Conn

	patience time.Duration // of its clients; waiting for long takes no time in a bubble
}

// inBubble is longer than all waits in a bubble.
const inBubble = 24 * time.Hour

// start starts a server on the loopback. cfg.Store may be missing.
func start(t testing.TB, cfg Config) *site {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startOn(t, cfg, listener, func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	})
}

func startOn(t testing.TB, cfg Config, listener net.Listener, dial func() net.Conn) *site {
	t.Helper()
	shelf := newShelf()
	if cfg.Store == nil {
		cfg.Store = shelf
	}
	if cfg.WrongKeyWait == 0 {
		cfg.WrongKeyWait = time.Millisecond
	}
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1) // the end of Serve
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Drain(atOnce())
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return &site{server, t, shelf, dial, waittest.Limit()}
}

func atOnce() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// pipes is a listener whose connections are pipes, so that time in a bubble of synctest passes
// while all goroutines wait for the network.
type pipes struct {
	conns chan net.Conn // no buffer: dial returns when its connection is accepted
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// startInBubble must be called within synctest.Test.
func startInBubble(t testing.TB, cfg Config) *site {
	t.Helper()
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	s := startOn(t, cfg, p, func() net.Conn {
		ours, theirs := net.Pipe()
		p.conns <- theirs
		return ours
	})
	s.patience = inBubble
	return s
}

// client is a device.
type client struct {
	net.Conn
	t     testing.TB
	site  *site
	lines *bufio.Reader
	key   devices.Key
}

func (s *site) connect() *client {
	s.t.Helper()
	conn := s.dial()
	s.t.Cleanup(func() { conn.Close() })
	return &client{Conn: conn, t: s.t, site: s, lines: bufio.NewReader(conn)}
}

// verified connects a device that is added before.
func (s *site) verified(number int) *client {
	s.t.Helper()
	key := s.shelf.add(number)
	return s.connect().verify(key)
}

// verify verifies a key that is good.
func (c *client) verify(key devices.Key) *client {
	c.t.Helper()
	c.key = key
	c.send("v:" + string(key))
	c.want("OK")
	return c
}

// send sends lines, with their ends.
func (c *client) send(lines ...string) {
	c.t.Helper()
	c.write(strings.Join(lines, "\n") + "\n")
}

// write sends text as it is.
func (c *client) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// log is the line that logs messages.
func (c *client) log(messages ...string) string {
	var objects []string
	for i, m := range messages {
		objects = append(objects, fmt.Sprintf(`{"message":%q,"timestamp":%d}`, m, i))
	}
	return c.line('l', "["+strings.Join(objects, ",")+"]")
}

// line is one with a payload.
func (c *client) line(verb byte, payload string) string {
	return fmt.Sprintf("%c:%s:%s", verb, string(c.key), base64.StdEncoding.EncodeToString([]byte(payload)))
}

// receive returns the next line from the server.
func (c *client) receive() (string, error) {
	c.SetReadDeadline(time.Now().Add(c.site.patience))
	text, err := c.lines.ReadString('\n')
	return strings.TrimSuffix(text, "\n"), err
}

// want expects a line.
func (c *client) want(text string) {
	c.t.Helper()
	if got, err := c.receive(); err != nil || got != text {
		c.t.Fatalf("got %q, %v, want %q", got, err, text)
	}
}

// wantVariables expects a line that sends variables, and returns their JSON.
func (c *client) wantVariables() string {
	c.t.Helper()
	got, err := c.receive()
	if err != nil {
		c.t.Fatal(err)
	}
	payload, ok := strings.CutPrefix(got, "v:"+string(c.key)+":")
	array, err := base64.StdEncoding.DecodeString(payload)
	if !ok || err != nil {
		c.t.Fatalf("got %q, %v, want variables", got, err)
	}
	return string(array)
}

// wantEnd expects the end of the stream.
func (c *client) wantEnd() {
	c.t.Helper()
	if got, err := c.receive(); !errors.Is(err, io.EOF) || got != "" {
		c.t.Fatalf("got %q, %v, want the end", got, err)
	}
}

// sync returns when the server has handled all that was sent before, and has answered nothing else.
func (c *client) sync() {
	c.t.Helper()
	c.send("v:" + string(c.key))
	c.want("OK")
}

// gone waits until the server has no connection left.
func (s *site) gone() {
	s.t.Helper()
	waittest.Until(s.t, "the end of all connections", func() bool { return s.Count() == 0 })
}
