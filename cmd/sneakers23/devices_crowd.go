package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"sneakers23/app/sleep"
	"sneakers23/web/gateway/device"
)

// crowd is many simulated devices.
type crowd struct {
	every    time.Duration
	linesPer int
	devices  []*simulated
	changes  chan change // none: a device's OnChange waits until the line is printed

	mu       sync.Mutex
	problems map[string]int // how often each kind occurred; at most maxProblems kinds
	refused  int            // devices whose key was refused
}

// simulated is one device.
type simulated struct {
	*device.Client
	number int
	count  int64 // records so far
}

const (
	maxProblems = 20
	flushWithin = 5 * time.Second
	perSecond   = 1000 // devices that come in a second

	// spoolBytes is what all devices together keep while the gateway is away.
	spoolBytes = 256 << 20
	leastSpool = 64 << 10 // of one device
)

// newCrowd makes the devices. An error tells which key is none.
func newCrowd(s *devicesSimulateCmd, keys []string, trust *tls.Config) (*crowd, error) {
	c := &crowd{every: s.Every, linesPer: s.LinesPer, changes: make(chan change), problems: make(map[string]int)}
	for i := range s.Devices {
		d := &simulated{number: i + 1}
		var err error
		d.Client, err = device.New(device.Config{
			Addresses: s.Address, Key: keys[i%len(keys)], TLS: trust,
			OnChange: func(ctx context.Context, changed []device.Variable) error {
				return c.change(ctx, d.number, changed)
			},
			OnError:    c.problem,
			SpoolBytes: max(spoolBytes/s.Devices, leastSpool),
		})
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i%len(keys)+1, err)
		}
		c.devices = append(c.devices, d)
	}
	return c, nil
}

// run lets the devices work until ctx ends or all are refused, and returns what they did when all
// have ended. It calls changed for each change and show once a second, both on its own goroutine.
func (c *crowd) run(ctx context.Context, changed func(change), show func(crowdSum)) crowdSum {
	began := time.Now()
	changes := 0
	sum := func() crowdSum {
		s := c.sum()
		s.Seconds, s.Changes = time.Since(began).Seconds(), changes
		return s
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for _, d := range c.devices {
			all.Go(func() { c.live(ctx, d) })
		}
		all.Wait()
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case e := <-c.changes:
			changes++
			changed(e)
			show(sum())
		case <-tick.C:
			show(sum())
		case <-done:
			return sum()
		}
	}
}

// live is the life of one device. It works until ctx ends or its key is refused, waits for the
// gateway to read its records, and ends.
func (c *crowd) live(ctx context.Context, d *simulated) {
	_ = sleep.For(ctx, rand.N(time.Second*time.Duration(len(c.devices))/perSecond+1))
	if ctx.Err() != nil {
		return
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	working, rest := context.WithCancel(ctx)
	ended := make(chan error, 1) // 1: the goroutine ends before it is waited for
	go func() {
		ended <- d.Run(running)
		rest()
	}()
	c.work(working, d)
	if d.Stats().Connected { // else there is no node to wait for
		flushing, cancel := context.WithTimeout(running, flushWithin)
		_ = d.Flush(flushing) // what is left is in the sum
		cancel()
	}
	stop()
	if err := <-ended; errors.Is(err, device.ErrUnknownKey) || errors.Is(err, device.ErrRevoked) {
		c.problem(err)
		c.mu.Lock()
		c.refused++
		c.mu.Unlock()
	}
	rest()
}

// happenings are what devices log.
var happenings = []string{
	"door opened", "door closed", "a visitor tried a shoe on", "receipt printed", "paper is low", "screen touched",
}

// work logs and reports until ctx ends.
func (c *crowd) work(ctx context.Context, d *simulated) {
	_ = d.Set(device.String("greeting", "Welcome"), device.Integer("brightness", 80)) // all names here are valid
	for turn := 0; ctx.Err() == nil; turn++ {
		if turn%10 == 0 {
			d.measure(turn)
		}
		records := make([]device.Record, c.linesPer)
		for i := range records {
			d.count++
			records[i] = device.Record{
				Message: happenings[rand.IntN(len(happenings))],
				Fields:  map[string]any{"simulated": d.number, "count": d.count},
			}
		}
		_ = d.Log(records...)
		if c.every == 0 {
			_ = d.Flush(ctx) // it ends with ctx, or with the refusal that ends ctx
			continue
		}
		_ = sleep.For(ctx, time.Duration((0.5+rand.Float64())*float64(c.every)))
	}
}

// measure reports what sensors would.
func (d *simulated) measure(turn int) {
	warmth := 20 + 5*math.Sin(float64(turn)/50)
	_ = d.Set(
		device.Integer("visitors", d.count/10),
		device.Float("temperature", math.Round(warmth*10)/10),
		device.Boolean("open", turn/10%2 == 0),
	)
}

// change hands changed variables to the printer, and accepts them when they are printed.
func (c *crowd) change(ctx context.Context, number int, changed []device.Variable) error {
	for _, v := range changed {
		select {
		case c.changes <- change{number, v}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// problem counts a problem by its kind.
func (c *crowd) problem(err error) {
	kind := problemKind(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.problems[kind]; !ok && len(c.problems) >= maxProblems-1 {
		kind = "other"
	}
	c.problems[kind]++
}

// problemKind is the text of an error without what differs from device to device, such as a port.
func problemKind(err error) string {
	if e, ok := errors.AsType[*device.ServerError](err); ok {
		return "the gateway answered: ERROR " + e.Reason
	}
	switch e, ok := errors.AsType[*net.OpError](err); {
	case errors.Is(err, device.ErrNoAnswer):
		return "the gateway did not answer"
	case errors.Is(err, io.EOF):
		return "the gateway closed the connection"
	case ok && e.Err != nil:
		return e.Op + ": " + e.Err.Error()
	}
	return err.Error()
}

// sum adds up the devices.
func (c *crowd) sum() (s crowdSum) {
	s.Devices, s.Problems = len(c.devices), make(map[string]int)
	for _, d := range c.devices {
		stats := d.Stats()
		if stats.Connected {
			s.Connected++
		}
		if stats.Connections > 0 {
			s.Reached++
			s.Reconnects += stats.Connections - 1
		}
		s.Records += stats.Confirmed + int64(stats.Waiting) + stats.Dropped
		s.Confirmed += stats.Confirmed
		s.Waiting += int64(stats.Waiting)
		s.Dropped += stats.Dropped
		s.Lines += stats.Lines
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Refused = c.refused
	for kind, n := range c.problems {
		s.Problems[kind] = n
	}
	return s
}
