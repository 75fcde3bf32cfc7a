package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"sneakers23/web/conns"
	"sneakers23/web/quota"
)

// conn is one connection of a device. It has one goroutine at a time, which reads and handles one
// line after the other: see wait. Other goroutines only send by its outbox, and end it.
//
//	                 key verified           Drain
//	accepted ──▶ unverified ──▶ verified ──────────▶ draining
//	                 │              │                   │ the device has closed, or CloseWait ends
//	                 └──────────────┴──▶ closing ◀──────┘
//	  five bad lines, silence,       │
//	  revoked, too slow, gone, Drain └──▶ the connection is closed
type conn struct {
	server *Server
	net    net.Conn
	out    conns.Outbox
	client netip.Prefix // see Config.Addresses

	// The goroutine's own.
	reader *conns.Reader // nil before the end of the handshake
	lines  splitter
	since  time.Time // when it was accepted
	bad    int       // bad lines, see refuse

	joining bool // guarded by the registry's lock, as is again: see registry.settle
	again   bool

	// mu guards what follows. The goroutine alone sets key and device, and reads them without mu.
	mu      sync.Mutex
	key     secret  // with which it is verified
	device  *device // nil while it is unverified
	phase   phase
	drained bool               // the phase is or was draining
	cancel  context.CancelFunc // ends what the goroutine waits for; nil while it only reads
}

type phase uint8

const (
	open     phase = iota
	draining       // nothing more is sent, but what the device had sent is still handled
	closing        // what comes is ignored
)

// errEnded ends the reading of a connection that is closing: its last words are sent already.
var errEnded = errors.New("gateway: the connection is closing")

func newConn(s *Server, raw net.Conn, client netip.Prefix) *conn {
	c := &conn{server: s, net: raw, client: client, since: time.Now()}
	if s.cfg.TLS != nil {
		c.net = tls.Server(raw, s.cfg.TLS)
	}
	c.out.Init(c.net, c.broken, s.flusher, s.cfg.MaxQueue, s.cfg.WriteTimeout)
	return c
}

// send queues lines for the device; the lines must not change any more. A device that does not take
// what was sent before is cut off.
func (c *conn) send(lines ...[]byte) {
	if c.out.AddAll(lines) == conns.ErrFull && c.end(nil, true) {
		c.server.tooSlow.Add(1)
		c.server.cfg.Log.Debug("a device does not read: its connection is closed", c.about())
	}
}

// begin returns a context for what the goroutine waits for. The context ends with the connection.
// done is called when the wait is over.
func (c *conn) begin() (ctx context.Context, done func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase == closing {
		cancel()
		return nil, nil, errEnded
	}
	c.cancel = cancel
	return ctx, func() {
		c.mu.Lock()
		c.cancel = nil
		c.mu.Unlock()
		cancel()
	}, nil
}

// end sends the last line, nil for none, after what waits or instead of it, and ends the
// connection. It returns at once, may be called from anywhere, and reports whether it was the first
// call.
func (c *conn) end(last []byte, drop bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.phase != closing
	c.phase = closing
	c.out.Finish(last, drop)
	if first {
		c.interrupt()
	}
	return first
}

// interrupt wakes the goroutine, whatever it waits for. It is called with mu, once.
func (c *conn) interrupt() {
	if c.cancel != nil {
		c.cancel()
	}
	c.net.SetReadDeadline(time.Unix(1, 0))
}

// Restart ends the connection because the server stops. The device reads the end of the stream.
// Lines that a verified device has sent before that are still handled, for CloseWait at most.
func (c *conn) Restart() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return false
	}
	if c.device == nil {
		c.phase = closing
		c.interrupt()
	} else {
		c.phase, c.drained = draining, true
		c.net.SetReadDeadline(time.Now().Add(conns.CloseWait))
		time.AfterFunc(conns.CloseWait, func() { c.end(nil, false) }) // a line may wait for the Store
	}
	c.out.Finish(nil, false)
	return true
}

// broken is called by the outbox when the connection cannot be written to.
func (c *conn) broken() {
	c.end(nil, true)
	c.net.Close()
}

// finish ends a connection whose reading ended with err. It is the last act of its goroutine.
//
//go:noinline
func (c *conn) finish(err error) {
	var last []byte // the device may have closed its half only, and read what waits
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		err = c.overdue()
		last = errorLine(err)
	}
	c.server.cfg.Log.Debug("a connection ends", "err", err, c.about())
	c.lines.release(c)
	c.server.registry.remove(c)
	c.end(last, false)
	c.linger()
	<-c.out.Done()
	c.net.Close()
	c.server.forget(c)
}

// linger reads, and ignores, what the device still sends until it has seen the end of the stream: a
// connection that is closed with bytes unread takes the last line with it.
func (c *conn) linger() {
	c.mu.Lock()
	if c.drained { // it has had the time already
		c.mu.Unlock()
		return
	}
	c.net.SetReadDeadline(time.Now().Add(conns.CloseWait))
	c.mu.Unlock()
	for c.reader != nil { // else the handshake failed
		_, err := c.reader.Read()
		c.reader.Release()
		if err != nil {
			return
		}
	}
}

// about names the connection in logs.
func (c *conn) about() slog.Attr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.device == nil {
		return slog.String("client", quota.Name(c.client))
	}
	return slog.String("device", c.device.name)
}
