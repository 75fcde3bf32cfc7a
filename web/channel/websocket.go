package channel

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// webSocket is the transport over a WebSocket. Its goroutine, serve, reads; it is
// all that an idle one costs. Frames leave through out.
type webSocket struct {
	conn
	ws   *websocket.Conn
	door *door
	out  outbox

	// Guarded by mu.
	closing   bool // hangUp was called
	lingering bool // serve reads no messages any more
}

func newWebSocket(s *Server, ws *websocket.Conn, d *door, f *format, assigns any) *webSocket {
	c := &webSocket{conn: conn{srv: s, format: f, assigns: assigns}, ws: ws, door: d}
	c.transport = c
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
func (c *webSocket) serve(id string) {
	defer c.srv.forget(&c.conn)
	if id != "" {
		defer c.srv.cfg.PubSub.Subscribe(id, (*remoteControl)(&c.conn)).Unsubscribe()
	}
	err := c.read()
	c.answerClose(err)
	c.endChannels()
	c.linger(err)
	<-c.out.done
	c.door.Conn.Close()
	c.actors.Wait()
}

// messages are read into buffers of this pool.
var messages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// read handles what the client sends, until it sends no more or too bad.
func (c *webSocket) read() error {
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

func (c *webSocket) readMessage(opcode int, r io.Reader) (message, error) {
	buf := messages.Get().(*bytes.Buffer)
	defer messages.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(r); err != nil {
		return message{}, err
	}
	return c.format.decode(opcode, buf.Bytes())
}

// awaitMore gives the client the time it may be silent.
func (c *webSocket) awaitMore() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return errShut
	}
	return c.door.SetReadDeadline(time.Now().Add(c.srv.cfg.Timeout))
}

func (c *webSocket) enqueue(frame []byte) error { return c.out.add(frame) }

func (c *webSocket) hangUp(code int, reason string, drop bool) bool {
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
func (c *webSocket) answerClose(err error) {
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
func (c *webSocket) linger(err error) {
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
