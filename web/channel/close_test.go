package channel

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"sneakers23/replication/pubsub"

	"github.com/gorilla/websocket"
)

func TestBadFrames(t *testing.T) {
	site := start(t, Config{MaxFrame: 1000, Routes: routeTo(&fake{})})
	other := site.dial()
	other.join("room:a")
	for name, test := range map[string]struct {
		opcode int
		frame  string
		code   int
	}{
		"no JSON":         {websocket.TextMessage, `hello`, 1011},
		"empty":           {websocket.TextMessage, ``, 1011},
		"an object":       {websocket.TextMessage, `{"topic":"room:a"}`, 1011},
		"four":            {websocket.TextMessage, `["1","2","room:a","echo"]`, 1011},
		"six":             {websocket.TextMessage, `["1","2","room:a","echo",{},1]`, 1011},
		"topic a number":  {websocket.TextMessage, `["1","2",3,"echo",{}]`, 1011},
		"topic null":      {websocket.TextMessage, `["1","2",null,"echo",{}]`, 1011},
		"event an object": {websocket.TextMessage, `["1","2","room:a",{},{}]`, 1011},
		"two values":      {websocket.TextMessage, `["1","2","room:a","echo",{}] []`, 1011},
		"binary":          {websocket.BinaryMessage, "\x00garbage", 1011},
		"not UTF-8":       {websocket.TextMessage, "[null,\"1\",\"room:\xff\",\"echo\",{}]", 1007},
		"too large": {
			websocket.TextMessage, `["1","2","room:a","echo","` + strings.Repeat("x", 1000) + `"]`, 1009,
		},
		"far too large": {websocket.TextMessage, strings.Repeat("x", sized(10<<20, 2<<20)), 1009},
	} {
		t.Run(name, func(t *testing.T) {
			c := site.dial()
			c.t = t
			c.WriteMessage(test.opcode, []byte(test.frame)) // the server may close while it is sent
			c.wantClose(test.code)
		})
	}
	other.wantNothing()
}

func TestBrokenWebSocketFrame(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	c := site.dial()
	c.NetConn().Write([]byte{0x81, 0x02, '[', ']'}) // a client must mask
	c.wantClose(websocket.CloseProtocolError)
}

func TestClientCloses(t *testing.T) {
	reasons := make(chan error, 1)
	site := start(t, Config{Routes: routeTo(&fake{
		terminate: func(_ context.Context, _ *Socket, reason error) { reasons <- reason },
	})})
	c := site.dial()
	c.join("room:a")
	c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""))
	c.wantClose(1000)
	if reason := <-reasons; reason != ErrSocketClosed {
		t.Errorf("terminated with %v, want %v", reason, ErrSocketClosed)
	}
	site.Close()
	if n := site.Sockets(); n != 0 {
		t.Errorf("%d sockets are open", n)
	}
}

// The client that got our close frame sees the end of the stream.
func TestCloseEndsTheStream(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	c := site.dial()
	c.send(`nonsense`)
	c.wantClose(1011)
	c.setDeadline()
	if _, err := c.NetConn().Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want the end", err)
	}
}

func TestPing(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	c := site.dial()
	pongs := make(chan string, 1)
	c.SetPongHandler(func(data string) error { pongs <- data; return nil })
	c.WriteMessage(websocket.PingMessage, []byte("are you there?"))
	c.wantNothing()
	if got := <-pongs; got != "are you there?" {
		t.Errorf("pong %q", got)
	}
}

func TestDisconnect(t *testing.T) {
	ps := pubsub.New()
	site := start(t, Config{
		PubSub:  ps,
		Connect: func(info ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		ID:      func(assigns any) string { return "users:" + assigns.(string) },
		Routes:  routeTo(&fake{}),
	})
	ann, bob := site.dialAs("ann"), site.dialAs("bob")
	ann.join("room:a")
	bob.join("room:a")
	ps.Broadcast("users:ann", "something", nil)
	ann.wantNothing()
	ps.Broadcast("users:ann", "disconnect", nil)
	ann.wantClose(websocket.CloseGoingAway)
	bob.wantNothing()
	bob.Close() // it would not answer the close
	site.Close()
	if n := ps.Count("users:ann") + ps.Count("users:bob"); n != 0 {
		t.Errorf("%d closed sockets listen to their ids", n)
	}
}

// A message that never becomes whole is no sign of life.
func TestDripIsSilence(t *testing.T) {
	const timeout = 400 * time.Millisecond
	site := start(t, Config{Timeout: timeout, Routes: routeTo(&fake{})})
	c := site.dial()
	stop, end := gate()
	defer end()
	var dripping sync.WaitGroup
	dripping.Go(func() {
		tick := time.NewTicker(timeout / 8)
		defer tick.Stop()
		// masked by zeros
		header := []byte{0x80 | websocket.TextMessage, 0x80 | 126, 1000 >> 8, 1000 & 0xff, 0, 0, 0, 0}
		for _, b := range append(header, strings.Repeat("x", 1000)...) {
			select {
			case <-tick.C:
				c.NetConn().Write([]byte{b})
			case <-stop:
				return
			}
		}
	})
	c.wantClose(websocket.CloseProtocolError)
	end()
	dripping.Wait()
}

// A close that comes while the client is talking arrives behind what was answered.
func TestDisconnectWhileTalking(t *testing.T) {
	site := start(t, Config{ID: func(any) string { return "everybody" }, Routes: routeTo(&fake{})})
	for range sized(100, 30) {
		c := site.dial()
		c.wantNothing()
		for range 5 {
			c.WriteMessage(websocket.TextMessage, []byte(`[null,"1","phoenix","heartbeat",{}]`))
		}
		site.cfg.PubSub.Broadcast("everybody", "disconnect", nil)
		for range 5 { // may fail: the socket is closed
			c.WriteMessage(websocket.TextMessage, []byte(`[null,"1","phoenix","heartbeat",{}]`))
		}
		c.wantClose(websocket.CloseGoingAway)
		c.Close()
	}
}

func (s *site) dialAs(user string) *client {
	s.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(s.url()+"&user="+user, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return newClient(s.t, conn)
}
