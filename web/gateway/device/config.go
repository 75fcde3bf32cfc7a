package device

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

// Config says where a client connects, as whom, and within which bounds. The zero value of a field
// stands for its default.
type Config struct {
	// Addresses are the gateways of one shop, as host:port. The client begins with a random one,
	// and each attempt goes to the next.
	Addresses []string

	// Key proves which device this is: 12 hexadecimal characters. Several clients may share a key.
	Key string

	// TLS is the configuration for connections over TLS; nil means plain TCP, over which anybody on
	// the way can read the key. An empty ServerName stands for the host of the address.
	TLS *tls.Config

	// Dial opens a connection in place of net.Dialer. TLS, if any, is spoken over what it returns.
	Dial func(ctx context.Context, address string) (net.Conn, error)

	// OnChange applies variables that an admin has changed, see "Changes by an admin" in the
	// package comment. It is called for one set of changes at a time, on a goroutine of its own,
	// and returns soon after ctx has ended. Nil declines all.
	OnChange func(ctx context.Context, changed []Variable) error

	// OnError receives why an attempt to connect failed, why a connection was lost, and each ERROR
	// line of the server. It is called by one goroutine at a time, and must not block: the client
	// reads nothing meanwhile.
	OnError func(err error)

	// Log receives the same as OnError, and more. Nil discards it. The key is never logged.
	Log *slog.Logger

	// Heartbeat is the longest pause between two questions for a sign of life (1 min). It must be
	// shorter than the silence that the server permits, which is 5 min unless set.
	Heartbeat time.Duration

	// AnswerWithin is how long a connection attempt, a write and an answer of the server may each
	// take (45 s). A connection that takes longer is closed, and the client reconnects.
	AnswerWithin time.Duration

	// BackoffBase and BackoffMax bound the pause before an attempt to connect (1 s, 1 min). The
	// pause is random, from zero to a limit: BackoffBase after the first failure, doubled with each
	// further one, up to BackoffMax.
	BackoffBase, BackoffMax time.Duration

	// SpoolRecords and SpoolBytes bound what the client keeps of log records until the server has
	// answered for them (10,000; 4 MiB). Beyond a bound the oldest that is not on its way is
	// dropped.
	SpoolRecords, SpoolBytes int
}

// check returns the configuration with its defaults, or an error that names what is wrong. It never
// repeats the key.
func (cfg Config) check() (Config, error) {
	if len(cfg.Addresses) == 0 {
		return cfg, errors.New("device: Config.Addresses is empty")
	}
	for _, a := range cfg.Addresses {
		if _, port, err := net.SplitHostPort(a); err != nil || port == "" {
			return cfg, fmt.Errorf("device: the address %q is not of the form host:port", a)
		}
	}
	cfg.Addresses = slices.Clone(cfg.Addresses)
	key := strings.ToLower(cfg.Key)
	if len(key) != keyLength || strings.Trim(key, "0123456789abcdef") != "" {
		return cfg, fmt.Errorf("device: Config.Key is not %d hexadecimal characters", keyLength)
	}
	cfg.Key = key
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	if cfg.Dial == nil {
		cfg.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
	}
	return cfg, cfg.checkNumbers()
}

// checkNumbers sets defaults, and refuses what is negative or contradictory.
func (cfg *Config) checkNumbers() error {
	for _, d := range []struct {
		name  string
		value *time.Duration
		usual time.Duration
	}{
		{"Heartbeat", &cfg.Heartbeat, time.Minute},
		{"AnswerWithin", &cfg.AnswerWithin, 45 * time.Second},
		{"BackoffBase", &cfg.BackoffBase, time.Second},
		{"BackoffMax", &cfg.BackoffMax, max(time.Minute, cfg.BackoffBase)},
	} {
		if *d.value < 0 {
			return fmt.Errorf("device: Config.%s is negative", d.name)
		}
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if cfg.BackoffMax < cfg.BackoffBase {
		return errors.New("device: Config.BackoffMax is less than BackoffBase")
	}
	if cfg.SpoolRecords < 0 || cfg.SpoolBytes < 0 {
		return errors.New("device: a bound of the spool is negative")
	}
	if cfg.SpoolRecords == 0 {
		cfg.SpoolRecords = 10_000
	}
	if cfg.SpoolBytes == 0 {
		cfg.SpoolBytes = 4 << 20
	}
	return nil
}
