package devices

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Bounds of what a Writer holds: as much waits as a batch may have, while one batch is being
// written. A node that is killed loses no more than twice that.
const (
	MaxBatchRecords = 1_024
	MaxBatchBytes   = 4 << 20
)

// ErrEnded says that the writer has ended: the records are not accepted.
var ErrEnded = errors.New("devices: the writer of logs has ended")

// entry is a record that was accepted and is not written yet.
type entry struct {
	ID       int64     `json:"id,omitempty"` // of the row, if it may have been written already: see Writer.try
	Device   ID        `json:"device"`
	Received time.Time `json:"received"`
	Record
}

// overhead is about what an entry costs beside its texts.
const overhead = 128

func (e entry) size() int { return len(e.Message) + len(e.Timestamp) + len(e.Fields) + overhead }

// buffer holds entries until a batch takes them. It is bounded: who adds to a full one waits, in
// turn. Its methods may be called from any goroutine.
type buffer struct {
	filled chan struct{} // buffer 1: a token says that there are entries, more would say no more

	mu      sync.Mutex // held for a moment, never while something waits
	entries []entry
	bytes   int
	waiting []*adder // in order of arrival
	lifted  bool     // add no longer waits
	ended   bool
}

// adder is a call of add that waits for room.
type adder struct {
	entries []entry
	bytes   int
	done    chan error // buffer 1: the answer, nil if the entries were taken
}

func newBuffer() *buffer { return &buffer{filled: make(chan struct{}, 1)} }

// add returns when the entries are in the buffer. A call with more than the buffer holds waits
// until it is empty.
func (b *buffer) add(ctx context.Context, entries []entry) error {
	a := &adder{entries: entries, done: make(chan error, 1)}
	for _, e := range entries {
		a.bytes += e.size()
	}
	b.mu.Lock()
	b.waiting = append(b.waiting, a)
	b.admit()
	b.mu.Unlock()
	select {
	case err := <-a.done:
		return err
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.waiting {
		if other == a {
			b.waiting = append(b.waiting[:i:i], b.waiting[i+1:]...)
			b.admit() // of those behind, some may fit
			return context.Cause(ctx)
		}
	}
	return <-a.done // was answered in the same moment
}

// admit takes the entries of those who wait, as long as there is room. It must be called with the
// lock held.
func (b *buffer) admit() {
	for len(b.waiting) > 0 {
		a := b.waiting[0]
		fits := len(b.entries)+len(a.entries) <= MaxBatchRecords && b.bytes+a.bytes <= MaxBatchBytes
		if !b.ended && !b.lifted && !fits && len(b.entries) > 0 {
			break
		}
		b.waiting = b.waiting[1:]
		if b.ended {
			a.done <- ErrEnded
			continue
		}
		b.entries, b.bytes = append(b.entries, a.entries...), b.bytes+a.bytes
		a.done <- nil
	}
	if len(b.entries) > 0 {
		select {
		case b.filled <- struct{}{}:
		default: // a token is there already
		}
	}
}

// drain empties the buffer, and lets those in who wait.
func (b *buffer) drain() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.entries
	b.entries, b.bytes = nil, 0
	b.admit()
	return taken
}

// lift ends the waiting for room, that of later calls too.
func (b *buffer) lift() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lifted = true
	b.admit()
}

// end empties the buffer for the last time. Later entries are refused.
func (b *buffer) end() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := b.entries
	b.entries, b.bytes, b.ended = nil, 0, true
	b.admit()
	return taken
}

// size tells how many entries are in the buffer.
func (b *buffer) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.entries)
}
