package channel

import "context"

// belongings are what a channel has made for itself, and what ends with it. They are
// guarded by the channel's lock. Methods may be called on nil: most have none.
type belongings struct {
	timers map[*Timer]struct{}
	subs   map[*Subscription]struct{}
	tasks  int                     // how many run
	ctx    context.Context         // of the tasks, nil if there were none
	cancel context.CancelCauseFunc // of ctx
}

// belongings returns those of a channel that has not ended. It is called with mu.
func (s *Socket) belongings() *belongings {
	if s.own == nil {
		s.own = &belongings{timers: make(map[*Timer]struct{}), subs: make(map[*Subscription]struct{})}
	}
	return s.own
}

// taskContext returns the context that ends with the channel. It is called with mu.
func (s *Socket) taskContext() context.Context {
	own := s.belongings()
	if own.ctx == nil {
		own.ctx, own.cancel = context.WithCancelCause(s.conn.srv.ctx)
	}
	return own.ctx
}

// end stops what can be stopped with the channel's lock held.
func (b *belongings) end(reason error) {
	if b == nil {
		return
	}
	for t := range b.timers {
		t.stop()
	}
	for sub := range b.subs {
		sub.done = true
	}
	if b.cancel != nil {
		b.cancel(reason)
	}
}

// unsubscribe does the rest, without the lock, once the channel has ended: nothing
// is added to subs any more.
func (b *belongings) unsubscribe() {
	if b == nil {
		return
	}
	for sub := range b.subs {
		sub.topic.Unsubscribe()
	}
}
