package channel

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// v2 is the serializer of the protocol's version 2: text frames with an array of
// five, [join_ref, ref, topic, event, payload]; its binary frames are in binary.go.
type v2 struct{}

func (v2) decode(opcode int, data []byte) (message, error) {
	if opcode == websocket.BinaryMessage {
		return decodeBinary(data)
	}
	if !utf8.Valid(data) {
		return message{}, errNotUTF8
	}
	parts := make([]json.RawMessage, 0, 5)
	if json.Unmarshal(data, &parts) != nil || len(parts) != 5 {
		return message{}, errNoMessage
	}
	m := message{joinRef: parts[0], ref: parts[1], payload: parts[4]}
	if !decodeString(parts[2], &m.topic) || !decodeString(parts[3], &m.event) {
		return message{}, errNoMessage
	}
	return m, nil
}

// decodeString is json.Unmarshal that takes nothing but a string, not null either.
func decodeString(raw json.RawMessage, to *string) bool {
	return len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, to) == nil
}

func (v v2) reply(joinRef, ref json.RawMessage, topic, status string, response json.RawMessage) []byte {
	b := v.begin(len(joinRef)+len(ref)+len(response), joinRef, ref, topic, "phx_reply")
	b = append(b, `{"status":"`...)
	b = append(b, status...)
	b = append(b, `","response":`...)
	b = append(b, response...)
	return sealFrame(websocket.TextMessage, append(b, "}]"...))
}

func (v v2) push(joinRef, ref json.RawMessage, topic, event string, payload json.RawMessage) []byte {
	b := v.begin(len(joinRef)+len(ref)+len(payload), joinRef, ref, topic, event)
	b = append(b, payload...)
	return sealFrame(websocket.TextMessage, append(b, ']'))
}

// begin starts a frame up to its payload, with room for n more bytes.
func (v2) begin(n int, joinRef, ref json.RawMessage, topic, event string) []byte {
	b := newFrame(n + len(topic) + len(event) + 64)
	b = append(b, '[')
	b = append(append(b, joinRef...), ',')
	b = append(append(b, ref...), ',')
	b = append(appendString(b, topic), ',')
	return append(appendString(b, event), ',')
}

var null = json.RawMessage("null")

func isNull(ref json.RawMessage) bool { return string(ref) == "null" }

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
