//go:build unix

package conns

import (
	"io"
	"net"
	"syscall"
)

// rawConn returns the way to read and write conn without waiting, nil if there is
// none. Only a bare connection has one: whatever is wrapped around one wants to see
// what is read and written.
func RawConn(conn net.Conn) syscall.RawConn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// rawWriter writes to a socket what its kernel buffer takes at once. It is made once for many
// writes, since the function for RawConn would otherwise be allocated for each.
type rawWriter struct {
	once func(fd uintptr) bool
	p    []byte
	n    int
	err  error
}

func newRawWriter() *rawWriter {
	w := &rawWriter{}
	w.once = func(fd uintptr) bool {
		for {
			w.n, w.err = syscall.Write(int(fd), w.p)
			switch w.err {
			case syscall.EINTR:
				continue
			case syscall.EAGAIN:
				w.err = nil
			}
			w.n = max(w.n, 0)
			return true // never wait
		}
	}
	return w
}

// write returns how much of p was taken; less than all means that the kernel's buffer is full.
func (w *rawWriter) write(raw syscall.RawConn, p []byte) (int, error) {
	w.p, w.n = p, 0
	err := raw.Write(w.once)
	w.p = nil // a writer is kept for long
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

// RawReader reads from sockets what their kernel buffers hold, from one socket after the other. It
// borrows a buffer only when there is something to read. It belongs to one goroutine.
type RawReader struct {
	once    func(fd uintptr) bool
	patient bool
	buf     *[readSize]byte
	n       int
	err     error
}

// NewRawReader returns a reader. A patient one waits for something to read; any other returns at
// once, for use behind an epoll.
func NewRawReader(patient bool) *RawReader {
	r := &RawReader{patient: patient}
	r.once = func(fd uintptr) bool {
		if r.buf == nil {
			r.buf = readBuffers.Get().(*[readSize]byte)
		}
		for {
			r.n, r.err = syscall.Read(int(fd), r.buf[:])
			switch {
			case r.err == syscall.EINTR:
				continue
			case r.err == syscall.EAGAIN && r.patient:
				r.Release()
				return false
			case r.err == syscall.EAGAIN:
				r.err = nil
			case r.err == nil && r.n == 0:
				r.err = io.EOF
			}
			r.n = max(r.n, 0)
			return true
		}
	}
	return r
}

// Read returns what has come, valid until Release or the next Read. Without patience that may be
// nothing.
func (r *RawReader) Read(raw syscall.RawConn) ([]byte, error) {
	r.n = 0
	if err := raw.Read(r.once); err != nil {
		return nil, err
	}
	return r.buf[:r.n], r.err
}

// Release gives the buffer back.
func (r *RawReader) Release() {
	if r.buf != nil {
		readBuffers.Put(r.buf)
		r.buf = nil
	}
}
