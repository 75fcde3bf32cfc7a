package main

import (
	"net"
	"sync"
)

// heldConn holds back what the server has sent while a push is being made. The client listens for a
// reply only after it has sent the push, and loses a reply that is there before.
type heldConn struct {
	net.Conn
	pushing *sync.Mutex
}

func (c *client) dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return heldConn{conn, &c.pushing}, nil
}

func (h heldConn) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	h.pushing.Lock() // what has come by now may be the reply
	defer h.pushing.Unlock()
	return n, err
}
