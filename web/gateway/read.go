package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"sneakers23/web/conns"
)

// run begins the life of a connection, which is over when forget is called.
func (c *conn) run() {
	if tcp, ok := c.raw().(*net.TCPConn); ok {
		tcp.SetKeepAliveConfig(keepAlive)
	}
	if err := c.handshake(); err != nil {
		c.finish(err)
		return
	}
	c.reader = conns.NewReader(c.net, c.out.Raw())
	c.wait()
}

// wait waits until the device sends something, handles that and all that has come meanwhile, and
// waits again. Over plain TCP it waits in a goroutine that has done nothing else, whose stack has
// 2 KiB. A stack that has grown while a line was handled would keep 4 KiB: the runtime shrinks none
// of which a quarter is in use.
func (c *conn) wait() {
	for {
		err := c.await()
		if err == nil {
			data, failed := c.reader.Read()
			err = c.serve(data, failed)
		}
		if err != nil {
			c.finish(err)
			return
		}
		if c.reader.CanTry() {
			go c.wait() // in place of this one, for which Drain waits
			return
		}
	}
}

// serve handles what was read, and what else has come. It is kept out of the frame of wait, and so
// is all that it calls.
//
//go:noinline
func (c *conn) serve(data []byte, failed error) error {
	for {
		err := c.handleBytes(data)
		c.reader.Release()
		switch {
		case err != nil:
			return err
		case failed != nil:
			return failed
		case len(data) == 0 || !c.reader.CanTry():
			return nil
		}
		if err := c.await(); err != nil {
			return err
		}
		data, failed = c.reader.TryRead()
	}
}

// keepAlive finds within two minutes that a device is gone which could not say so.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

// raw is the connection below TLS.
func (c *conn) raw() net.Conn {
	if secure, ok := c.net.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return c.net
}

// handshake is TLS's.
//
//go:noinline
func (c *conn) handshake() error {
	secure, ok := c.net.(*tls.Conn)
	if !ok {
		return nil
	}
	if err := c.setDeadline(c.since.Add(c.server.cfg.Unverified)); err != nil {
		return err
	}
	if err := secure.HandshakeContext(context.Background()); err != nil { // the deadline ends it
		return err
	}
	return c.setDeadline(time.Time{})
}

// setDeadline sets the read and write deadline under mu, so that no two goroutines set it at once.
func (c *conn) setDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return errEnded
	}
	return c.net.SetDeadline(t)
}

// await sets the time until which something must have come.
func (c *conn) await() error {
	until := time.Now().Add(c.server.cfg.Silence)
	if c.device == nil {
		until = earlier(until, c.since.Add(c.server.cfg.Unverified))
	}
	if c.lines.incomplete() {
		until = earlier(until, c.lines.began.Add(c.server.cfg.LineTimeout))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.phase {
	case open:
		return c.net.SetReadDeadline(until)
	case draining:
		return nil // Restart has set the last one
	}
	return errEnded
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// overdue says for which of await's reasons a read timed out.
func (c *conn) overdue() reason {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case c.drained:
		return errStopping
	case c.device == nil && !now.Before(c.since.Add(c.server.cfg.Unverified)):
		return errUnverified
	case c.lines.incomplete() && !now.Before(c.lines.began.Add(c.server.cfg.LineTimeout)):
		return errSlowLine
	}
	return errSilent
}

// handleBytes handles what was read.
func (c *conn) handleBytes(data []byte) error {
	for len(data) > 0 {
		limit := MaxLine
		if c.device == nil {
			limit = unverifiedLine
		}
		text, rest, err := c.lines.next(data, limit, c)
		switch {
		case err == errLong && c.device == nil:
			err = c.refuse(errVerify)
		case err == errLong:
			err = c.refuse(errLong)
		case err == nil && text != nil:
			err = c.handle(text)
			c.lines.release(c)
		}
		if err != nil {
			return err
		}
		data = rest
	}
	return nil
}

// unverifiedLine is the most bytes of a line of which it is not known who sends it: it fits into a
// small buffer.
const unverifiedLine = smallLine - len("\r")
