package channel

import (
	"encoding/json"
	"unicode/utf8"

	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// v1 is the serializer of the protocol's version 1: text frames with an object. Only
// the client sends a join_ref, and it may leave it out.
type v1 struct{}

func (v1) decode(opcode int, data []byte) (*message, error) {
	if opcode != websocket.TextMessage {
		return nil, errNoMessage
	}
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return nil, errNoMessage
	}
	m := &message{joinRef: fields["join_ref"], ref: fields["ref"], payload: fields["payload"]}
	if m.joinRef == nil {
		m.joinRef = null
	}
	if m.ref == nil || m.payload == nil ||
		!decodeString(fields["topic"], &m.topic) || !decodeString(fields["event"], &m.event) {
		return nil, errNoMessage
	}
	return m, nil
}

func (v v1) reply(_, ref json.RawMessage, topic, status string, response json.RawMessage) []byte {
	b := v.begin(len(ref)+len(response), topic, "phx_reply")
	b = append(b, `{"status":"`...)
	b = append(b, status...)
	b = append(b, `","response":`...)
	b = append(b, response...)
	return v.seal(append(b, '}'), ref)
}

// push leaves out the refs: in this version not even phx_close has one.
func (v v1) push(_, _ json.RawMessage, topic, event string, payload json.RawMessage) []byte {
	b := v.begin(len(payload), topic, event)
	return v.seal(append(b, payload...), null)
}

// begin starts a frame up to its payload, with room for n more bytes.
func (v1) begin(n int, topic, event string) []byte {
	b := ws.NewFrame(n + len(topic) + len(event) + 80)
	b = appendString(append(b, `{"topic":`...), topic)
	b = appendString(append(b, `,"event":`...), event)
	return append(b, `,"payload":`...)
}

func (v1) seal(b []byte, ref json.RawMessage) []byte {
	b = append(append(b, `,"ref":`...), ref...)
	return ws.Seal(websocket.TextMessage, append(b, '}'))
}

func (v1) binaryReply(_, _ json.RawMessage, _, _ string, _ Binary) ([]byte, error) {
	return nil, ErrNoBinary
}

func (v1) binaryPush(json.RawMessage, string, string, Binary) ([]byte, error) {
	return nil, ErrNoBinary
}

func (v1) binaryBroadcast(string, string, Binary) ([]byte, error) { return nil, ErrNoBinary }
