package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"sneakers23/app/devices"
	"sneakers23/web/quota"
)

// Store is what a Server needs of those who know the devices. Its methods are called from the
// goroutines of connections, many at a time. Their contexts end when the connection does.
type Store interface {
	// Verify returns the device with this key: devices.ErrUnknownKey if there is none,
	// devices.ErrRevoked if the key is no longer valid. Any other error says that the store can't
	// tell at the moment. Only Config.Verifying calls are made at a time.
	Verify(ctx context.Context, key devices.Key) (devices.Device, error)
	// Wanted returns the variables that the device is still to be sent.
	Wanted(ctx context.Context, device devices.ID) ([]devices.Variable, error)
	// Log accepts log records. It may wait as long as it likes, which slows the device: its
	// connection is not read meanwhile. An error says that no record was accepted.
	Log(ctx context.Context, device devices.ID, records []devices.Record) error
	// Report stores the values of variables. devices.ErrTooManyVariables refuses them;
	// devices.ErrRevoked and devices.ErrNoSuchDevice end the connection. After any other error
	// the same values are reported again, for a while.
	Report(ctx context.Context, device devices.ID, variables []devices.Variable) error
}

// Config says what a Server needs. Store must be set; every other field has a default, which the
// package comment lists.
type Config struct {
	Store Store
	TLS   *tls.Config  // nil: plain TCP
	Log   *slog.Logger // nil: no log. A key is never logged, and no text of a device

	// Addresses bounds the connections of each client, see package quota. nil: no bound.
	Addresses *quota.PerClient
	// WrongKey is called for each key that no device has, or that was revoked, with the client that
	// has sent it. nil: none is reported.
	WrongKey func(client netip.Prefix)
	// Presence is called with the number of verified connections that a device has at this node,
	// after each change of it: one call at a time, in order, from the goroutines of connections. It
	// must not wait, nor call the Server. nil: none is reported.
	Presence func(device devices.ID, name string, connections int)

	MaxConnections int // of all devices
	PerKey         int // connections that are verified with one key
	Verifying      int // keys that are verified at a time
	MaxQueue       int // bytes that may wait for a device, see conns.Outbox

	Silence      time.Duration // without a complete line, after which a connection is closed
	Unverified   time.Duration // that a connection may stay unverified, its TLS handshake included
	LineTimeout  time.Duration // for an incomplete line to become complete
	WriteTimeout time.Duration // for a device to take one line
	WrongKeyWait time.Duration // before a key that can't be verified is answered

	DrainShare float64 // of the connections are closed in a second when the server stops
	DrainLeast int     // but at least so many
}

// withDefaults returns the configuration to run with, or says what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.Store == nil {
		return c, errors.New("gateway: Config.Store is missing")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.WrongKey == nil {
		c.WrongKey = func(netip.Prefix) {}
	}
	if c.Presence == nil {
		c.Presence = func(devices.ID, string, int) {}
	}
	return c, errors.Join(
		orDefault("MaxConnections", &c.MaxConnections, 20_000),
		orDefault("PerKey", &c.PerKey, 32),
		orDefault("Verifying", &c.Verifying, 16),
		orDefault("MaxQueue", &c.MaxQueue, 64<<10),
		orDefault("Silence", &c.Silence, 5*time.Minute),
		orDefault("Unverified", &c.Unverified, 30*time.Second),
		orDefault("LineTimeout", &c.LineTimeout, 30*time.Second),
		orDefault("WriteTimeout", &c.WriteTimeout, 10*time.Second),
		orDefault("WrongKeyWait", &c.WrongKeyWait, 500*time.Millisecond),
		orDefault("DrainShare", &c.DrainShare, 0.05),
		orDefault("DrainLeast", &c.DrainLeast, 50),
	)
}

func orDefault[T int | float64 | time.Duration](name string, value *T, standard T) error {
	if *value < 0 {
		return fmt.Errorf("gateway: Config.%s is negative", name)
	}
	if *value == 0 {
		*value = standard
	}
	return nil
}
