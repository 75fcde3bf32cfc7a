package channel

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"

	"sneakers23/replication/pubsub"
	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// message is what a client sends. A ref is any JSON value: it means something to
// the client only, and is echoed byte by byte.
type message struct {
	joinRef, ref json.RawMessage
	topic, event string
	payload      json.RawMessage // null for a binary message
	binary       Binary          // nil if the payload is JSON
	size         int64           // bytes of all that, which it may pin together
}

// Why a frame of a client is no message.
var (
	errNotUTF8   = &ws.Refusal{Code: websocket.CloseInvalidFramePayloadData, Reason: "not UTF-8"}
	errNoMessage = &ws.Refusal{Code: websocket.CloseInternalServerErr, Reason: "not a message"}
)

// serializer is one version of the protocol: how messages stand in frames.
type serializer interface {
	// decode reads a client's frame, of the opcode text or binary. It keeps
	// nothing of data. The errors are errNoMessage and errNotUTF8.
	decode(opcode int, data []byte) (*message, error)

	reply(joinRef, ref json.RawMessage, topic, status string, response json.RawMessage) []byte
	push(joinRef, ref json.RawMessage, topic, event string, payload json.RawMessage) []byte

	// Those with a binary payload fail if the version has none, or if what stands
	// beside the payload is too long.
	binaryReply(joinRef, ref json.RawMessage, topic, status string, response Binary) ([]byte, error)
	binaryPush(joinRef json.RawMessage, topic, event string, payload Binary) ([]byte, error)
	binaryBroadcast(topic, event string, payload Binary) ([]byte, error)
}

// format is a serializer with what is encoded once for all sockets that speak it.
type format struct {
	serializer
	broadcasts *pubsub.Encoding // frames of broadcasts
	payloads   *pubsub.Encoding // payloads of those that are forwarded, whose frames differ
}

func (f *format) decode(opcode int, data []byte) (*message, error) {
	m, err := f.serializer.decode(opcode, data)
	if err == nil {
		m.size = int64(len(data))
	}
	return m, err
}

func (s *Server) newFormat(speaks serializer) *format {
	f := &format{serializer: speaks}
	f.broadcasts = s.newEncoding(f.broadcast)
	f.payloads = s.newEncoding(f.forwardable)
	return f
}

// newEncoding returns an encoding that says once of each message why it failed.
func (s *Server) newEncoding(encode func(*pubsub.Message) ([]byte, error)) *pubsub.Encoding {
	return pubsub.NewEncoding(func(m *pubsub.Message) ([]byte, error) {
		b, err := encode(m)
		switch {
		case errors.Is(err, ErrNoBinary): // the client's choice is no mistake of ours
			s.cfg.Log.Debug("a broadcast has no form in this version", "topic", s.pattern(m.Topic), "event", m.Event,
				"err", err)
		case err != nil:
			s.cfg.Log.Error("a broadcast cannot be encoded", "topic", s.pattern(m.Topic), "event", m.Event, "err", err)
		}
		return b, err
	})
}

// broadcast makes the frame of a broadcast, a push without refs: the same bytes for all clients.
func (f *format) broadcast(m *pubsub.Message) ([]byte, error) {
	if data, ok := m.Payload.(Binary); ok {
		return f.binaryBroadcast(m.Topic, m.Event, data)
	}
	payload, err := encodeJSON(m.Payload)
	if err != nil {
		return nil, err
	}
	return f.push(null, null, m.Topic, m.Event, payload), nil
}

// forwardable returns the payload of a broadcast as a push has it, if it can have it.
func (f *format) forwardable(m *pubsub.Message) ([]byte, error) {
	if data, ok := m.Payload.(Binary); ok {
		_, err := f.binaryPush(null, "", m.Event, nil)
		return data, err
	}
	return encodeJSON(m.Payload)
}

// forward makes the frame of a broadcast to another topic, as a push of this one.
func (f *format) forward(joinRef json.RawMessage, topic string, m *pubsub.Message) ([]byte, error) {
	payload, err := m.Encoded(f.payloads)
	if err != nil {
		return nil, err
	}
	if _, ok := m.Payload.(Binary); ok {
		return f.binaryPush(joinRef, topic, m.Event, payload)
	}
	return f.push(joinRef, null, topic, m.Event, payload), nil
}

// pushOf makes the frame of a push with any payload.
func (f *format) pushOf(joinRef json.RawMessage, topic, event string, payload any) ([]byte, error) {
	if data, ok := payload.(Binary); ok {
		return f.binaryPush(joinRef, topic, event, data)
	}
	encoded, err := encodeJSON(payload)
	if err != nil {
		return nil, err
	}
	return f.push(joinRef, null, topic, event, encoded), nil
}

// semantic is a version as Elixir reads it. The parts are major, minor, patch and
// what marks a version as not yet released.
var semantic = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
	`(-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?` +
	`(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$`)

// speaks returns the format that a client asks for by vsn, the last if there are
// several: a client appends its own to the query. As in Phoenix, ~> 1.0.0 is
// version 1, which is also meant when there is no vsn, and ~> 2.0.0 version 2.
func (s *Server) speaks(query url.Values) (*format, error) {
	all := query["vsn"]
	if len(all) == 0 {
		return s.v1, nil
	}
	switch all[len(all)-1] { // what phoenix.js says needs no expression
	case "2.0.0":
		return s.v2, nil
	case "1.0.0":
		return s.v1, nil
	}
	v := semantic.FindStringSubmatch(all[len(all)-1])
	if v != nil && v[2] == "0" && (v[3] != "0" || v[4] == "") { // 2.0.0-rc is before 2.0.0
		switch v[1] {
		case "1":
			return s.v1, nil
		case "2":
			return s.v2, nil
		}
	}
	return nil, &ConnectError{http.StatusForbidden, "this server speaks the channel protocol vsn=2.0.0 and vsn=1.0.0"}
}
