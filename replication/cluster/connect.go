package cluster

import (
	"strings"

	"github.com/nats-io/nats.go"
)

// handshakes is how often connect tries.
const handshakes = 5

// connect is nats.Connect, but repeats a handshake that a PING of the server has broken. The server
// begins to check a connection two seconds after it was opened at the latest. If the PONG that ends
// the handshake comes after that, as it does where either side gets hardly any processor time,
// NATS's client takes the PING for an error of the protocol. All other errors, such as a server
// that is silent or refuses, are returned at once.
func connect(url string, options ...nats.Option) (conn *nats.Conn, err error) {
	for range handshakes {
		if conn, err = nats.Connect(url, options...); err == nil || !brokenByPing(err) {
			break
		}
	}
	return conn, err
}

// brokenByPing goes by the text, since the client has no value for this error.
func brokenByPing(err error) bool {
	return strings.Contains(err.Error(), "expected 'PONG', got 'PING'")
}
