// Package connstest helps to test servers that keep many connections open.
package connstest

import (
	"net"
	"testing"
)

// Loopback returns both ends of a TCP connection. The kernel's buffers from server to client are of
// so many bytes, about: with small ones, a client that does not read is noticed soon.
func Loopback(t testing.TB, buffer int) (server, client net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	client.(*net.TCPConn).SetReadBuffer(buffer)
	server.(*net.TCPConn).SetWriteBuffer(buffer)
	t.Cleanup(func() { server.Close(); client.Close() })
	return server, client
}
