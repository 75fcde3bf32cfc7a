package channeltest

import (
	"encoding/json"
	"errors"
	"fmt"

	"sneakers23/web/channel"

	"github.com/gorilla/websocket"
)

// frame is one that the server sent. "" stands for the ref null.
type frame struct {
	joinRef, ref string
	topic, event string
	payload      payload
	status       string // of a reply that carries bytes; else it stands in the payload
}

func parseFrame(opcode int, data []byte) (frame, error) {
	if opcode == websocket.BinaryMessage {
		return parseBinary(data)
	}
	var f frame
	err := json.Unmarshal(data, &[]any{&f.joinRef, &f.ref, &f.topic, &f.event, &f.payload.json})
	return f, err
}

// The kinds of binary frames: the first byte.
const (
	pushKind = iota
	replyKind
	broadcastKind
)

// parseBinary reads a frame with bytes: its kind, a byte for the length of each field,
// the fields, and the bytes.
func parseBinary(data []byte) (f frame, err error) {
	if len(data) == 0 {
		return f, errors.New("an empty binary frame")
	}
	var fields []*string
	switch data[0] {
	case pushKind:
		fields = []*string{&f.joinRef, &f.topic, &f.event}
	case replyKind:
		f.event = "phx_reply"
		fields = []*string{&f.joinRef, &f.ref, &f.topic, &f.status}
	case broadcastKind:
		fields = []*string{&f.topic, &f.event}
	default:
		return f, fmt.Errorf("a binary frame of kind %d", data[0])
	}
	lengths, rest := data[1:], data[min(1+len(fields), len(data)):]
	for i, field := range fields {
		if i >= len(lengths) || int(lengths[i]) > len(rest) {
			return f, errors.New("a binary frame that is cut off")
		}
		*field, rest = string(rest[:lengths[i]]), rest[lengths[i]:]
	}
	f.payload.binary = append(channel.Binary{}, rest...)
	return f, nil
}

// binaryPush makes the frame of a push with bytes.
func binaryPush(joinRef, ref, topic, event string, bytes channel.Binary) []byte {
	b := []byte{pushKind}
	fields := []string{joinRef, ref, topic, event}
	for _, field := range fields {
		b = append(b, byte(len(field)))
	}
	for _, field := range fields {
		b = append(b, field...)
	}
	return append(b, bytes...)
}
