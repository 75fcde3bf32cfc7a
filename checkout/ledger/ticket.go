package ledger

import (
	"sync/atomic"
	"time"
)

// ticket is an operation's place in the queue.
type ticket struct {
	op       Operation  // nil for a Drain
	answer   chan error // buffer 1: Serve never waits for a caller
	answered func()     // called once with the answer; nil for nothing
	state    atomic.Int32

	// Serve's alone:
	until   time.Time // a held row is waited for until then; zero before the first batch
	inDoubt bool      // an attempt at it may have been committed
	parked  bool      // waits for a row, and is in no batch
	done    bool      // answered
}

// The states of a ticket until it is answered.
const (
	queued    int32 = iota // no attempt has begun
	begun                  // an attempt has
	abandoned              // no attempt has, and none will: the caller waits no longer
)

func newTicket(op Operation, answered func()) *ticket {
	return &ticket{op: op, answer: make(chan error, 1), answered: answered}
}

// begin reports whether an attempt may begin. If not, the caller has gone before the first one.
func (t *ticket) begin() bool {
	return t.state.CompareAndSwap(queued, begun) || t.state.Load() == begun
}

// abandon reports whether no attempt has begun; then none will.
func (t *ticket) abandon() bool { return t.state.CompareAndSwap(queued, abandoned) }

// isAbandoned reports whether no attempt will begin.
func (t *ticket) isAbandoned() bool { return t.state.Load() == abandoned }

// reply answers the caller, once.
func (t *ticket) reply(err error) {
	if t.done {
		return
	}
	t.done = true
	if t.answered != nil {
		t.answered()
	}
	t.answer <- err
}
