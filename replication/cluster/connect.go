package cluster

import (
	"errors"

	"github.com/nats-io/nats.go"
)

// handshakes is how often connect tries.
const handshakes = 5

// connect is nats.Connect, and tries again when a handshake fails in the middle. That client takes the PING with which a server begins
// to check a connection, two seconds after it was opened at the latest, for a protocol error if the PONG that ends the handshake comes
// later: so it is where either side gets hardly any processor time. A server that is not there, refuses or is silent is not tried again.
func connect(url string, options ...nats.Option) (conn *nats.Conn, err error) {
	for range handshakes {
		conn, err = nats.Connect(url, options...)
		if err == nil || errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrTimeout) {
			break
		}
	}
	return conn, err
}
