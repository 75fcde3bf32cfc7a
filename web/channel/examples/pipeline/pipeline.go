// Package pipeline does work for users and pushes what comes of it to them, at its own
// pace: a producer keeps what is to be done, bounded; consumers take a few events at a
// time, and never more than they can do.
//
//	Enqueue ──▶ buffer ──demand──▶ consumers ──broadcast──▶ user:ID ──push──▶ client
//
// # Promises
//
//   - The buffer never holds more than it may, nor more of one user than he may; what
//     does not fit is refused.
//   - Users take turns: one who has a thousand events waiting delays another by one.
//   - The events of a user are done one after the other, and pushed in their order.
//   - An event reaches its user only, on all the sockets that joined user:ID.
//   - Events in the buffer are lost when the process ends.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"sneakers23/replication/pubsub"
)

// ErrFull means that an event does not fit into the buffer.
var ErrFull = errors.New("pipeline: the buffer is full")

// Config says what the pipeline does. PubSub and Work must be given; the zero value of
// every other field stands for the default named there.
type Config struct {
	// PubSub carries the results to the channels.
	PubSub *pubsub.PubSub
	// Work makes of an event's data what is pushed. It is called by many
	// goroutines at once, but never twice at once for one user. An error or a
	// panic is logged, and nothing is pushed.
	Work func(ctx context.Context, user string, data any) (any, error)
	// Timing receives how long a push took since Enqueue, as pipeline.push_delivered. Default:
	// times are discarded.
	Timing func(name string, d time.Duration)
	// Log gets what goes wrong. Default: nothing is logged.
	Log *slog.Logger

	Buffer    int // events that may wait; 10,000
	PerUser   int // of one user; 1,000
	Consumers int // how many work side by side; 4
	Demand    int // events a consumer takes at a time; 10
}

// Pipeline is the producer and its consumers. Its methods may be called from any
// goroutine.
type Pipeline struct {
	cfg    Config
	buffer buffer
}

// New returns a pipeline. It starts nothing: see Serve.
func New(cfg Config) *Pipeline {
	if cfg.Timing == nil {
		cfg.Timing = func(string, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Buffer = cmp.Or(max(cfg.Buffer, 0), 10_000)
	cfg.PerUser = cmp.Or(max(cfg.PerUser, 0), 1_000)
	cfg.Consumers = cmp.Or(max(cfg.Consumers, 0), 4)
	cfg.Demand = cmp.Or(max(cfg.Demand, 0), 10)
	p := &Pipeline{cfg: cfg}
	p.buffer.init(cfg.Buffer, cfg.PerUser)
	return p
}

// Enqueue adds an event for a user, or returns [ErrFull]. It never waits.
func (p *Pipeline) Enqueue(user string, data any) error {
	return p.buffer.add(event{user: user, data: data, enqueued: time.Now()})
}

// Waiting returns how many events no consumer has taken yet.
func (p *Pipeline) Waiting() int { return p.buffer.len() }

// Serve runs the consumers until ctx ends, and returns when all of them have ended. Events that
// they took and did not begin are dropped then. It may be called again.
func (p *Pipeline) Serve(ctx context.Context) error {
	var consumers sync.WaitGroup
	for range p.cfg.Consumers {
		consumers.Go(func() { p.consume(ctx) })
	}
	consumers.Wait()
	return context.Cause(ctx)
}

// consume takes events as it can do them.
func (p *Pipeline) consume(ctx context.Context) {
	for {
		events := p.buffer.receive(ctx, p.cfg.Demand)
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			if ctx.Err() == nil {
				p.handle(ctx, e)
			}
			p.buffer.done(e.user)
		}
	}
}

// handle does the work for an event and sends the result on its way.
func (p *Pipeline) handle(ctx context.Context, e event) {
	defer func() {
		if r := recover(); r != nil {
			p.cfg.Log.Error("the work panicked", "panic", r, "stack", string(debug.Stack()))
		}
	}()
	result, err := p.cfg.Work(ctx, e.user, e.data)
	if err != nil {
		p.cfg.Log.Error("the work failed", "err", err)
		return
	}
	p.cfg.PubSub.LocalBroadcast(topicOf(e.user), pushEvent, &delivery{result, e.enqueued})
}
