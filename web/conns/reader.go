package conns

import (
	"net"
	"sync"
	"syscall"
)

// readSize is how much is read at once. A larger message is read in several steps.
const readSize = 4 << 10

var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// Reader waits for what comes on a connection. While it waits it holds no buffer, unless something
// is wrapped around the connection (TLS): then it holds one of 512 bytes. One goroutine at a time
// uses it; the connection's read deadline, or its end, interrupts a read.
type Reader struct {
	conn net.Conn
	raw  syscall.RawConn
	bare *RawReader // if raw is not nil
	own  []byte
}

// NewReader returns a reader of conn; raw is what RawConn returns for it.
//
// NewReader is kept out of the frame of its caller, below which messages are handled: else the
// first message would make the stack of every connection's goroutine grow.
//
//go:noinline
func NewReader(conn net.Conn, raw syscall.RawConn) *Reader {
	if raw != nil {
		return &Reader{raw: raw, bare: NewRawReader(true)}
	}
	return &Reader{conn: conn, own: make([]byte, 512)}
}

// Read waits until something has come, and returns it: up to 4 KiB, valid until Release or the next
// Read.
func (r *Reader) Read() ([]byte, error) {
	if r.raw != nil {
		return r.bare.Read(r.raw)
	}
	n, err := r.conn.Read(r.own)
	return r.own[:n], err
}

// CanTry reports whether TryRead can tell what has come.
func (r *Reader) CanTry() bool { return r.raw != nil }

// TryRead is Read without waiting: it returns no bytes, and no error, if nothing has come.
func (r *Reader) TryRead() ([]byte, error) {
	r.bare.patient = false
	data, err := r.bare.Read(r.raw)
	r.bare.patient = true
	return data, err
}

// Release gives the buffer back. It is called after each Read, when what was read is handled.
func (r *Reader) Release() {
	if r.raw != nil {
		r.bare.Release()
	}
}
