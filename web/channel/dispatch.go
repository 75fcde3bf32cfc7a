package channel

import "bytes"

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

// reserve counts the bytes of a message until release; false means that too many wait
// already, whatever the channel. One that is larger than the limit may wait alone.
func (c *conn) reserve(m *message) bool {
	if waiting := c.mail.Load(); waiting > 0 && waiting+m.size > int64(c.srv.cfg.MaxMail) {
		return false
	}
	c.mail.Add(m.size)
	return true
}

// release is called when a message was handled.
func (c *conn) release(m *message) {
	c.mail.Add(-m.size)
	c.freed()
}

// freed tells who waits that a mailbox has room again.
func (c *conn) freed() {
	select {
	case c.room <- struct{}{}:
	default: // signalled already, or room is nil: no goroutine ever waits
	}
}

// forward hands a message to the channel it is meant for.
func (c *conn) forward(m *message) (full *Socket) {
	c.mu.Lock()
	s := c.channels[m.topic]
	c.mu.Unlock()
	if s == nil {
		c.answerUnjoined(m)
		return nil
	}
	if !s.meant(m) { // it was sent before the client joined again
		c.srv.cfg.Log.Debug("stale message dropped", "topic", s.route.Pattern, "event", clip(m.event))
		return nil
	}
	switch s.post(m) {
	case nil:
	case errMailboxFull:
		return s
	default: // the channel has ended
		c.answerUnjoined(m)
	}
	return nil
}

// meant tells whether a message is for this channel, and not for an earlier one of
// its topic. In a binary message a ref that is no string stands as its JSON.
func (s *Socket) meant(m *message) bool {
	return isNull(m.joinRef) || bytes.Equal(m.joinRef, s.joinRef) ||
		m.binary != nil && bytes.Equal(appendRef(nil, m.joinRef), appendRef(nil, s.joinRef))
}

// answerUnjoined answers a message to a topic that is not joined.
func (c *conn) answerUnjoined(m *message) {
	if m.event == "phx_leave" {
		c.confirm(m, m.joinRef)
		return
	}
	c.refuse(m, null, unmatchedTopic)
}

// longestName bounds what is kept of a join for as long as the channel lives. Binary
// frames have no room for longer ones.
const longestName = 255

// join starts a channel for the topic, after the one that has it now.
func (c *conn) join(m *message) {
	route := c.srv.route(m.topic)
	switch {
	case route == nil:
		c.refuse(m, null, unmatchedTopic)
		return
	case m.binary != nil:
		c.refuse(m, m.joinRef, binaryParams)
		return
	case len(m.topic) > longestName || len(m.joinRef) > longestName || len(m.ref) > longestName:
		c.refuse(m, m.joinRef, tooLong)
		return
	}
	if !c.reserve(m) {
		c.refuse(m, m.joinRef, tooBusy)
		return
	}
	s := newSocket(c, route, m)
	switch old, ok := c.enter(s); {
	case !ok:
		c.release(m)
		c.refuse(m, m.joinRef, tooManyChannels)
	case old != nil:
		old.giveWayTo(s)
	default:
		s.start()
	}
}

// enter puts a channel in the place of the one that had its topic, if any; false
// means that there are too many. Those that have ended do not count, but as many more
// must not be about to.
func (c *conn) enter(s *Socket) (old *Socket, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old = c.channels[s.topic]
	most := c.srv.cfg.MaxChannels
	switch open := len(c.channels) - c.ending; {
	case c.replacing >= most, (old == nil || old.ending) && open >= most, old == nil && c.ending >= most:
		return nil, false
	}
	if c.channels == nil {
		c.channels = make(map[string]*Socket)
	}
	c.drop(old)
	c.channels[s.topic] = s
	return old, true
}

// drop takes a channel out, if it has its place still. It is called with mu.
func (c *conn) drop(s *Socket) {
	if s == nil || c.channels[s.topic] != s {
		return
	}
	delete(c.channels, s.topic)
	if s.ending {
		c.ending--
	}
}

// remove takes a channel out that has ended and whose last callback has returned.
func (c *conn) remove(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(s)
}

// countEnding notes that a channel is closed, before its client learns of it.
func (c *conn) countEnding(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.ending = true
	if c.channels[s.topic] == s {
		c.ending++
	}
}

// waitFor counts a join that waits for the end of the channel before it, until
// waited.
func (c *conn) waitFor(old, next *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next.before = old
	c.replacing++
}

func (c *conn) waited(next *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next.before = nil
	c.replacing--
}

// endChannels ends all channels of a socket that is closed, those too that only have
// a callback to finish before the next of their topic.
func (c *conn) endChannels() {
	var all []*Socket
	c.mu.Lock()
	for _, s := range c.channels {
		for ; s != nil; s = s.before {
			all = append(all, s)
		}
	}
	c.mu.Unlock()
	for _, s := range all {
		s.end(ErrSocketClosed)
	}
}
