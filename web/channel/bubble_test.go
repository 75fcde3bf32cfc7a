package channel

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/conns"

	"github.com/gorilla/websocket"
)

// pipes is a listener whose connections are pipes, so that time in a bubble passes while all
// goroutines wait for the network.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) dial(string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
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

// inBubble is how long a client in a bubble waits, where that takes no time.
const inBubble = time.Hour

// bubble is a server that listens on pipes.
type bubble struct {
	*Server
	t     *testing.T
	pipes *pipes
	web   *http.Server
}

// startInBubble must be called within synctest.Test.
func startInBubble(t *testing.T, cfg Config) *bubble {
	t.Helper()
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := &bubble{server, t, &pipes{make(chan net.Conn), make(chan struct{})}, &http.Server{Handler: server}}
	go b.web.Serve(b.pipes)
	t.Cleanup(func() {
		b.web.Close()
		server.Close()
	})
	return b
}

func (b *bubble) dial() *client {
	b.t.Helper()
	dialer := websocket.Dialer{NetDial: b.pipes.dial}
	conn, _, err := dialer.Dial("ws://bubble/socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	c := newClient(b.t, conn)
	c.patience = inBubble
	return c
}

// goroutines counts those that run the function, named with its package, when all have come to
// rest.
func goroutines(function string) int {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), function+"(")
}

func TestSilentSocketIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		c := site.dial()
		c.join("room:a")
		heard := time.Now()
		c.wantClose(websocket.CloseProtocolError)
		if silent := time.Since(heard); silent != 60*time.Second {
			t.Errorf("closed after %v, want 60s", silent)
		}
		c.Close()
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are open", n)
		}
	})
}

// A client that is gone without a word costs nothing for long.
func TestSilentSocketThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Timeout: 30 * time.Second, Routes: routeTo(&fake{})})
		c := site.dial()
		c.join("room:a")
		time.Sleep(30*time.Second + conns.CloseWait + time.Millisecond)
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are open", n)
		}
	})
}

func TestEverythingIsLife(t *testing.T) {
	for name, sign := range map[string]func(*client){
		"heartbeat": func(c *client) { c.wantNothing() },
		"event":     func(c *client) { c.send(`["1","2","room:a","quiet",{}]`) },
		"ping":      func(c *client) { c.WriteMessage(websocket.PingMessage, nil) },
		"pong":      func(c *client) { c.WriteMessage(websocket.PongMessage, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := startInBubble(t, Config{WriteTimeout: time.Hour, Routes: routeTo(&fake{in: echo})})
				c := site.dial()
				c.join("room:a")
				var pongs int
				c.SetPongHandler(func(string) error { pongs++; return nil })
				for range 5 {
					time.Sleep(59 * time.Second)
					sign(c)
				}
				c.wantNothing()
				if want := map[string]int{"ping": 5}[name]; pongs != want {
					t.Errorf("%d pongs, want %d", pongs, want)
				}
				c.Close()
			})
		})
	}
}

// Over a connection that cannot be written to without waiting, a client that does
// not read is cut off as well, and what it got is whole frames.
func TestSlowReaderOnAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{MaxQueue: 1000, Routes: routeTo(&fake{})})
		slow, quick := site.dial(), site.dial()
		slow.join("room:a")
		quick.join("room:a")
		for range 20 {
			site.cfg.PubSub.Broadcast("room:a", "noise", json.RawMessage(`"`+strings.Repeat("x", 100)+`"`))
			quick.receive()
			time.Sleep(conns.BurstWait / 10)
		}
		time.Sleep(conns.CloseWait) // less than the WriteTimeout
		synctest.Wait()
		if n := site.Sockets(); n != 1 {
			t.Errorf("%d sockets are open, want 1", n)
		}
		if n := site.cfg.PubSub.Count("room:a"); n != 1 {
			t.Errorf("%d are subscribed, want 1", n)
		}
		slow.NetConn().SetReadDeadline(time.Time{})
		if _, err := io.Copy(io.Discard, slow.NetConn()); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("reading what is left: %v", err)
		}
		quick.wantNothing()
		quick.Close()
	})
}

// One that asks for pongs and takes none is cut off, too.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{MaxQueue: 1000, WriteTimeout: time.Hour, Routes: routeTo(&fake{})})
		c := site.dial()
		for range 30 { // each counts 72 bytes and more
			c.WriteMessage(websocket.PingMessage, []byte("and this one?"))
			time.Sleep(conns.BurstWait / 10)
		}
		time.Sleep(2*conns.CloseWait + time.Second)
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are open", n)
		}
		c.Close()
	})
}

// A client that takes not even one frame is cut off by the write timeout, though
// its queue is not full.
func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Timeout: time.Hour, WriteTimeout: 5 * time.Second, Routes: routeTo(&fake{})})
		c := site.dial()
		c.join("room:a")
		site.cfg.PubSub.Broadcast("room:a", "noise", nil)
		time.Sleep(5*time.Second - time.Millisecond)
		synctest.Wait()
		if n := site.Sockets(); n != 1 {
			t.Errorf("after 5 s less 1 ms: %d sockets are open, want 1", n)
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("after 5 s: %d sockets are open, want 0", n)
		}
	})
}
