package channel

import (
	"encoding/json"
	"net/netip"
	"sync"
	"sync/atomic"

	"sneakers23/replication/pubsub"
	"sneakers23/web/conns"

	"github.com/gorilla/websocket"
)

// conn is one client's socket, whatever carries it: its channels, and what is
// answered to whom. The transport calls dispatch for what the client sends, and
// endChannels when it is over.
//
// Locks are taken in this order: Server, channel (Socket), conn, ws.Conn, then those of
// package conns (Outbox, Flusher). A topic's locks, in pubsub, are taken with that of a
// channel at most.
type conn struct {
	srv       *Server
	transport transport
	format    *format
	assigns   any
	client    netip.Prefix   // see Config.Client
	actors    sync.WaitGroup // goroutines of channels
	room      chan struct{}  // see freed; nil if the transport waits for no mailbox

	mail atomic.Int64 // bytes of its client's messages that wait for channels or are handled
	held atomic.Int64 // weight of the frames that wait for the replies to joins

	mu        sync.Mutex         // guards what follows, and a transport may use it
	channels  map[string]*Socket // by topic, the newest of each that is not gone
	ending    int                // those of channels that are closed: a callback still runs
	replacing int                // joins that wait for the end of the channel before them
	tasks     int                // of all its channels
}

// transport carries a socket's frames to its client. Its methods may be called from
// any goroutine, with the lock of a channel held, and never wait.
//
// A frame is a message as it stands on a WebSocket, with its header: see sealFrame.
// A broadcast's is shared by all who get it, whatever their transport.
type transport interface {
	// enqueue takes a frame, which must not change any more. conns.ErrFull means that the client
	// does not keep up, conns.ErrShut that nothing more is sent.
	enqueue(frame []byte) error
	// enqueueAll takes frames that were held, if there is room for the first.
	enqueueAll(frames [][]byte) error
	// hangUp ends the socket, for a reason that is one of WebSocket's close codes, after what waits
	// or instead of it. It reports whether it was the first call.
	hangUp(code int, reason string, drop bool) bool
}

// remoteControl listens to the topic that is named like the socket.
type remoteControl conn

// Deliver closes the socket when told so.
func (r *remoteControl) Deliver(m *pubsub.Message) {
	if m.Event == "disconnect" {
		(*conn)(r).close(websocket.CloseGoingAway, "disconnected", false)
	}
}

// close tells the client why, after what waits or instead of it, and ends the
// socket. It returns at once, may be called from anywhere, many times, and reports
// whether this was the first.
func (c *conn) close(code int, reason string, drop bool) bool {
	return c.transport.hangUp(code, reason, drop)
}

// send queues a frame. A client that does not keep up is cut off.
func (c *conn) send(frame []byte) {
	if c.transport.enqueue(frame) == conns.ErrFull {
		c.tooSlow()
	}
}

// sendAll queues frames that were held.
func (c *conn) sendAll(frames [][]byte) {
	if c.transport.enqueueAll(frames) == conns.ErrFull {
		c.tooSlow()
	}
}

// tooSlow cuts off a client that does not keep up: what waits for it is dropped.
func (c *conn) tooSlow() { c.close(websocket.CloseTryAgainLater, "too slow", true) }

// confirm answers a message that did what it should.
func (c *conn) confirm(m *message, joinRef json.RawMessage) {
	c.send(c.format.reply(joinRef, m.ref, m.topic, statusOK, OK))
}

// refuse answers a message that did not.
func (c *conn) refuse(m *message, joinRef, response json.RawMessage) {
	c.send(c.format.reply(joinRef, m.ref, m.topic, statusError, response))
}
