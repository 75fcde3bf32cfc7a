package channel

import (
	"net"

	"sneakers23/replication/pubsub"
	"sneakers23/web/ws"
)

// webSocket is the transport over a WebSocket.
type webSocket struct {
	conn
	wire   ws.Conn
	remote *pubsub.Subscription // to the socket's id, if it has one
}

func newWebSocket(s *Server, carrier net.Conn, who visitor) *webSocket {
	c := &webSocket{conn: conn{srv: s, format: who.format, assigns: who.assigns, client: who.client}}
	c.transport = c
	c.wire.Init(carrier, c, s.flusher, ws.Limits{
		Silent: s.cfg.Timeout, Message: s.cfg.MaxFrame, Queue: s.cfg.MaxQueue, Write: s.cfg.WriteTimeout,
	})
	return c
}

// start begins to read. From now on the socket ends by itself.
func (c *webSocket) start(id string) {
	if id != "" {
		c.remote = c.srv.cfg.PubSub.Subscribe(id, (*remoteControl)(&c.conn))
	}
	if c.srv.loops == nil || !c.srv.loops.Add(&c.wire) {
		go c.wire.Run() // Drain waits for its end
	}
}

func (c *webSocket) enqueue(frame []byte) error { return c.wire.Add(frame) }

func (c *webSocket) enqueueAll(frames [][]byte) error { return c.wire.AddAll(frames) }

func (c *webSocket) hangUp(code int, reason string, drop bool) bool {
	return c.wire.Close(code, reason, drop)
}

// Receive implements [ws.Owner].
func (c *webSocket) Receive(opcode int, data []byte) error {
	m, err := c.format.decode(opcode, data)
	if err == nil {
		c.dispatch(m)
	}
	return err
}

// TooSlow implements [ws.Owner].
func (c *webSocket) TooSlow() { c.tooSlow() }

// Ended implements [ws.Owner].
func (c *webSocket) Ended() { c.endChannels() }

// Closed implements [ws.Owner].
func (c *webSocket) Closed() {
	if c.remote != nil {
		c.remote.Unsubscribe()
	}
	c.actors.Wait()
	c.srv.cfg.Sockets.Release(c.client)
	c.srv.conns.Forget(&c.conn)
}
