//go:build !unix

package conns

import (
	"net"
	"syscall"
)

// RawConn returns nil: on this system a goroutine waits for every read and every write.
func RawConn(net.Conn) syscall.RawConn { return nil }

type rawWriter struct{}

func newRawWriter() *rawWriter { return nil }

func (*rawWriter) write(syscall.RawConn, []byte) (int, error) { return 0, syscall.EINVAL }

// RawReader is of no use on this system.
type RawReader struct{}

// NewRawReader returns nil.
func NewRawReader(bool) *RawReader { return nil }

// Read fails.
func (*RawReader) Read(syscall.RawConn) ([]byte, error) { return nil, syscall.EINVAL }

// Release does nothing.
func (*RawReader) Release() {}
