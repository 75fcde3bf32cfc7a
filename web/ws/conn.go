package ws

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"sneakers23/web/conns"

	"github.com/gorilla/websocket"
)

// Conn is a WebSocket from its handshake to its end: frames that come, frames that go, signs of
// life, and the closing handshake. Its Owner gets the messages.
//
// A connection whose client is quiet has one of two forms. Parked, a goroutine waits in a read.
// Polled, there is nothing but an entry in the table of one of the Loops, which waits for many
// connections at once. Either way one goroutine at a time reads and handles what was read, and
// reading ends once: what follows, finish, has a goroutine of its own.
//
//	           Run ──▶ parked ─────┐ the client sends no more, or too bad,
//	Init                           ├──▶ finish ──▶ the connection is closed
//	Loops.Add ──▶ polled ⇄ busy ───┘ or is silent, or Close was called
type Conn struct {
	conn   net.Conn
	owner  Owner
	silent time.Duration // for how long the client may be
	in     inbound
	out    conns.Outbox
	alive  bool      // what was read was a sign of life; the reading goroutine's
	heard  time.Time // when the last one was; the loop's
	loop   *loop     // nil if the connection is parked
	fd     int32     // by which the loop knows it

	mu        sync.Mutex
	closing   bool // Close was called, or the connection is broken
	lingering bool // finish waits for the client to see the end
	polled    bool // the loop may read; false for good once it has ended
	busy      bool // the loop does
}

// Owner is whose connection it is. Its methods are called by one goroutine at a time.
type Owner interface {
	// Receive takes a message, text or binary, whose bytes are valid during the call. An error ends
	// the connection: a [*Refusal] with the close frame that it says, any other at once.
	Receive(opcode int, data []byte) error
	// TooSlow is called if the client does not even take the pongs it asks for.
	TooSlow()
	// Ended is called once, when nothing more is received.
	Ended()
	// Closed is called once, after that, when the connection is closed.
	Closed()
}

// Limits of a connection.
type Limits struct {
	Silent  time.Duration // for how long the client may be
	Message int           // bytes of a message that comes
	Queue   int           // bytes that may wait to be sent, see package conns
	Write   time.Duration // that the client has to take one frame
}

// upgrader reads and writes the Handshake, with the buffers of the HTTP server. What
// follows is ours: gorilla's reader needs a goroutine that waits in it and memory
// for each socket, and it sends pongs and close frames by itself, which would land
// inside of other frames.
var upgrader = websocket.Upgrader{
	CheckOrigin: func(*http.Request) bool { return true }, // checked before
}

// Handshake makes a WebSocket of a request, and adds the headers of answer to the response. When it
// fails, the request is answered.
func Handshake(w http.ResponseWriter, r *http.Request, answer http.Header) (net.Conn, error) {
	ws, err := upgrader.Upgrade(w, r, answer)
	if err != nil {
		return nil, err
	}
	return ws.NetConn(), nil
}

// TurnAway closes a connection whose server began to drain during the handshake.
func TurnAway(conn net.Conn) {
	conn.SetWriteDeadline(time.Now().Add(conns.CloseWait))
	conn.Write(closeFrame(websocket.CloseServiceRestart, ""))
	conn.Close()
}

// Init makes a connection of what [Handshake] returned. Then it is handed to [Loops.Add], or Run is
// called. The flusher must stop after Closed.
func (c *Conn) Init(conn net.Conn, owner Owner, flusher *conns.Flusher, limits Limits) {
	c.conn, c.owner, c.silent, c.in.limit = conn, owner, limits.Silent, limits.Message
	c.out.Init(conn, c.broken, flusher, limits.Queue, limits.Write)
}

// Add queues a frame, made by [Seal]; it never waits. The errors are those of [conns.Outbox.Add].
func (c *Conn) Add(frame []byte) error { return c.out.Add(frame) }

// AddAll queues frames that leave together, or none.
func (c *Conn) AddAll(frames [][]byte) error { return c.out.AddAll(frames) }

