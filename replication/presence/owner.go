package presence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Errors of an Owner. They are found by errors.Is.
var (
	ErrTracked    = errors.New("presence: its owner tracks this key in this topic already, update it instead")
	ErrNotTracked = errors.New("presence: its owner does not track this key in this topic")
	ErrMeta       = errors.New("presence: meta must be a JSON object")
	ErrEnded      = errors.New("presence: its owner has ended")
	ErrName       = errors.New("presence: topic and key must be UTF-8")
	ErrBusy       = errors.New("presence: the tracker has not answered in time")
	ErrStopped    = errors.New("presence: the tracker has stopped")
)

// Owner tracks presences, for a channel, say. They end when its context does, however that ends.
// Its methods may be called from any goroutine; they wait for the tracker's, which takes
// microseconds, or until Serve runs, but no longer than five seconds: then the error is ErrBusy,
// and nothing was done. Track and Update also stop waiting when the owner ends; the error is
// ErrEnded.
type Owner struct {
	t    *Tracker
	done <-chan struct{}
}

// place is where an owner tracks something.
type place struct{ topic, key string }

// NewOwner makes an owner that ends with ctx.
func (t *Tracker) NewOwner(ctx context.Context) *Owner {
	o := &Owner{t, ctx.Done()}
	// until it is done, or the tracker has stopped
	context.AfterFunc(ctx, func() { _ = o.untrackAll(context.Background()) })
	return o
}

func (o *Owner) hasEnded() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// Track makes it known to all replicas that the owner is in a topic under a key, with a meta that
// becomes a JSON object. It returns the phx_ref. The errors are ErrTracked, ErrMeta, ErrName,
// ErrEnded, ErrBusy and ErrStopped.
func (o *Owner) Track(topic, key string, meta any) (ref string, err error) {
	data, err := object(meta)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(topic) || !utf8.ValidString(key) {
		return "", ErrName
	}
	err = o.call(topic, func(s *shard) error {
		if o.hasEnded() {
			return ErrEnded
		}
		p, err := s.track(o, place{topic, key}, data)
		if err == nil {
			ref = p.Ref()
		}
		return err
	})
	return ref, err
}

// call runs do on the goroutine of a topic's shard. It returns the error of do, ErrBusy, ErrEnded
// or ErrStopped.
func (o *Owner) call(topic string, do func(*shard) error) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	err := o.t.shard(topic).handOver(do, late.C, o.done)
	if errors.Is(err, ErrBusy) && o.hasEnded() {
		return ErrEnded
	}
	return err
}

// Update gives what the owner tracks another meta, and returns the new phx_ref. The errors are
// those of Track, and ErrNotTracked.
func (o *Owner) Update(topic, key string, meta any) (ref string, err error) {
	data, err := object(meta)
	if err != nil {
		return "", err
	}
	return o.update(topic, key, func(json.RawMessage) (json.RawMessage, error) { return data, nil })
}

// UpdateFunc is Update with what change makes of the meta. It is called on the tracker's goroutine,
// where others wait for it, so it must not call the tracker. When it panics, so does UpdateFunc.
func (o *Owner) UpdateFunc(topic, key string, change func(meta json.RawMessage) (any, error)) (ref string, err error) {
	var thrown any
	ref, err = o.update(topic, key, func(meta json.RawMessage) (data json.RawMessage, err error) {
		defer func() {
			if thrown = recover(); thrown != nil {
				err = errThrown
			}
		}()
		changed, err := change(meta)
		if err != nil {
			return nil, err
		}
		return object(changed)
	})
	if thrown != nil {
		panic(thrown)
	}
	return ref, err
}

var errThrown = errors.New("presence: the change panicked")

func (o *Owner) update(
	topic, key string, change func(json.RawMessage) (json.RawMessage, error),
) (ref string, err error) {
	err = o.call(topic, func(s *shard) error {
		p, err := s.update(o, place{topic, key}, change)
		if err == nil {
			ref = p.Ref()
		}
		return err
	})
	return ref, err
}

// Untrack ends what the owner tracks under a key. The errors are ErrNotTracked and ErrStopped.
func (o *Owner) Untrack(topic, key string) error {
	return o.t.shard(topic).call(func(s *shard) error { return s.untrack(o, place{topic, key}) })
}

// UntrackAll ends all that the owner tracks. The errors are ErrBusy, by which some of it may have
// ended, and ErrStopped.
func (o *Owner) UntrackAll() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, ErrBusy)
	defer cancel()
	return o.untrackAll(ctx)
}

func (o *Owner) untrackAll(ctx context.Context) error {
	for _, s := range o.t.shards {
		err := s.callWithin(ctx, func(s *shard) error {
			s.untrackAll(o)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// object is the JSON of a meta.
func object(meta any) (json.RawMessage, error) {
	data, err := json.Marshal(meta)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMeta, err)
	}
	if len(data) == 0 || data[0] != '{' {
		return nil, ErrMeta
	}
	return data, nil
}
