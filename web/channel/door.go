package channel

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"
)

// door is the connection as gorilla sees it. Gorilla reads through it, but once the
// handshake is over it writes nothing: a close frame that it would send by itself,
// for a frame that is too large for instance, is kept for us to send in turn. It
// would land inside another frame otherwise.
type door struct {
	net.Conn
	open bool   // the handshake is over
	last []byte // the close frame that gorilla wanted to send
}

// opcodeClose is the first byte of a close frame.
const opcodeClose = finBit | 8

func (d *door) Write(b []byte) (int, error) {
	if !d.open {
		return d.Conn.Write(b)
	}
	if len(b) > 0 && b[0] == opcodeClose {
		d.last = bytes.Clone(b)
	}
	return len(b), nil
}

// SetWriteDeadline belongs to the outbox once the handshake is over.
func (d *door) SetWriteDeadline(t time.Time) error {
	if !d.open {
		return d.Conn.SetWriteDeadline(t)
	}
	return nil
}

// doorway gives gorilla a door when it takes over the connection.
type doorway struct {
	http.ResponseWriter
	door *door
}

func (w *doorway) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.door = &door{Conn: conn}
	return w.door, buffered, nil
}
