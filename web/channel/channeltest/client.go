package channeltest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// Client is a client that joined a topic.
type Client struct {
	Joined json.RawMessage // how the join was answered

	socket     *Socket
	t          testing.TB
	topic      string
	joinRef    string
	broadcasts *inbox[broadcast]
	ended      bool // an assertion has seen the channel's end
}

// broadcast is one that was made to the client's topic.
type broadcast struct {
	event   string
	payload any
}

// Join starts a server for the config and joins a topic on a socket of its own.
func Join(t testing.TB, cfg channel.Config, topic string, params any) *Client {
	t.Helper()
	return Start(t, cfg).Connect(nil).Join(topic, params)
}

// Push sends an event. Its reply may be asserted, or not.
func (c *Client) Push(event string, payload any) *Reply {
	c.t.Helper()
	return c.push(event, payload)
}

func (c *Client) push(event string, payload any) *Reply {
	c.t.Helper()
	ref := c.socket.send(c.joinRef, c.topic, event, payload)
	if c.joinRef == "" {
		c.joinRef = ref
	}
	return &Reply{client: c, event: event, ref: ref}
}

// Receive waits for the next push of the event, a broadcast or not, and returns its
// payload, which must be JSON.
func (c *Client) Receive(event string) json.RawMessage {
	c.t.Helper()
	got := c.receive(event)
	if got.binary != nil {
		c.t.Fatalf("%s on %s: got %s, want JSON", event, c.topic, got)
	}
	return got.json
}

func (c *Client) receive(event string) payload {
	c.t.Helper()
	f, err := c.socket.frames.receive(c.isPush(event))
	if err != nil {
		c.t.Fatalf("%s on %s: %v", event, c.topic, err)
	}
	c.ended = c.ended || isEnd(event)
	return f.payload
}

// AssertPush fails the test unless the next push of the event, a broadcast or not,
// has the payload. Other events may come before.
func (c *Client) AssertPush(event string, payload any) {
	c.t.Helper()
	if got := c.receive(event); !same(c.t, got, payload) {
		c.t.Fatalf("%s on %s: got %s, want %s", event, c.topic, got, encode(c.t, payload))
	}
}

// RefutePush fails the test if the client has got the event, and no assertion has
// taken it, once the channel has handled what waits for it.
func (c *Client) RefutePush(event string) {
	c.t.Helper()
	c.Settle()
	if f, ok := c.socket.frames.find(c.isPush(event)); ok {
		c.t.Fatalf("%s on %s: got %s, want none", event, c.topic, f.payload)
	}
}

func (c *Client) isPush(event string) func(frame) bool {
	return func(f frame) bool {
		return f.topic == c.topic && f.event == event && (f.joinRef == "" || f.joinRef == c.joinRef)
	}
}

// AssertBroadcast fails the test unless the next broadcast of the event to the
// topic, by whomever, has the payload: what the client itself broadcasts to the others
// is seen here, and what its channel intercepts.
func (c *Client) AssertBroadcast(event string, payload any) {
	c.t.Helper()
	b, err := c.broadcasts.receive(isBroadcast(event))
	if err != nil {
		c.t.Fatalf("broadcast of %s on %s: %v", event, c.topic, err)
	}
	if got := encode(c.t, b.payload); !same(c.t, got, payload) {
		c.t.Fatalf("broadcast of %s on %s: got %s, want %s", event, c.topic, got, encode(c.t, payload))
	}
}

// RefuteBroadcast fails the test if the event was broadcast to the topic, and no
// assertion has taken it, once the channel has handled what waits for it.
func (c *Client) RefuteBroadcast(event string) {
	c.t.Helper()
	c.Settle()
	if b, ok := c.broadcasts.find(isBroadcast(event)); ok {
		c.t.Fatalf("broadcast of %s on %s: got %s, want none", event, c.topic, encode(c.t, b.payload))
	}
}

func isBroadcast(event string) func(broadcast) bool {
	return func(b broadcast) bool { return b.event == event }
}

// recorder is a client as a subscriber of its topic.
type recorder Client

// Deliver notes a broadcast.
func (r *recorder) Deliver(m *pubsub.Message) { r.broadcasts.put(broadcast{m.Event, m.Payload}) }

// Leave leaves the topic and waits for the channel's end.
func (c *Client) Leave() {
	c.t.Helper()
	c.Push("phx_leave", nil).AssertOK(nil)
	c.AssertClosed()
}

// AssertClosed fails the test unless the channel ends: the client left or joined again, or the
// channel was told to stop.
func (c *Client) AssertClosed() {
	c.t.Helper()
	c.AssertPush("phx_close", nil)
}

// AssertCrashed fails the test unless a callback or a task of the channel panics.
func (c *Client) AssertCrashed() {
	c.t.Helper()
	c.AssertPush("phx_error", map[string]string{"reason": "channel_crash"})
}

// Channel returns the server's side: what the callbacks of this client are given.
func (c *Client) Channel() *channel.Socket {
	c.t.Helper()
	state, ok := c.ask()
	if !ok {
		c.t.Fatalf("%s: the channel has ended", c.topic)
	}
	return c.socket.server.socketOf(state.Probe)
}

// Settle returns when the channel has handled all that waits for it, and what came of
// it, or has ended. Within a bubble it waits for everything else there, too.
func (c *Client) Settle() {
	c.t.Helper()
	waitForBubble()
	for began := time.Now(); time.Since(began) < patience(); {
		state, ok := c.ask()
		if !ok || state.Calls == 0 {
			return
		}
	}
	c.t.Fatalf("%s: the channel does not come to rest", c.topic)
}

// isEnd reports whether nothing follows the event: later pushes get no answer if the topic was
// joined again.
func isEnd(event string) bool { return event == "phx_close" || event == "phx_error" }

// pause is how long a channel that has no room for a question is left alone. In a
// bubble time would not pass without it.
const pause = time.Millisecond

// ask asks the probe; false means that the channel has ended.
func (c *Client) ask() (settled, bool) {
	c.t.Helper()
	_, ended := c.socket.frames.find(func(f frame) bool { return isEnd(f.event) && c.isPush(f.event)(f) })
	if ended || c.ended {
		return settled{}, false
	}
	for began := time.Now(); ; {
		status, response := c.push(settleEvent, nil).Receive()
		if strings.Contains(string(response), "too busy") {
			if time.Since(began) >= patience() {
				c.t.Fatalf("%s: the channel does not come to rest", c.topic)
			}
			<-time.After(pause)
			continue
		}
		var state settled
		if status != "ok" {
			return state, false
		}
		if err := json.Unmarshal(response, &state); err != nil {
			c.t.Fatal(errors.Join(errors.New("channeltest: a strange answer"), err))
		}
		return state, true
	}
}

// waitForBubble waits until the whole bubble does, if there is one.
func waitForBubble() {
	defer func() { recover() }() // outside of a bubble Wait panics
	synctest.Wait()
}
