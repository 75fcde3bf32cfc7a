package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"

	"sneakers23/replication/pubsub"
	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// follower is what readers of both kinds have in common: a reader's subscriptions,
// and what is held for it until its states are sent.
type follower struct {
	feed     *Feed
	encoding *pubsub.Encoding
	onForget func() // releases the client's place
	to       sink
	subs     []*pubsub.Subscription

	gate     sync.Mutex // keeps what is delivered in order
	released bool
	ended    bool
	held     [][]byte
	heldFor  int  // bytes of them
	tooMuch  bool // more would have to be held than may wait
}

// sink takes what a follower delivers, one at a time, and not before release.
type sink interface {
	send([]byte)
	cutOff() // the reader is too slow
}

// follow subscribes to the topics and returns their states, one after the other, in
// the form of the reader's kind. When it fails, nothing is subscribed.
func (f *follower) follow(ctx context.Context, topics []string, wrap wrapping) (states []byte, err error) {
	for _, topic := range topics {
		f.subs = append(f.subs, f.feed.cfg.PubSub.Subscribe(topic, f))
	}
	for _, topic := range topics {
		state, err := f.feed.state(ctx, topic, wrap)
		if err != nil {
			f.end()
			return nil, err
		}
		states = append(states, state...)
	}
	return states, nil
}

func (f *Feed) state(ctx context.Context, topic string, wrap wrapping) ([]byte, error) {
	payload, err := f.cfg.State(ctx, topic)
	if err != nil {
		return nil, f.stateError(topic, err)
	}
	encoded, err := encodeJSON(payload)
	if err != nil {
		return nil, f.stateError(topic, err)
	}
	return wrap(topic, "state", encoded), nil
}

func (f *follower) forgotten() { f.onForget() }

// Deliver passes a broadcast on. All readers of a kind share its bytes.
func (f *follower) Deliver(m *pubsub.Message) {
	b, err := m.Encoded(f.encoding)
	if err != nil {
		return // said once, by the encoding
	}
	f.gate.Lock()
	defer f.gate.Unlock()
	switch {
	case f.ended || f.tooMuch:
	case f.released:
		f.to.send(b)
	case f.heldFor > 0 && f.heldFor+len(b) > f.feed.cfg.MaxQueue:
		f.held, f.tooMuch = nil, true
	default:
		f.held = append(f.held, b)
		f.heldFor += len(b)
	}
}

// release delivers the states, unless they were before, with what was held, and from
// now on at once. It is one piece, so nothing waits behind another, and what may be
// held never counts as too much for the queue.
func (f *follower) release(states []byte) {
	f.gate.Lock()
	defer f.gate.Unlock()
	f.released = true
	if all := slices.Concat(append([][]byte{states}, f.held...)...); len(all) > 0 {
		f.to.send(all)
	}
	if f.tooMuch {
		f.to.cutOff()
	}
	f.held = nil
}

// end lets go of the topics: nothing is delivered any more.
func (f *follower) end() {
	for _, sub := range f.subs {
		sub.Unsubscribe()
	}
	f.gate.Lock()
	defer f.gate.Unlock()
	f.ended = true
	f.subs, f.held = nil, nil
}

// wrapping makes the bytes of a message for one kind of reader.
type wrapping func(topic, event string, payload json.RawMessage) []byte

// feedFrame wraps a message in a text frame.
func feedFrame(topic, event string, payload json.RawMessage) []byte {
	return ws.Seal(websocket.TextMessage,
		appendObject(ws.NewFrame(objectSize(topic, event, payload)), topic, event, payload))
}

// feedBlock wraps a message as a server-sent event without a name, so that onmessage
// gets all of them.
func feedBlock(topic, event string, payload json.RawMessage) []byte {
	b := make([]byte, 0, objectSize(topic, event, payload)+len("data: \n\n"))
	b = append(b, "data: "...)
	return append(appendObject(b, topic, event, payload), "\n\n"...)
}

func objectSize(topic, event string, payload json.RawMessage) int {
	return len(topic) + len(event) + len(payload) + 48
}

// appendObject appends a message as one JSON object on one line.
func appendObject(b []byte, topic, event string, payload json.RawMessage) []byte {
	b = appendString(append(b, `{"topic":`...), topic)
	b = appendString(append(b, `,"event":`...), event)
	b = append(b, `,"payload":`...)
	if bytes.ContainsAny(payload, "\r\n") { // a line of its own would end the data of an event
		payload = bytes.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return ' ' // it stands between values: inside a string it would be escaped
			}
			return r
		}, payload)
	}
	return append(append(b, payload...), '}')
}

// encode makes the bytes of a broadcast, once for all readers of a kind.
func (f *Feed) encode(m *pubsub.Message, wrap wrapping) ([]byte, error) {
	payload, err := encodeJSON(m.Payload)
	if err != nil {
		f.cfg.Log.Error("a broadcast cannot be encoded for feeds", "event", m.Event, "err", err)
		return nil, err
	}
	return wrap(m.Topic, m.Event, payload), nil
}
