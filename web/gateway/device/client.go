package device

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Client reports to a gateway. All methods may be called from any goroutine, also before Run is
// called and after it has returned: what is logged and set then is kept for the next Run.
type Client struct {
	cfg  Config
	wake chan struct{} // tells the writer to look again; 1, since one look finds everything there is

	mu       sync.Mutex // held for computing alone, never while something waits
	running  bool
	ended    error // why the last Run ended; nil before the first
	spool    spool
	report   report
	changes  changes
	flushes  []*flush
	stats    Stats
	handlers sync.WaitGroup // goroutines that call OnChange, at most one; Run waits for it
}

// Stats are what a client has done so far.
type Stats struct {
	Connected   bool  // the server has accepted the key on the present connection
	Connections int64 // how often it has accepted the key on a new connection
	Lines       int64 // lines with records or variables that were written, repeated ones too

	Confirmed int64 // records that the server has answered for
	Waiting   int   // records that it has not answered for
	Dropped   int64 // records that were dropped before they were sent
}

// New returns a client, which connects when Run is called. The error tells which field of the
// configuration is wrong.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.check()
	if err != nil {
		return nil, err
	}
	return &Client{
		cfg:   cfg,
		wake:  make(chan struct{}, 1),
		spool: spool{mostRecords: cfg.SpoolRecords, mostBytes: cfg.SpoolBytes},
	}, nil
}

// Log puts records into the spool, from which Run sends them in this order. It never waits for the
// network. If the spool is full, the oldest record is dropped and counted, which is no error. An
// error tells which record can't be sent; then none of this call is kept.
func (c *Client) Log(records ...Record) error {
	texts, err := encodeAll(records)
	if err != nil || len(texts) == 0 {
		return err
	}
	c.mu.Lock()
	c.spool.add(texts)
	c.mu.Unlock()
	c.look()
	return nil
}

func encodeAll(records []Record) ([][]byte, error) {
	texts := make([][]byte, len(records))
	now := time.Now()
	for i, r := range records {
		var err error
		if texts[i], err = r.encode(now); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// Set reports variables. The client keeps the last value of each, and sends it again after each
// reconnect. It never waits for the network: of several values that are set while a line is being
// written, only the last is sent. An error tells which variable can't be sent; then none of this
// call is kept.
func (c *Client) Set(variables ...Variable) error {
	checked := make([]Variable, len(variables))
	for i, v := range variables {
		var err error
		if checked[i], err = v.check(); err != nil {
			return err
		}
	}
	c.mu.Lock()
	err := c.report.set(checked)
	c.mu.Unlock()
	c.look()
	return err
}

// flush is a call of Flush that waits.
type flush struct {
	record  uint64     // all records below this number
	version uint64     // all changes of variables up to this one
	done    chan error // 1: the sender does not wait for the caller
}

// Flush returns nil when the server has read all that was logged and set before the call, except
// for records that were dropped. It returns the cause of ctx if that ends first, and an error that
// wraps ErrStopped if Run ends or has ended. It waits for a Run that has not begun yet.
func (c *Client) Flush(ctx context.Context) error {
	c.mu.Lock()
	f := &flush{record: c.spool.next, version: c.report.version, done: make(chan error, 1)}
	switch {
	case c.settled(f):
		c.mu.Unlock()
		return nil
	case c.ended != nil && !c.running:
		err := c.ended
		c.mu.Unlock()
		return fmt.Errorf("%w: %w", ErrStopped, err)
	}
	c.flushes = append(c.flushes, f)
	c.mu.Unlock()
	c.look()
	select {
	case err := <-f.done:
		return err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		c.flushes = slices.DeleteFunc(c.flushes, func(other *flush) bool { return other == f })
		return context.Cause(ctx)
	}
}

// settled reports whether the server has read what a flush waits for. The caller holds mu.
func (c *Client) settled(f *flush) bool {
	return c.spool.passed(f.record) && c.report.confirmed >= f.version
}

// endFlushes ends those that have nothing more to wait for, or all if there is an error. The caller
// holds mu.
func (c *Client) endFlushes(err error) {
	c.flushes = slices.DeleteFunc(c.flushes, func(f *flush) bool {
		if err == nil && !c.settled(f) {
			return false
		}
		f.done <- err
		return true
	})
}

// Stats returns what the client has done so far.
func (c *Client) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Confirmed, s.Dropped = c.spool.settled, c.spool.dropped
	s.Waiting = int(int64(c.spool.next) - s.Confirmed - s.Dropped)
	return s
}

// look makes the writer look for something to write.
func (c *Client) look() {
	select {
	case c.wake <- struct{}{}:
	default: // it will look anyway
	}
}
