package presence

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Tracker tells who is here, on this replica and on the others. It is a service: its owner runs
// Serve and waits for its end.
type Tracker struct {
	opts    Options
	shards  []*shard
	news    *news
	stopped chan struct{} // closed when nothing is tracked any more
	stop    func()
}

// New makes a tracker. The error tells which options do not go together.
func New(opts Options) (*Tracker, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	t := &Tracker{opts: opts, news: newNews(), stopped: make(chan struct{})}
	t.stop = sync.OnceFunc(func() { close(t.stopped) })
	me := Replica{opts.Name, time.Now().UnixNano()}
	for i := range opts.PoolSize {
		t.shards = append(t.shards, newShard(t, i, me))
	}
	return t, nil
}

func (t *Tracker) hasStopped() bool {
	select {
	case <-t.stopped:
		return true
	default:
		return false
	}
}

// String names the service in logs.
func (t *Tracker) String() string { return "presence.Tracker" }

// Serve tracks until ctx ends, and returns when all that it started has ended. It may be called
// again after it has failed: what was tracked is still known.
func (t *Tracker) Serve(ctx context.Context) error {
	defer func() {
		if ctx.Err() != nil {
			t.stop()
		}
	}()
	g, all := errgroup.WithContext(ctx) // all ends with the first that fails, too
	for _, s := range t.shards {
		g.Go(func() error { return protect(func() error { return s.serve(all) }) })
	}
	g.Go(func() error { return protect(func() error { return t.news.serve(all, t.opts.OnDiff) }) })
	return g.Wait()
}

// protect makes an error of a panic, for the supervisor of Serve.
func protect(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("presence: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// Of FNV-1a, a hash that is the same everywhere.
const fnvOffset, fnvPrime = 14695981039346656037, 1099511628211

// shard of a topic is the same on all replicas.
func (t *Tracker) shard(topic string) *shard {
	h := uint64(fnvOffset)
	for i := range len(topic) {
		h = (h ^ uint64(topic[i])) * fnvPrime
	}
	return t.shards[h%uint64(len(t.shards))]
}

// List is all that is in a topic, on all replicas that are up, in no order. The list never changes,
// and it costs little as long as nothing comes or goes. OnDiff is told every change after it, also
// of presences that come and go: the list, with the diffs from here on, is always up to date. List
// may be called from any goroutine; the errors are ErrStopped and ErrBusy.
func (t *Tracker) List(topic string) (list []*Presence, err error) {
	err = t.shard(topic).call(func(s *shard) error {
		list = s.state.List(topic)
		s.t.news.seal(topic)
		return nil
	})
	return list, err
}

// GetByKey is what a key has in a topic, as List.
func (t *Tracker) GetByKey(topic, key string) (list []*Presence, err error) {
	err = t.shard(topic).call(func(s *shard) error {
		list = s.state.ByKey(topic, key)
		s.t.news.seal(topic)
		return nil
	})
	return list, err
}

// GracefulPermdown says to the other replicas that this one stops: what it tracks is gone for them
// at once. Nothing is tracked afterwards. ctx bounds how long it waits for the shards.
func (t *Tracker) GracefulPermdown(ctx context.Context) error {
	defer t.stop()
	var errs []error
	for _, s := range t.shards {
		errs = append(errs, s.callWithin(ctx, func(s *shard) error { return s.sayBye() }))
	}
	return errors.Join(errs...)
}

// Receive takes a message that the replica of that name has sent. It never waits, and may be called
// from any goroutine. The error says that it can't be read, or that too many wait; the replica asks
// for it then.
func (t *Tracker) Receive(from string, data []byte) error {
	var m message
	if err := decode(data, &m); err != nil {
		return err
	}
	if m.From.Name != from || from == "" {
		return fmt.Errorf("presence: a message of %q came from %q", m.From.Name, from)
	}
	if m.Delta != nil {
		if err := m.Delta.check(); err != nil {
			return err
		}
	}
	s, err := t.counterpart(m.Shard, m.Pool)
	if err != nil {
		return err
	}
	select {
	case s.received <- m:
		return nil
	default:
		return errBacklog
	}
}

// Errors of messages that do not count.
var (
	errBacklog = errors.New("presence: too many messages wait")
	errPool    = errors.New("presence: the other replica has another PoolSize")
)

func (t *Tracker) counterpart(shard, pool int) (*shard, error) {
	if pool != len(t.shards) || shard < 0 || shard >= pool {
		return nil, errPool
	}
	return t.shards[shard], nil
}

// Answer answers what another replica asks by its Link, with the same bytes. It may be called from
// any goroutine.
func (t *Tracker) Answer(ctx context.Context, data []byte) ([]byte, error) {
	var q question
	if err := decode(data, &q); err != nil {
		return nil, err
	}
	s, err := t.counterpart(q.Shard, q.Pool)
	if err != nil {
		return nil, err
	}
	var d Delta
	err = s.callWithin(ctx, func(s *shard) error {
		if q.Of != s.me() {
			return fmt.Errorf("presence: this is another run of %s", q.Of.Name)
		}
		d = s.state.Since(q.Since)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return encode(d)
}

// Missed says that messages of a replica may be lost, or that it has just come: it is asked soon.
// It never waits, and may be called from any goroutine.
func (t *Tracker) Missed(replica string) {
	for _, s := range t.shards {
		select {
		case s.missed <- replica:
		default: // it will be asked when its clock tells
		}
	}
}
