package channel

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// v2 is the serializer of the protocol's version 2: text frames with an array of
// five, [join_ref, ref, topic, event, payload]; its binary frames are in binary.go.
type v2 struct{}

func (v2) decode(opcode int, data []byte) (*message, error) {
	if opcode == websocket.BinaryMessage {
		return decodeBinary(data)
	}
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	var parts [5]json.RawMessage
	if !json.Valid(data) || !splitArray(bytes.Clone(data), parts[:]) {
		return nil, errNoMessage
	}
	m := &message{joinRef: parts[0], ref: parts[1], payload: parts[4]}
	if !decodeString(parts[2], &m.topic) || !decodeString(parts[3], &m.event) {
		return nil, errNoMessage
	}
	return m, nil
}

// splitArray cuts valid JSON, an array of exactly so many values, into these values.
// They share its memory: encoding/json would copy each of them.
func splitArray(data []byte, values []json.RawMessage) bool {
	data = bytes.Trim(data, jsonSpace)
	if data[0] != '[' {
		return false
	}
	n, start, depth := 0, 1, 0
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			continue
		case '[', '{':
			depth++
			continue
		case ']', '}':
			depth--
		case ',':
		default:
			continue
		}
		if depth > 0 || depth == 0 && data[i] != ',' {
			continue // inside of a value, or at its end
		}
		if n == len(values) {
			return false
		}
		value := bytes.Trim(data[start:i], jsonSpace)
		values[n], n, start = value[:len(value):len(value)], n+1, i+1
	}
	return n == len(values)
}

// jsonSpace may stand around a value.
const jsonSpace = " \t\r\n"

// decodeString reads a string from valid JSON, and nothing else, not null either.
func decodeString(raw json.RawMessage, to *string) bool {
	if len(raw) < 2 || raw[0] != '"' {
		return false
	}
	if inside := raw[1 : len(raw)-1]; bytes.IndexByte(inside, '\\') < 0 {
		*to = string(inside)
		return true
	}
	return json.Unmarshal(raw, to) == nil
}

func (v v2) reply(joinRef, ref json.RawMessage, topic, status string, response json.RawMessage) []byte {
	b := v.begin(len(joinRef)+len(ref)+len(response), joinRef, ref, topic, "phx_reply")
	b = append(b, `{"status":"`...)
	b = append(b, status...)
	b = append(b, `","response":`...)
	b = append(b, response...)
	return ws.Seal(websocket.TextMessage, append(b, "}]"...))
}

func (v v2) push(joinRef, ref json.RawMessage, topic, event string, payload json.RawMessage) []byte {
	b := v.begin(len(joinRef)+len(ref)+len(payload), joinRef, ref, topic, event)
	b = append(b, payload...)
	return ws.Seal(websocket.TextMessage, append(b, ']'))
}

// begin starts a frame up to its payload, with room for n more bytes.
func (v2) begin(n int, joinRef, ref json.RawMessage, topic, event string) []byte {
	b := ws.NewFrame(n + len(topic) + len(event) + 64)
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
