package ledger

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/sleep"
)

// Config says how a committer works. Zero values become the defaults.
type Config struct {
	Pool      *pgxpool.Pool // batches use one connection at a time, a new one after each failure; each Look another
	Inventory Publisher
	Log       *slog.Logger

	// Attempted is called after each attempt that has committed something, or has failed. It must
	// not wait. Default: nothing is called.
	Attempted func(committed bool)

	// operations in the queue, and as many that wait for held rows; more get ErrBusy. Default 8192
	MaxWaiting int
	MaxBatch   int           // operations in a transaction; default 512
	MaxWait    time.Duration // of a caller, from the queue on; default 30 s
	Patience   time.Duration // how long a batch that fails is tried again; default 10 s
	LockWithin time.Duration // how long a transaction waits for a row, and may be silent; default 3 s
}

// Committer carries out operations in batches. It is a service: see Serve. Submit may be called
// from any goroutine, also before Serve and while it is starting again.
type Committer struct {
	cfg     Config
	log     *slog.Logger
	waiting chan *ticket // buffer MaxWaiting: the bound of the queue
	frozen  atomic.Int64 // items that were frozen here

	// Serve's alone:
	parked  parked        // operations that wait for a row
	failing bool          // the last batch failed
	backoff time.Duration // until the next batch, after an error that concerns all; zero after a success
}

// New makes a committer for the tables of a database.
func New(cfg Config) *Committer {
	cfg.MaxWaiting = cmp.Or(cfg.MaxWaiting, 8192)
	cfg.MaxBatch = cmp.Or(cfg.MaxBatch, 512)
	cfg.MaxWait = cmp.Or(cfg.MaxWait, 30*time.Second)
	cfg.Patience = cmp.Or(cfg.Patience, 10*time.Second)
	cfg.LockWithin = cmp.Or(cfg.LockWithin, 3*time.Second)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	if cfg.Attempted == nil {
		cfg.Attempted = func(bool) {}
	}
	return &Committer{cfg: cfg, log: cfg.Log, waiting: make(chan *ticket, cfg.MaxWaiting)}
}

// String names the service in logs.
func (c *Committer) String() string { return "ledger.Committer" }

// Submit carries out an operation, and returns when it is committed and this node's catalog shows
// it, or when it is refused. The error is that of [Attempt.Decide], ErrFailed, or ErrUnknown: then
// the operation may still be carried out, unless it is ErrNotDone. A caller whose ctx ends, or who
// has waited for Config.MaxWait, waits no longer; the operation is dropped if no attempt at it has
// begun.
//
// answered, which may be nil, is called when the operation leaves the committer, whether or not its
// caller still waits. It must not wait.
func (c *Committer) Submit(ctx context.Context, op Operation, answered func()) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.MaxWait, errMaxWait)
	defer cancel()
	t := newTicket(op, answered)
	select {
	case c.waiting <- t:
	default:
		t.reply(ErrBusy)
		return ErrBusy
	}
	select {
	case err := <-t.answer:
		return err
	case <-ctx.Done():
		why := ErrUnknown
		if t.abandon() {
			why = ErrNotDone
		}
		return fmt.Errorf("%w: %w", why, context.Cause(ctx))
	}
}

// Waiting returns how many operations wait in the queue. It may be called from any goroutine.
func (c *Committer) Waiting() int { return len(c.waiting) }

// Frozen returns how many items this committer has frozen because their counts did not add up. It
// may be called from any goroutine.
func (c *Committer) Frozen() int64 { return c.frozen.Load() }

// Serve carries out operations until ctx ends, then those that waited at that moment, for as long
// as Patience. It may be called again after it has returned or panicked; the callers of a batch
// that panicked get ErrUnknown.
func (c *Committer) Serve(ctx context.Context) error {
	lasting := context.WithoutCancel(ctx)
	for {
		_ = sleep.For(ctx, c.backoff)
		select {
		case first := <-c.waiting:
			c.serve(lasting, c.gather(first))
		case <-c.parked.due():
			c.serve(lasting, nil)
		case <-ctx.Done():
			c.finish(lasting)
			return context.Cause(ctx)
		}
	}
}

// finish carries out the waiting operations. Those it has no time for go on waiting, for another
// Serve or the end of their caller's ctx.
func (c *Committer) finish(ctx context.Context) {
	for deadline := time.Now().Add(c.cfg.Patience); time.Now().Before(deadline); {
		select {
		case first := <-c.waiting:
			c.serve(ctx, c.gather(first))
			continue
		default:
		}
		due := c.parked.due()
		if due == nil {
			return
		}
		<-due
		c.serve(ctx, nil)
	}
}

// Drain returns when every operation that waits at this moment has its answer, and none is parked,
// or when ctx ends. Serve must be running.
func (c *Committer) Drain(ctx context.Context) error {
	last := newTicket(nil, nil)
	select {
	case c.waiting <- last:
	case <-ctx.Done():
		return fmt.Errorf("drain committer: %w", context.Cause(ctx))
	}
	select {
	case <-last.answer:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain committer: %w", context.Cause(ctx))
	}
}

// gather takes what came while the last batch was committing. It waits for nothing, but lets those
// callers run that were answered by the last batch and are about to submit again.
func (c *Committer) gather(first *ticket) []*ticket {
	runtime.Gosched()
	batch := []*ticket{first}
	for len(batch) < c.cfg.MaxBatch {
		select {
		case next := <-c.waiting:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// serve carries out a batch, and those of the parked operations whose rows are free again.
func (c *Committer) serve(ctx context.Context, batch []*ticket) {
	defer func() {
		for _, t := range batch { // those without an answer, because this panics
			if !t.parked {
				t.reply(ErrUnknown)
			}
		}
	}()
	batch = append(c.unpark(ctx), batch...)
	var ops, drains []*ticket
	for _, t := range batch {
		switch {
		case t.op == nil:
			drains = append(drains, t)
		default:
			ops = append(ops, t)
		}
	}
	for some := range slices.Chunk(ops, c.cfg.MaxBatch) {
		c.commit(ctx, some)
		if len(some) < len(ops) { // another one follows, and the first may have asked for a pause
			_ = sleep.For(ctx, c.backoff)
		}
	}
	c.drain(drains)
}

// drain answers those of Drain, or lets them wait with what is parked.
func (c *Committer) drain(drains []*ticket) {
	c.parked.drains = append(c.parked.drains, drains...)
	if len(c.parked.tickets) == 0 {
		for _, t := range c.parked.drains {
			t.reply(nil)
		}
		c.parked.drains, c.parked.rows = nil, nil
		return
	}
	for _, t := range drains {
		t.parked = true
	}
}
