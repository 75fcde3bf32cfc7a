package channel

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"sneakers23/web/conns"

	"github.com/gorilla/websocket"
)

// wire is a WebSocket from its handshake to its end: frames that come, frames that
// go, signs of life, and the closing handshake. Whose it is, its owner, gets the
// messages.
//
// A wire whose client is quiet has one of two forms. Parked, a goroutine waits in a
// read. Polled, there is nothing but an entry in the table of a loop, which waits
// for many wires at once. Either way one goroutine at a time reads and handles what
// was read, and reading ends once: what follows, finish, has a goroutine of its own.
//
//	          run ──▶ parked ─────┐ the client sends no more, or too bad,
//	handshake                     ├──▶ finish ──▶ the connection is closed
//	loop.add ──▶ polled ⇄ busy ───┘ or is silent, or close was called
type wire struct {
	conn   net.Conn
	owner  wireOwner
	silent time.Duration // for how long the client may be
	in     inbound
	out    conns.Outbox
	alive  bool      // what was read was a sign of life; the reading goroutine's
	heard  time.Time // when the last one was; the loop's
	loop   *loop     // nil if the wire is parked
	fd     int32     // by which the loop knows it

	mu        sync.Mutex
	closing   bool // close was called, or the connection is broken
	lingering bool // finish waits for the client to see the end
	polled    bool // the loop may read; false for good once it has ended
	busy      bool // the loop does
}

// wireOwner is whose wire it is.
type wireOwner interface {
	// receive takes a message, text or binary, whose bytes are valid during the
	// call. An error ends the wire: errNoMessage, errNotUTF8.
	receive(opcode int, data []byte) error
	// tooSlow is called if the client does not even take the pongs it asks for.
	tooSlow()
	// ended is called once, when nothing more is received.
	ended()
	// closed is called once, after that, when the connection is closed.
	closed()
}

// closeWait is how long a closing socket may take to send what waits, and the
// client to answer.
const closeWait = conns.CloseWait

// upgrader reads and writes the handshake, with the buffers of the HTTP server. What
// follows is ours: gorilla's reader needs a goroutine that waits in it and memory
// for each socket, and it sends pongs and close frames by itself, which would land
// inside of other frames.
var upgrader = websocket.Upgrader{
	CheckOrigin: func(*http.Request) bool { return true }, // checked before
}

// handshake makes a WebSocket of a request. When it fails, the request is answered.
func handshake(w http.ResponseWriter, r *http.Request, answer http.Header) (net.Conn, error) {
	ws, err := upgrader.Upgrade(w, r, answer)
	if err != nil {
		return nil, err
	}
	return ws.NetConn(), nil
}

// turnAway closes a connection whose server began to drain during the handshake.
func turnAway(conn net.Conn) {
	conn.SetWriteDeadline(time.Now().Add(closeWait))
	conn.Write(closeFrame(websocket.CloseServiceRestart, ""))
	conn.Close()
}

func (w *wire) init(conn net.Conn, owner wireOwner, silent time.Duration, limit int) {
	w.conn, w.owner, w.silent, w.in.limit = conn, owner, silent, limit
}

// run is the life of a parked wire.
func (w *wire) run() { w.finish(w.read()) }

func (w *wire) read() error {
	r := conns.NewReader(w.conn, w.out.Raw())
	for {
		if err := w.awaitMore(); err != nil {
			return err
		}
		for w.alive = false; !w.alive; {
			data, err := r.Read()
			if err == nil {
				err = w.handleBytes(data)
			}
			r.Release()
			if err != nil {
				return err
			}
		}
	}
}

// awaitMore gives the client the time it may be silent.
func (w *wire) awaitMore() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closing {
		return conns.ErrShut
	}
	return w.conn.SetReadDeadline(time.Now().Add(w.silent))
}

// handleBytes handles what was read. All of that is a sign of life, but not a part of a
// message: else one could take forever.
func (w *wire) handleBytes(data []byte) error {
	for w.in.add(data); ; {
		opcode, payload, err := w.in.next()
		if err != nil || opcode == 0 {
			return err
		}
		w.alive = true
		switch opcode {
		case websocket.PingMessage:
			if w.out.Add(pongFrame(payload)) == conns.ErrFull {
				w.owner.tooSlow()
			}
		case websocket.PongMessage:
		default:
			if err := w.owner.receive(int(opcode), payload); err != nil {
				return err
			}
		}
	}
}

// close sends a close frame, after what waits or instead of it, and ends the wire. It returns at
// once, may be called from anywhere, many times, and reports whether it was the first call.
func (w *wire) close(code int, reason string, drop bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = true
	first := w.out.Finish(closeFrame(code, reason), drop)
	switch {
	case !first || w.lingering:
	case w.loop == nil:
		w.conn.SetReadDeadline(time.Unix(1, 0)) // wakes read
	default:
		w.leaveLoop(conns.ErrShut)
	}
	return first
}

// leaveLoop ends the loop's part, unless it is busy: then it does so itself, next.
// It is called with mu.
func (w *wire) leaveLoop(err error) {
	if w.polled && !w.busy {
		w.polled = false
		w.loop.remove(w)
		go w.finish(err) // the owner is told of its end
	}
}

// broken is called by the outbox when the connection cannot be written to.
func (w *wire) broken() {
	w.mu.Lock()
	w.closing = true
	if w.loop != nil {
		w.leaveLoop(conns.ErrShut) // before the descriptor can be another connection's
	}
	w.mu.Unlock()
	w.conn.Close() // wakes read
}

// finish ends a wire whose reading ended with err.
func (w *wire) finish(err error) {
	w.answer(err)
	w.owner.ended()
	w.linger(err)
	<-w.out.Done()
	w.conn.Close()
	w.owner.closed()
}

// answer closes the wire, for each end of the reading in its way.
func (w *wire) answer(err error) {
	if bad, ok := errors.AsType[*violation](err); ok {
		w.close(bad.code, bad.reason, false)
		return
	}
	if by, ok := errors.AsType[*websocket.CloseError](err); ok {
		w.out.Finish(closeFrame(by.Code, ""), false)
		return
	}
	var timeout net.Error
	switch {
	case errors.Is(err, errNoMessage):
		w.close(websocket.CloseInternalServerErr, "not a message", false)
	case errors.Is(err, errNotUTF8):
		w.close(websocket.CloseInvalidFramePayloadData, "not UTF-8", false)
	case errors.As(err, &timeout) && timeout.Timeout():
		w.closeSilent()
	default:
		if w.out.Finish(nil, true) {
			w.conn.Close() // the client is gone
		}
	}
}

func (w *wire) closeSilent() {
	w.close(websocket.CloseProtocolError, "silent for too long", false)
}

// linger reads, and ignores, what the client still sends until it has seen our
// close frame: a connection that is closed with bytes unread takes the frame with
// it.
func (w *wire) linger(err error) {
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return // it will send no more
	}
	w.mu.Lock()
	w.lingering = true
	w.conn.SetReadDeadline(time.Now().Add(closeWait))
	w.mu.Unlock()
	var ignored [512]byte
	for {
		if _, err := w.conn.Read(ignored[:]); err != nil {
			return
		}
	}
}
