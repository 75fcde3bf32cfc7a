package pubsub

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// Carrier takes messages to the registries of all other nodes.
type Carrier interface {
	// Send takes a message to all others, in the order in which it is called, or loses it. It does
	// not wait for them, and may be called from several goroutines at once.
	Send(data []byte) error
}

// Link is what a registry needs to reach those of other nodes.
type Link struct {
	Carrier Carrier
	// Codecs carry payloads that are no JSON. Every node has the same.
	Codecs []Codec
	// Failed is told of a message that did not leave this node: its payload has no JSON, it is
	// larger than MaxMessage, or it could not be sent. The topic may be a secret, and is not told.
	// It may be nil.
	Failed func(event string, err error)
}

// Codec carries payloads of one type as they are.
type Codec struct {
	Encode func(payload any) (data []byte, ok bool) // ok is false for payloads of other types
	Decode func(data []byte) (payload any)          // what it returns may keep data
}

// MaxMessage is the most bytes of a message between nodes.
const MaxMessage = 1 << 20

// Link connects the registry with those of other nodes: from now on Broadcast reaches theirs too,
// and what comes of them is given to Receive. It is called once, before anything is broadcast.
func (p *PubSub) Link(l Link) { p.link = &l }

// send takes a message to the other nodes.
func (p *PubSub) send(topic, event string, payload any) {
	data, err := p.link.encode(topic, event, payload)
	if err == nil {
		err = p.link.Carrier.Send(data)
	}
	if err != nil && p.link.Failed != nil {
		p.link.Failed(event, err)
	}
}

// Receive broadcasts on this node a message from another one. Its caller hands over the messages of
// each node in the order in which they were sent, one at a time. Payloads are those of a [Codec],
// or a json.RawMessage. An error says that the message is none, or is meant for a codec that this
// node does not have. Payloads keep data: it must not be changed afterwards.
func (p *PubSub) Receive(data []byte) error {
	m, err := p.link.decode(data)
	if err != nil {
		return err
	}
	p.LocalBroadcast(m.Topic, m.Event, m.Payload)
	return nil
}

// A message between nodes is the version of its form, the kind of its payload, topic and event with
// their lengths before them, and the payload.
const linkVersion = 1

// Kinds of payloads. Those of codecs follow, in their order.
const (
	kindNone byte = iota
	kindJSON
	kindCodec
)

var (
	errNoMessage = errors.New("pubsub: this is no message of another node")
	errNoJSON    = errors.New("a json.RawMessage that is none")
	errTooLarge  = fmt.Errorf("pubsub: message of more than %d bytes", MaxMessage)
)

func (l *Link) encode(topic, event string, payload any) ([]byte, error) {
	kind, body, err := l.encodePayload(payload)
	if err != nil {
		return nil, fmt.Errorf("pubsub: payload for other nodes: %w", err)
	}
	if len(topic)+len(event)+len(body) > MaxMessage-2-2*binary.MaxVarintLen32 {
		return nil, errTooLarge
	}
	b := make([]byte, 0, 2+2*binary.MaxVarintLen32+len(topic)+len(event)+len(body))
	b = append(b, linkVersion, kind)
	b = append(binary.AppendUvarint(b, uint64(len(topic))), topic...)
	b = append(binary.AppendUvarint(b, uint64(len(event))), event...)
	return append(b, body...), nil
}

func (l *Link) encodePayload(payload any) (kind byte, body []byte, err error) {
	if payload == nil {
		return kindNone, nil, nil
	}
	for i, c := range l.Codecs {
		if body, ok := c.Encode(payload); ok {
			return kindCodec + byte(i), body, nil
		}
	}
	if raw, ok := payload.(json.RawMessage); ok {
		return encodeRaw(raw)
	}
	body, err = Marshal(payload)
	return kindJSON, body, err
}

// encodeRaw lets nothing leave that no other node could read. An empty one says as much as nil.
func encodeRaw(raw json.RawMessage) (kind byte, body []byte, err error) {
	switch {
	case len(raw) == 0:
		return kindNone, nil, nil
	case !json.Valid(raw):
		return 0, nil, errNoJSON
	}
	return kindJSON, raw, nil
}

// Marshal writes a payload as JSON, as topics and channels carry it: HTML stays as it is. A panic
// of the payload's own method is an error: it must not keep the message from those who are here.
func Marshal(payload any) (body json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("marshal %T: panic: %v", payload, p)
		}
	}()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err = e.Encode(payload)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// decode reads what encode wrote, and believes nothing.
func (l *Link) decode(data []byte) (*Message, error) {
	if len(data) < 2 || data[0] != linkVersion || len(data) > MaxMessage {
		return nil, errNoMessage
	}
	kind := data[1]
	topic, rest, ok := cutText(data[2:])
	if !ok {
		return nil, errNoMessage
	}
	event, body, ok := cutText(rest)
	if !ok {
		return nil, errNoMessage
	}
	m := &Message{Topic: topic, Event: event}
	switch {
	case kind == kindNone:
	case kind == kindJSON && json.Valid(body):
		m.Payload = json.RawMessage(body)
	case kind >= kindCodec && int(kind-kindCodec) < len(l.Codecs):
		m.Payload = l.Codecs[kind-kindCodec].Decode(body)
	default:
		return nil, errNoMessage
	}
	return m, nil
}

// cutText cuts off a text with its length before it.
func cutText(b []byte) (text string, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return "", nil, false
	}
	b = b[size:]
	return string(b[:n]), b[n:], true
}
