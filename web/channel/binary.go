package channel

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"sneakers23/replication/pubsub"
	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// Binary is a payload that is no JSON but bytes. It can be given to Push, Broadcast and
// BroadcastFrom, to [pubsub.PubSub.Broadcast], as a reply, and to [Refuse]. It reaches the client
// as an ArrayBuffer; the bytes must not change afterwards. Bytes that a client pushes are in
// [Message].Binary.
//
// Binary payloads are for serializer V2. Beside them topic, event, status and each
// ref have 255 bytes at most.
type Binary []byte

// BinaryPayloads carries a [Binary] between nodes, for [pubsub.Link].
var BinaryPayloads = pubsub.Codec{
	Encode: func(payload any) ([]byte, bool) {
		data, ok := payload.(Binary)
		return data, ok
	},
	Decode: func(data []byte) any { return Binary(data) },
}

// ErrNoBinary is what a push gets for a [Binary] to a client that speaks serializer
// V1, which has none. A reply becomes {"reason":"binary payloads need vsn 2.0.0"},
// and broadcasts leave such clients out.
var ErrNoBinary = errors.New("channel: this client's serializer has no binary payloads")

// errTooLong means that something does not fit beside a binary payload.
var errTooLong = errors.New("channel: too long beside a binary payload: 255 bytes at most")

// The kinds of binary frames.
const (
	kindPush      = 0
	kindReply     = 1
	kindBroadcast = 2
)

// decodeBinary reads a client's binary push: the kind, the lengths of the join_ref,
// the ref, the topic and the event, these four, and the payload.
func decodeBinary(data []byte) (*message, error) {
	const header = 5
	if len(data) < header || data[0] != kindPush {
		return nil, errNoMessage
	}
	var fields [4]string
	rest := data[header:]
	for i := range fields {
		n := int(data[1+i])
		if n > len(rest) || !utf8.Valid(rest[:n]) {
			return nil, errNoMessage
		}
		fields[i], rest = string(rest[:n]), rest[n:]
	}
	return &message{
		joinRef: binaryRef(fields[0]), ref: binaryRef(fields[1]), topic: fields[2], event: fields[3],
		payload: null, binary: append(Binary{}, rest...),
	}, nil
}

// binaryRef returns a ref of a binary frame as JSON. There, none is empty.
func binaryRef(ref string) json.RawMessage {
	if ref == "" {
		return null
	}
	return appendString(nil, ref)
}

// appendRef is the opposite of binaryRef. A ref that is no string stands there as
// its JSON.
func appendRef(b []byte, ref json.RawMessage) []byte {
	if isNull(ref) {
		return b
	}
	var text string
	if decodeString(ref, &text) {
		return append(b, text...)
	}
	return append(b, ref...)
}

func (v2) binaryReply(joinRef, ref json.RawMessage, topic, status string, response Binary) ([]byte, error) {
	return binaryFrame(kindReply, response, appendRef(nil, joinRef), appendRef(nil, ref), []byte(topic), []byte(status))
}

func (v2) binaryPush(joinRef json.RawMessage, topic, event string, payload Binary) ([]byte, error) {
	return binaryFrame(kindPush, payload, appendRef(nil, joinRef), []byte(topic), []byte(event))
}

func (v2) binaryBroadcast(topic, event string, payload Binary) ([]byte, error) {
	return binaryFrame(kindBroadcast, payload, []byte(topic), []byte(event))
}

// binaryFrame puts fields and payload behind the kind and the fields' lengths.
func binaryFrame(kind byte, payload Binary, fields ...[]byte) ([]byte, error) {
	n := 1 + len(fields) + len(payload)
	for _, field := range fields {
		if len(field) > 255 {
			return nil, fmt.Errorf("%w: %.40q… has %d", errTooLong, field, len(field))
		}
		n += len(field)
	}
	b := append(ws.NewFrame(n), kind)
	for _, field := range fields {
		b = append(b, byte(len(field)))
	}
	for _, field := range fields {
		b = append(b, field...)
	}
	return ws.Seal(websocket.BinaryMessage, append(b, payload...)), nil
}

// broadcastable returns what is handed to the PubSub for a payload: it is encoded
// already, or known to be possible to encode.
func broadcastable(topic, event string, payload any) (any, error) {
	data, ok := payload.(Binary)
	if !ok {
		return encodeJSON(payload)
	}
	if len(topic) > 255 || len(event) > 255 {
		return nil, errTooLong
	}
	return data, nil
}

// binaryAnswer finds the bytes in what a callback returned, if it is bytes.
func binaryAnswer(reply any, failed error) (status string, response Binary, ok bool) {
	if failed == nil {
		response, ok = reply.(Binary)
		return statusOK, response, ok
	}
	if refusal, refused := errors.AsType[*Refusal](failed); refused {
		response, ok = refusal.Response.(Binary)
	}
	return statusError, response, ok
}

// answer makes the frame of a reply from what a callback returned. It always makes
// one; err says what had to be hidden from the client.
func (c *conn) answer(joinRef, ref json.RawMessage, topic string, reply any, failed error) (frame []byte, err error) {
	status, bytes, ok := binaryAnswer(reply, failed)
	if !ok {
		status, response, err := c.srv.response(reply, failed)
		return c.format.reply(joinRef, ref, topic, status, response), err
	}
	frame, err = c.format.binaryReply(joinRef, ref, topic, status, bytes)
	switch {
	case errors.Is(err, ErrNoBinary):
		return c.format.reply(joinRef, ref, topic, statusError, noBinary), nil
	case err != nil:
		return c.format.reply(joinRef, ref, topic, statusError, internalError), fmt.Errorf("encode reply: %w", err)
	}
	return frame, nil
}
