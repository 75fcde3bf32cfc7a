//go:build !unix

package channel

import (
	"net"
	"syscall"
)

// rawConn returns nil: here every socket is written to by a goroutine of its own.
func rawConn(net.Conn) syscall.RawConn { return nil }

type rawWriter struct{}

func newRawWriter() *rawWriter { return nil }

func (*rawWriter) write(syscall.RawConn, []byte) (int, error) { return 0, syscall.EINVAL }
