package channel

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"sneakers23/replication/pubsub"

	"github.com/gorilla/websocket"
)

// conn is one client's connection. Its goroutine, serve, reads; it is all that an
// idle one costs. Frames leave through out.
type conn struct {
	srv     *Server
	ws      *websocket.Conn
	door    *door
	assigns any
	out     outbox
	actors  sync.WaitGroup // goroutines of channels

	mu        sync.Mutex
	closing   bool               // close was called
	lingering bool               // serve reads no messages any more
	channels  map[string]*Socket // by topic, those that are joined or joining
	replacing int                // joins that wait for the end of the channel before them
	tasks     int                // of all its channels
}

func newConn(s *Server, ws *websocket.Conn, d *door, assigns any) *conn {
	c := &conn{srv: s, ws: ws, door: d, assigns: assigns}
	c.out.init(d.Conn, &s.flusher, s.cfg.MaxQueue, s.cfg.WriteTimeout)
	ws.SetReadLimit(int64(s.cfg.MaxFrame))
	ws.SetPingHandler(func(data string) error {
		c.send(pongFrame(data))
		return c.awaitMore()
	})
	ws.SetPongHandler(func(string) error { return c.awaitMore() })
	ws.SetCloseHandler(func(int, string) error { return nil }) // serve answers
	return c
}

// serve is the life of a socket. It returns when every goroutine of the socket has
// ended.
func (c *conn) serve(id string) {
	defer c.srv.forget(c)
	if id != "" {
		defer c.srv.cfg.PubSub.Subscribe(id, (*remoteControl)(c)).Unsubscribe()
	}
	err := c.read()
	c.answerClose(err)
	c.endChannels()
	c.linger(err)
	<-c.out.done
	c.door.Conn.Close()
	c.actors.Wait()
}

// remoteControl listens to the topic that is named like the socket.
type remoteControl conn

// Deliver closes the socket when told so.
func (r *remoteControl) Deliver(m *pubsub.Message) {
	if m.Event == "disconnect" {
		(*conn)(r).close(websocket.CloseGoingAway, "disconnected", false)
	}
}

// messages are read into buffers of this pool.
var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read handles what the client sends, until it sends no more or too bad.
func (c *conn) read() error {
	for {
		if err := c.awaitMore(); err != nil {
			return err
		}
		opcode, r, err := c.ws.NextReader()
		if err != nil {
			return err
		}
		m, err := c.readMessage(opcode, r)
		if err != nil {
			return err
		}
		c.dispatch(m)
	}
}

func (c *conn) readMessage(opcode int, r io.Reader) (message, error) {
	buf := messages.Get().(*bytes.Buffer)
	defer messages.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(r); err != nil {
		return message{}, err
	}
	return v2{}.decode(opcode, buf.Bytes())
}

// awaitMore gives the client the time it may be silent.
func (c *conn) awaitMore() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return errShut
	}
	return c.door.SetReadDeadline(time.Now().Add(c.srv.cfg.Timeout))
}

// close sends a close frame, after what waits or instead of it, and ends the
// socket. It returns at once, may be called from anywhere, many times, and reports
// whether this was the first.
func (c *conn) close(code int, reason string, drop bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	first := c.out.finish(closeFrame(code, reason), drop)
	if first && !c.lingering {
		c.door.SetReadDeadline(time.Unix(1, 0)) // wakes serve
	}
	return first
}

// answerClose closes a socket whose reading ended with err, each in its way.
func (c *conn) answerClose(err error) {
	var timeout net.Error
	closed, byClient := errors.AsType[*websocket.CloseError](err)
	switch {
	case errors.Is(err, errNoMessage):
		c.close(websocket.CloseInternalServerErr, "not a message", false)
	case errors.Is(err, errNotUTF8):
		c.close(websocket.CloseInvalidFramePayloadData, "not UTF-8", false)
	case c.door.last != nil:
		c.out.finish(c.door.last, false)
	case byClient && closed.Code != websocket.CloseAbnormalClosure:
		c.out.finish(closeFrame(closed.Code, ""), false)
	case errors.As(err, &timeout) && timeout.Timeout():
		c.close(websocket.CloseProtocolError, "silent for too long", false)
	default:
		if c.out.finish(nil, true) {
			c.door.Conn.Close() // the client is gone
		}
	}
}

// linger reads, and ignores, what the client still sends until it has seen our
// close frame: a connection that is closed with bytes unread takes the frame with
// it.
func (c *conn) linger(err error) {
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return // it will send no more
	}
	c.mu.Lock()
	c.lingering = true
	c.door.SetReadDeadline(time.Now().Add(closeWait))
	c.mu.Unlock()
	var ignored [readBuffer]byte
	for {
		if _, err := c.door.Read(ignored[:]); err != nil {
			return
		}
	}
}

// send queues a frame. A client that does not keep up is cut off.
func (c *conn) send(frame []byte) {
	if c.out.add(frame) == errFull {
		c.tooSlow()
	}
}

// tooSlow cuts off a client that does not keep up: what waits for it is dropped.
func (c *conn) tooSlow() { c.close(websocket.CloseTryAgainLater, "too slow", true) }

func (c *conn) reply(joinRef, ref json.RawMessage, topic, status string, response json.RawMessage) {
	c.send(v2{}.reply(joinRef, ref, topic, status, response))
}