// Run is the life of a parked connection; it returns when Closed was called.
func (c *Conn) Run() { c.finish(c.read()) }

func (c *Conn) read() error {
	r := conns.NewReader(c.conn, c.out.Raw())
	for {
		if err := c.awaitMore(); err != nil {
			return err
		}
		for c.alive = false; !c.alive; {
			data, err := r.Read()
			if err == nil {
				err = c.handleBytes(data)
			}
			r.Release()
			if err != nil {
				return err
			}
		}
	}
}

// awaitMore gives the client the time it may be silent.
func (c *Conn) awaitMore() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return conns.ErrShut
	}
	return c.conn.SetReadDeadline(time.Now().Add(c.silent))
}

// handleBytes handles what was read. All of that is a sign of life, but not a part of a
// message: else one could take forever.
func (c *Conn) handleBytes(data []byte) error {
	for c.in.add(data); ; {
		opcode, payload, err := c.in.next()
		if err != nil || opcode == 0 {
			return err
		}
		c.alive = true
		switch opcode {
		case websocket.PingMessage:
			if c.out.Add(pongFrame(payload)) == conns.ErrFull {
				c.owner.TooSlow()
			}
		case websocket.PongMessage:
		default:
			if err := c.owner.Receive(int(opcode), payload); err != nil {
				return err
			}
		}
	}
}

// Close sends a close frame, after what waits or instead of it, and ends the connection. It returns
// at once, may be called from any goroutine, many times, and reports whether it was the first call.
func (c *Conn) Close(code int, reason string, drop bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing = true
	first := c.out.Finish(closeFrame(code, reason), drop)
	switch {
	case !first || c.lingering:
	case c.loop == nil:
		c.conn.SetReadDeadline(time.Unix(1, 0)) // wakes read
	default:
		c.leaveLoop(conns.ErrShut)
	}
	return first
}

// leaveLoop ends the loop's part, unless it is busy: then it does so itself, next.
// It is called with mu.
func (c *Conn) leaveLoop(err error) {
	if c.polled && !c.busy {
		c.polled = false
		c.loop.remove(c)
		go c.finish(err) // the owner is told of its end
	}
}

// broken is called by the outbox when the connection cannot be written to.
func (c *Conn) broken() {
	c.mu.Lock()
	c.closing = true
	if c.loop != nil {
		c.leaveLoop(conns.ErrShut) // before the descriptor can be another connection's
	}
	c.mu.Unlock()
	c.conn.Close() // wakes read
}

// finish ends a connection whose reading ended with err.
func (c *Conn) finish(err error) {
	c.answer(err)
	c.owner.Ended()
	c.linger(err)
	<-c.out.Done()
	c.conn.Close()
	c.owner.Closed()
}

// answer closes the connection, for each end of the reading in its way.
func (c *Conn) answer(err error) {
	if bad, ok := errors.AsType[*Refusal](err); ok {
		c.Close(bad.Code, bad.Reason, false)
		return
	}
	if by, ok := errors.AsType[*websocket.CloseError](err); ok {
		c.out.Finish(closeFrame(by.Code, ""), false)
		return
	}
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		c.closeSilent()
	default:
		if c.out.Finish(nil, true) {
			c.conn.Close() // the client is gone
		}
	}
}

func (c *Conn) closeSilent() {
	c.Close(websocket.CloseProtocolError, "silent for too long", false)
}

// linger reads, and ignores, what the client still sends until it has seen our
// close frame: a connection that is closed with bytes unread takes the frame with
// it.
func (c *Conn) linger(err error) {
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return // it will send no more
	}
	c.mu.Lock()
	c.lingering = true
	c.conn.SetReadDeadline(time.Now().Add(conns.CloseWait))
	c.mu.Unlock()
	var ignored [512]byte
	for {
		if _, err := c.conn.Read(ignored[:]); err != nil {
			return
		}
	}
}
