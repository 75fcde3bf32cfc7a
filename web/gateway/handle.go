package gateway

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/sleep"
)

// How many bad lines a connection may send: in all before it is verified, in a row afterwards.
const (
	unverifiedBad = 5
	verifiedBad   = 100
)

// handle handles one line of the device, and answers it if need be. An error ends the connection.
// Its stack may grow, so it is kept out of the frame of its caller.
//
//go:noinline
func (c *conn) handle(text []byte) error {
	err := c.act(text)
	if why, ok := errors.AsType[reason](err); ok {
		return c.refuse(why)
	}
	if err == nil {
		c.bad = 0
	}
	return err
}

// refuse answers a bad line. After too many of them it ends the connection.
func (c *conn) refuse(why reason) error {
	c.server.refused.Add(1)
	if why == errInternal {
		c.end(errorLine(why), false)
		return errEnded
	}
	if why != errNotNow && why != errNotStored { // the device has done nothing wrong
		c.bad++
	}
	most := verifiedBad
	if c.device == nil {
		most = unverifiedBad
	}
	if c.bad >= most {
		c.server.cfg.Log.Debug("too many bad lines: a connection is closed", c.about())
		c.end(errorLine(why), false)
		return errEnded
	}
	c.send(errorLine(why))
	return nil
}

// act does what a line says. A reason is for the device; any other error ends the connection.
func (c *conn) act(text []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.server.cfg.Log.Error("panic in a connection of a device", "panic", p, "stack", string(debug.Stack()),
				c.about())
			err = errInternal
		}
	}()
	l, err := parseLine(text)
	switch {
	case err != nil:
		return err
	case l.verb == verbVerify:
		return c.verify(l.key)
	case c.device == nil:
		return errVerify
	case l.key != c.key:
		return errOtherKey
	case l.verb == verbLog:
		return c.log(l)
	}
	return c.report(l)
}

// log accepts log records. It returns when they are accepted.
func (c *conn) log(l line) error {
	records, err := parsePayload(c, l, devices.ParseRecords)
	if err != nil || len(records) == 0 {
		return err
	}
	ctx, done, err := c.begin()
	if err != nil {
		return err
	}
	defer done()
	if err := c.server.cfg.Store.Log(ctx, c.device.id, records); err != nil {
		if ctx.Err() == nil {
			c.server.cfg.Log.Error("logs of a device are not accepted", "err", err, c.about())
		}
		return errNotStored
	}
	c.server.logs.Add(1)
	return nil
}

// reportTimeout is how long the store may fail before the device is told.
const reportTimeout = 30 * time.Second

// report stores variables. While the store fails, it tries again, and the device waits.
func (c *conn) report(l line) error {
	variables, err := parsePayload(c, l, devices.ParseVariables)
	if err != nil || len(variables) == 0 {
		return err
	}
	ctx, done, err := c.begin()
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		err := c.server.cfg.Store.Report(ctx, c.device.id, variables)
		switch {
		case err == nil:
			c.server.store.recovered()
			c.server.reports.Add(1)
			return nil
		case errors.Is(err, devices.ErrTooManyVariables):
			return reason(fmt.Sprintf("a device has at most %d variables", devices.MaxVariables))
		case errors.Is(err, devices.ErrRevoked), errors.Is(err, devices.ErrNoSuchDevice):
			c.end(errorLine(errRevoked), false)
			return errEnded
		}
		if ctx.Err() == nil {
			c.server.store.failed(err)
		}
		if sleep.For(ctx, backoff(attempt)) != nil {
			return errNotStored
		}
	}
}

// parsePayload reads the JSON of a line. Of large ones, a few are read at a time: JSON may be
// decoded to many times its size.
func parsePayload[T any](c *conn, l line, parse func([]byte) ([]T, error)) (parsed []T, err error) {
	if len(l.payload) > smallLine {
		if err := c.waitFor(c.server.memory.parsing); err != nil {
			return nil, err
		}
		defer func() { <-c.server.memory.parsing }()
	}
	data, err := l.decode()
	if err != nil {
		return nil, err
	}
	if parsed, err = parse(data); err != nil {
		return nil, reason(err.Error())
	}
	return parsed, nil
}

// backoff is the pause after a failed attempt: longer with each, and of a random length, so that
// not all devices come at once when the store is back.
func backoff(attempt int) time.Duration {
	most := min(100*time.Millisecond<<min(attempt, 10), 5*time.Second)
	return most/2 + rand.N(most/2)
}
