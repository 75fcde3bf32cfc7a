package device

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

// Run connects, and reconnects whenever the connection is lost, until ctx ends or the server
// refuses the key for good. It returns the cause of ctx, or an error that wraps ErrUnknownKey or
// ErrRevoked. Everything that it has started has ended then. Unsent data is kept, and Run may be
// called again.
func (c *Client) Run(ctx context.Context) (err error) {
	if err := c.begin(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel() // ends the context of OnChange
		c.handlers.Wait()
		c.end(err)
	}()
	pauses := backoff{base: c.cfg.BackoffBase, most: c.cfg.BackoffMax}
	for next := rand.IntN(len(c.cfg.Addresses)); ; next++ {
		address := c.cfg.Addresses[next%len(c.cfg.Addresses)]
		lasted, err := c.connect(ctx, address)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, ErrUnknownKey) || errors.Is(err, ErrRevoked) {
			c.cfg.Log.Error("the server refuses the key", "address", address, "err", err)
			return err
		}
		if lasted {
			pauses.reset()
		}
		pause := pauses.next()
		c.cfg.Log.Warn("not connected", "address", address, "err", err, "retry_in", pause)
		c.cfg.OnError(err)
		if !sleep(ctx, pause) {
			return context.Cause(ctx)
		}
	}
}

// sleep waits, and reports false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		return ErrRunning
	}
	c.running = true
	return nil
}

func (c *Client) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running, c.ended = false, err
	c.changes.pending = nil // the next verification brings them again
	c.endFlushes(fmt.Errorf("%w: %w", ErrStopped, err))
}

// connect opens one connection and uses it until it ends. It reports whether the connection has
// worked, see session.lasted.
func (c *Client) connect(ctx context.Context, address string) (lasted bool, err error) {
	conn, err := c.dial(ctx, address)
	if err != nil {
		return false, fmt.Errorf("device: connect to %s: %w", address, err)
	}
	s := &session{Client: c, conn: conn, address: address}
	err = s.run(ctx)
	return s.lasted(), err
}

// dial opens a connection within Config.AnswerWithin, TLS included.
func (c *Client) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.AnswerWithin)
	defer cancel()
	conn, err := c.cfg.Dial(ctx, address)
	if err != nil || c.cfg.TLS == nil {
		return conn, err
	}
	cfg := c.cfg.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(address) // New has checked it
	}
	secure := tls.Client(conn, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secure, nil
}
