package channel

import (
	"net"

	"sneakers23/replication/pubsub"
)

// webSocket is the transport over a WebSocket.
type webSocket struct {
	conn
	wire   wire
	remote *pubsub.Subscription // to the socket's id, if it has one
}

func newWebSocket(s *Server, carrier net.Conn, who visitor) *webSocket {
	c := &webSocket{conn: conn{srv: s, format: who.format, assigns: who.assigns, client: who.client}}
	c.transport = c
	c.wire.init(carrier, c, s.cfg.Timeout, s.cfg.MaxFrame)
	c.wire.out.Init(carrier, c.wire.broken, s.flusher, s.cfg.MaxQueue, s.cfg.WriteTimeout)
	return c
}

// start begins to read. From now on the socket ends by itself.
func (c *webSocket) start(id string) {
	if id != "" {
		c.remote = c.srv.cfg.PubSub.Subscribe(id, (*remoteControl)(&c.conn))
	}
	if !c.srv.loops.add(&c.wire) {
		go c.wire.run() // Drain waits for its end
	}
}

func (c *webSocket) enqueue(frame []byte) error { return c.wire.out.Add(frame) }

func (c *webSocket) enqueueAll(frames [][]byte) error { return c.wire.out.AddAll(frames) }

func (c *webSocket) hangUp(code int, reason string, drop bool) bool {
	return c.wire.close(code, reason, drop)
}

func (c *webSocket) receive(opcode int, data []byte) error {
	m, err := c.format.decode(opcode, data)
	if err == nil {
		c.dispatch(m)
	}
	return err
}

func (c *webSocket) ended() { c.endChannels() }

func (c *webSocket) closed() {
	if c.remote != nil {
		c.remote.Unsubscribe()
	}
	c.actors.Wait()
	c.srv.cfg.Sockets.Release(c.client)
	c.srv.conns.Forget(&c.conn)
}
