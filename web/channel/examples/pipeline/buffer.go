package pipeline

import (
	"context"
	"sync"
	"time"
)

// event is what is to be done for a user.
type event struct {
	user     string
	data     any
	enqueued time.Time
}

// buffer keeps events by user, and hands them out to consumers, one of each user in
// turn. A user one of whose events is being worked on has to wait for it.
type buffer struct {
	most, perUser int

	mu    sync.Mutex
	some  sync.Cond // signalled when a user joins turns
	count int
	users map[string]*queue // those who have events waiting or being worked on
	turns []string          // whose turn it is, from the front
}

// queue is what waits of one user.
type queue struct {
	events []event
	busy   bool // one is being worked on; so he stands not in turns
}

func (b *buffer) init(most, perUser int) {
	b.most, b.perUser = most, perUser
	b.some.L = &b.mu
	b.users = make(map[string]*queue)
}

func (b *buffer) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.count
}

// add puts an event behind those of its user.
func (b *buffer) add(e event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.users[e.user]
	if b.count >= b.most || q != nil && len(q.events) >= b.perUser {
		return ErrFull
	}
	if q == nil {
		q = &queue{}
		b.users[e.user] = q
	}
	q.events = append(q.events, e)
	b.count++
	if len(q.events) == 1 && !q.busy {
		b.enterTurns(e.user)
	}
	return nil
}

// enterTurns is called with mu.
func (b *buffer) enterTurns(user string) {
	b.turns = append(b.turns, user)
	b.some.Signal()
}

// receive waits for events and takes up to demand of them, each of another user. None
// means that ctx has ended.
func (b *buffer) receive(ctx context.Context, demand int) []event {
	stop := context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.some.Broadcast()
	})
	defer stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.turns) == 0 && ctx.Err() == nil {
		b.some.Wait()
	}
	if ctx.Err() != nil {
		return nil
	}
	var events []event
	for range min(demand, len(b.turns)) {
		q := b.users[b.turns[0]]
		b.turns = b.turns[1:]
		events = append(events, q.events[0])
		q.events[0] = event{}
		q.events = q.events[1:]
		q.busy = true
		b.count--
	}
	return events
}

// done lets a user take part again.
func (b *buffer) done(user string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.users[user]
	q.busy = false
	if len(q.events) > 0 {
		b.enterTurns(user)
	} else {
		delete(b.users, user)
	}
}
