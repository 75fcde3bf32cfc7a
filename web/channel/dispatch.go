package channel

import (
	"bytes"
	"maps"
	"slices"
)

// dispatch answers a message at once or puts it into a channel's mailbox. One
// goroutine at a time calls it, or offer.
func (c *conn) dispatch(m *message) {
	if full := c.offer(m); full != nil {
		c.refuse(m, full.joinRef, tooBusy)
	}
}

// offer is dispatch for those who can wait: it returns the channel if its mailbox
// is full, and has done nothing then. When it is worth another try, room tells.
func (c *conn) offer(m *message) (full *Socket) {
	switch {
	case m.topic == "phoenix" && m.event == "heartbeat":
		c.confirm(m, null)
	case m.event == "phx_join":
		c.join(m)
	default:
		return c.forward(m)
	}
	return nil
}

// freed tells who waits that a mailbox has room again.
func (c *conn) freed() {
	select {
	case c.room <- struct{}{}:
	default: // told already, or nobody ever waits: room is nil
	}
}

// forward hands a message to the channel it is meant for.
func (c *conn) forward(m *message) (full *Socket) {
	c.mu.Lock()
	s := c.channels[m.topic]
	c.mu.Unlock()
	switch {
	case s == nil:
		c.answerUnjoined(m)
	case !isNull(m.joinRef) && !bytes.Equal(m.joinRef, s.joinRef):
		// It was sent before the client joined anew.
		c.srv.cfg.Log.Debug("stale message dropped", "topic", s.route.Pattern, "event", m.event)
	case !s.post(m):
		return s
	}
	return nil
}

// answerUnjoined answers a message to a topic that is not joined.
func (c *conn) answerUnjoined(m *message) {
	if m.event == "phx_leave" {
		c.confirm(m, m.joinRef)
		return
	}
	c.refuse(m, null, unmatchedTopic)
}

// join starts a channel for the topic, after the one that has it now.
func (c *conn) join(m *message) {
	route := c.srv.route(m.topic)
	if route == nil {
		c.refuse(m, null, unmatchedTopic)
		return
	}
	if m.binary != nil {
		c.refuse(m, m.joinRef, binaryParams)
		return
	}
	s := newSocket(c, route, m)
	old, ok := c.enter(s)
	if !ok {
		c.removeEnded()
		old, ok = c.enter(s)
	}
	switch {
	case !ok:
		c.refuse(m, m.joinRef, tooManyChannels)
	case old != nil:
		old.giveWayTo(s)
	default:
		s.start()
	}
}

// enter puts a channel in the place of the one that had its topic, if any; false
// means that there are too many.
func (c *conn) enter(s *Socket) (old *Socket, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old = c.channels[s.topic]
	most := c.srv.cfg.MaxChannels
	if old == nil && len(c.channels) >= most || c.replacing >= most {
		return nil, false
	}
	if c.channels == nil {
		c.channels = make(map[string]*Socket)
	}
	c.channels[s.topic] = s
	return old, true
}

// removeEnded makes room for a client that knows of the end of a channel before the
// channel has removed itself.
func (c *conn) removeEnded() {
	c.mu.Lock()
	all := slices.Collect(maps.Values(c.channels))
	c.mu.Unlock()
	for _, s := range all {
		if s.over() {
			c.remove(s)
		}
	}
}

// replaced counts the joins that wait.
func (c *conn) replaced(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replacing += n
}

// remove takes a channel that has ended off the socket, unless its topic has been
// joined anew.
func (c *conn) remove(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.channels[s.topic] == s {
		delete(c.channels, s.topic)
	}
}

// endChannels ends all channels of a socket that is closed.
func (c *conn) endChannels() {
	c.mu.Lock()
	channels := c.channels
	c.channels = nil
	c.mu.Unlock()
	for _, s := range channels {
		s.end(ErrSocketClosed)
	}
}
