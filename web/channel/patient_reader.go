package channel

import (
	"net"
	"sync"
	"syscall"
)

// readSize is how much is read at once. A larger message is read in several steps.
const readSize = 4 << 10

var readBuffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// patientReader waits for what comes on a connection. While it waits it holds no
// buffer, unless something is wrapped around the connection: then it holds a small
// one.
type patientReader struct {
	conn net.Conn
	raw  syscall.RawConn
	bare *rawReader // if raw is not nil
	own  []byte
}

// newPatientReader is kept out of the frame of its caller, below which messages are
// handled: else the first would make the stack of every socket's goroutine grow.
//
//go:noinline
func newPatientReader(conn net.Conn, raw syscall.RawConn) *patientReader {
	if raw != nil {
		return &patientReader{raw: raw, bare: newRawReader(true)}
	}
	return &patientReader{conn: conn, own: make([]byte, 512)}
}

// read returns what came, valid until release.
func (r *patientReader) read() ([]byte, error) {
	if r.raw != nil {
		return r.bare.read(r.raw)
	}
	n, err := r.conn.Read(r.own)
	return r.own[:n], err
}

func (r *patientReader) release() {
	if r.raw != nil {
		r.bare.release()
	}
}
