//go:build unix

package channel

import (
	"net"
	"syscall"
)

// rawConn returns the way to write to conn without waiting, nil if there is none.
// Only a bare connection has one: whatever is wrapped around one wants to see what
// is written.
func rawConn(conn net.Conn) syscall.RawConn {
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

// rawWriter writes to a socket what its kernel buffer takes at once. It is made
// once for many writes, since the function for RawConn would otherwise be
// allocated for each.
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

// write returns how much of p was taken; less than all means that the kernel's
// buffer is full.
func (w *rawWriter) write(raw syscall.RawConn, p []byte) (int, error) {
	w.p, w.n = p, 0
	if err := raw.Write(w.once); err != nil {
		return 0, err
	}
	w.p = nil
	return w.n, w.err
}
