package gateway

import (
	"context"
	"errors"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/sleep"
)

// storeTimeout is how long a question to the Store may take during a verification.
const storeTimeout = 10 * time.Second

// verify answers a key. A connection that is verified may verify the same key again: the answer
// proves that the lines before it were handled, and brings what is wanted.
func (c *conn) verify(key secret) error {
	if c.device != nil && key != c.key {
		return errOtherKey
	}
	ctx, done, err := c.begin()
	if err != nil {
		return err
	}
	defer done()
	err = c.ask(ctx, key)
	switch err {
	case errUnknownKey, errRevoked:
		c.server.wrongKeys.Add(1)
		c.server.cfg.WrongKey(c.client)
		if c.device != nil { // it was valid when the connection was verified
			c.end(errorLine(err), false)
			return errEnded
		}
	case errNotNow:
	default:
		return err
	}
	if sleep.For(ctx, c.server.cfg.WrongKeyWait) != nil {
		return errEnded
	}
	return err
}

// ask verifies a key by the Store, and sends the answer if it is good.
func (c *conn) ask(ctx context.Context, key secret) error {
	s := c.server
	asked, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := acquire(asked, s.verifying); err != nil {
		return c.notNow(ctx, err)
	}
	defer func() { <-s.verifying }()
	since := s.registry.moment()
	found, err := s.cfg.Store.Verify(asked, devices.Key(key[:]))
	switch {
	case errors.Is(err, devices.ErrUnknownKey):
		return errUnknownKey
	case errors.Is(err, devices.ErrRevoked):
		return errRevoked
	case err != nil:
		return c.notNow(ctx, err)
	}
	known := c.device != nil
	if err := s.registry.add(c, found, key, since); err != nil {
		return err
	}
	if err := c.join(asked); err != nil {
		if !known {
			s.registry.remove(c)
		}
		return c.notNow(ctx, err)
	}
	s.store.recovered()
	if !known {
		s.cfg.Log.Debug("a device is verified", c.about())
	}
	return nil
}

// join reads what is wanted of the device and sends it with the answer to its key. A push that
// comes meanwhile may be newer than what was read: then it is read again.
func (c *conn) join(ctx context.Context) error {
	r := c.server.registry
	for {
		wanted, err := c.server.cfg.Store.Wanted(ctx, c.device.id)
		if err != nil {
			if r.settle(c, nil) { // a push is lost: a device that reconnects is sent what is wanted
				c.end(nil, false)
			}
			return err
		}
		lines := append([][]byte{okLine}, variableLines(c.key, wanted)...)
		if again := r.settle(c, lines); !again {
			return nil
		}
	}
}

// notNow is the answer when the Store can't tell.
func (c *conn) notNow(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errEnded
	}
	c.server.store.failed(err)
	return errNotNow
}
