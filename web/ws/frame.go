package ws

import (
	"encoding/binary"
	"slices"

	"github.com/gorilla/websocket"
)

// Frames are written as raw bytes by the connection's Outbox, so that several leave in one write
// and a broadcast's frame is shared by all who get it. They are the server's: never masked, never
// in fragments, never compressed.

// frameRoom is kept free before a payload for the longest header.
const frameRoom = 10

const finBit = 0x80

// NewFrame returns a buffer to append about n bytes of payload to. Its capacity is what the
// allocator gives for that: see conns.Weight.
func NewFrame(n int) []byte { return slices.Grow([]byte(nil), frameRoom+n)[:frameRoom] }

// Seal puts the header before the payload that was appended to b, which [NewFrame] made. The frame
// must not change any more.
func Seal(opcode byte, b []byte) []byte {
	switch n := len(b) - frameRoom; {
	case n < 126:
		b = b[frameRoom-2:]
		b[1] = byte(n)
	case n < 1<<16:
		b = b[frameRoom-4:]
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	default:
		b = b[frameRoom-10:]
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(n))
	}
	b[0] = finBit | opcode
	return b
}

// Open is the opposite of Seal. It takes only what Seal has made.
func Open(frame []byte) (opcode byte, payload []byte) {
	opcode = frame[0] &^ finBit
	switch frame[1] {
	case 126:
		return opcode, frame[4:]
	case 127:
		return opcode, frame[10:]
	}
	return opcode, frame[2:]
}

// closeFrame returns a close frame; a code that must not be sent gives an empty one.
func closeFrame(code int, reason string) []byte {
	payload := websocket.FormatCloseMessage(code, reason)
	return Seal(websocket.CloseMessage, append(NewFrame(len(payload)), payload...))
}

func pongFrame(data []byte) []byte {
	return Seal(websocket.PongMessage, append(NewFrame(len(data)), data...))
}
