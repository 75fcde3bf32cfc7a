//go:build !unix

package channel

import (
	"net"
	"syscall"
)

// rawConn returns nil: here a goroutine waits for every read and every write.
func rawConn(net.Conn) syscall.RawConn { return nil }

type rawWriter struct{}

func newRawWriter() *rawWriter { return nil }

func (*rawWriter) write(syscall.RawConn, []byte) (int, error) { return 0, syscall.EINVAL }

type rawReader struct{}

func newRawReader(bool) *rawReader { return nil }

func (*rawReader) read(syscall.RawConn) ([]byte, error) { return nil, syscall.EINVAL }

func (*rawReader) release() {}
