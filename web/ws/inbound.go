package ws

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// inbound finds the messages in what a client sends: section 5 of RFC 6455, the server's side,
// without extensions. It is given bytes as they come, and so needs no goroutine that waits for the
// rest of a frame, and at rest no memory.
type inbound struct {
	limit  int    // bytes of a message
	data   []byte // what was not looked at yet
	rest   []byte // the beginning of a frame, kept for later
	opcode byte   // of the message whose first fragments are there, or 0
	parts  []byte // its fragments
}

// Refusal is why a connection is closed: what a client did wrong, as it is told in a close frame.
type Refusal struct {
	Code   int // of RFC 6455, section 7.4
	Reason string
}

func (r *Refusal) Error() string { return "ws: refused: " + r.Reason }

func protocolError(reason string) error { return &Refusal{websocket.CloseProtocolError, reason} }

var errTooBig = &Refusal{websocket.CloseMessageTooBig, "message too big"}

// add gives it the next bytes, which are its to change until next has found the last
// message in them.
func (in *inbound) add(data []byte) {
	in.data = data
	if len(in.rest) > 0 {
		in.rest = append(in.rest, data...)
		in.data = in.rest
	}
}

// next returns the next message, text or binary, or the next ping or pong. The payload
// is valid until add or next is called again. Opcode 0 means that more must come. The
// error is a Refusal, or the client's close frame as a *websocket.CloseError.
func (in *inbound) next() (opcode byte, payload []byte, err error) {
	for {
		f, size, err := in.frame(in.data)
		if err != nil {
			return 0, nil, err
		}
		if size == 0 {
			in.keep()
			return 0, nil, nil
		}
		in.data = in.data[size:]
		if opcode, payload, err = in.assemble(f); opcode != 0 || err != nil {
			return opcode, payload, err
		}
	}
}

// keep puts the beginning of a frame aside.
func (in *inbound) keep() {
	if len(in.data) == 0 {
		in.rest = nil
	} else {
		in.rest = append(in.rest[:0], in.data...)
	}
	in.data = nil
}

// clientFrame is a frame with its payload unmasked.
type clientFrame struct {
	opcode  byte
	final   bool
	payload []byte
}

// frame reads the frame at the start of data; size 0 means that it has not come
// whole. It is refused as soon as its header has come.
func (in *inbound) frame(data []byte) (f clientFrame, size int, err error) {
	if len(data) < 2 {
		return f, 0, nil
	}
	f = clientFrame{opcode: data[0] & 0x0f, final: data[0]&finBit != 0}
	if err := in.allowed(f, data[0], data[1]); err != nil {
		return f, 0, err
	}
	length, header := uint64(data[1]&0x7f), 2
	switch {
	case length == 126 && len(data) >= 4:
		length, header = uint64(binary.BigEndian.Uint16(data[2:])), 4
	case length == 127 && len(data) >= 10:
		length, header = binary.BigEndian.Uint64(data[2:]), 10
	case length >= 126:
		return f, 0, nil
	}
	body := header + 4 // behind the mask
	switch {
	case len(data) < body:
		return f, 0, nil
	case f.opcode < websocket.CloseMessage && length > uint64(in.limit-len(in.parts)):
		return f, 0, errTooBig
	case uint64(len(data)-body) < length:
		return f, 0, nil
	}
	size = body + int(length)
	f.payload = data[body:size:size]
	unmask(f.payload, [4]byte(data[header:body]))
	return f, size, nil
}

// allowed checks the first two bytes of a frame.
func (in *inbound) allowed(f clientFrame, first, second byte) error {
	switch {
	case first&0x70 != 0:
		return protocolError("reserved bits are set")
	case second&0x80 == 0:
		return protocolError("not masked")
	}
	switch f.opcode {
	case websocket.CloseMessage, websocket.PingMessage, websocket.PongMessage:
		if !f.final || second&0x7f > 125 {
			return protocolError("a control frame in fragments, or longer than 125 bytes")
		}
	case websocket.TextMessage, websocket.BinaryMessage:
		if in.opcode != 0 {
			return protocolError("a new message before the end of the last")
		}
	case continuation:
		if in.opcode == 0 {
			return protocolError("nothing to continue")
		}
	default:
		return protocolError("reserved opcode")
	}
	return nil
}

// continuation is the opcode of all fragments of a message but the first.
const continuation = 0

// unmask works in words as long as it can: the mask starts over with each payload.
func unmask(payload []byte, mask [4]byte) {
	twice := uint64(binary.LittleEndian.Uint32(mask[:]))
	twice |= twice << 32
	for len(payload) >= 8 {
		binary.LittleEndian.PutUint64(payload, binary.LittleEndian.Uint64(payload)^twice)
		payload = payload[8:]
	}
	for i := range payload {
		payload[i] ^= mask[i&3]
	}
}

// assemble puts fragments together and returns what is whole.
func (in *inbound) assemble(f clientFrame) (opcode byte, payload []byte, err error) {
	switch {
	case f.opcode == websocket.CloseMessage:
		return 0, nil, closedByClient(f.payload)
	case f.opcode > websocket.CloseMessage || f.final && in.opcode == 0:
		return f.opcode, f.payload, nil
	}
	if in.opcode == 0 {
		in.opcode = f.opcode
	}
	in.parts = append(in.parts, f.payload...)
	if !f.final {
		return 0, nil, nil
	}
	opcode, payload = in.opcode, in.parts
	in.opcode, in.parts = 0, nil
	return opcode, payload, nil
}

// closedByClient reads a close frame.
func closedByClient(payload []byte) error {
	if len(payload) == 0 {
		return &websocket.CloseError{Code: websocket.CloseNoStatusReceived}
	}
	if len(payload) < 2 {
		return protocolError("half a close code")
	}
	code, reason := int(binary.BigEndian.Uint16(payload)), payload[2:]
	switch {
	case !mayBeSent(code):
		return protocolError("a close code that must not be sent")
	case !utf8.Valid(reason):
		return protocolError("a close reason that is not UTF-8")
	}
	return &websocket.CloseError{Code: code, Text: string(bytes.Clone(reason))}
}

// mayBeSent tells the close codes that are defined for the wire, or free for
// applications: section 7.4 of the RFC, and IANA's registry.
func mayBeSent(code int) bool {
	switch code {
	case 1004, websocket.CloseNoStatusReceived, websocket.CloseAbnormalClosure:
		return false
	}
	return code >= websocket.CloseNormalClosure && code <= 1014 || code >= 3000 && code <= 4999
}
