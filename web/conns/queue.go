package conns

import (
	"sync"
	"time"
)

// The queue of an Outbox. All of these are called with its lock held.

// framePlace is the memory of a frame in the queue beside its bytes: its place in a row that is a
// third full, which also pays for the goroutine that waits for a peer with many frames. Without it
// thousands of tiny frames could wait within a limit of bytes.
const framePlace = 3 * 24

// Weight is what a frame that waits counts against the limit: the memory that it keeps, and its
// place in the queue.
func Weight(frame []byte) int { return cap(frame) + framePlace }

func (o *Outbox) empty() bool { return o.head == len(o.frames) }

// over reports whether another frame is more than may wait. A frame that is larger than the limit
// may wait alone: else it could only be sent by luck, when the frame before it has not only left,
// but its writer has noticed.
func (o *Outbox) over(frame []byte) bool {
	return o.waiting > 0 && o.waiting+Weight(frame) > o.limit
}

// A connection that cannot be written to without waiting may queue a burst that is longer than its
// limit. One look cannot tell there whether the peer does not take its frames, or their writer has
// not had its turn: a server that sends a burst is ahead of its writer for a moment. So the burst
// is allowed until a write has waited for a time that no server needs for itself.
const (
	BurstLimits = 8                      // times the limit may wait during BurstWait
	BurstWait   = 250 * time.Millisecond // of one write, after which only the limit counts
)

// full reports whether the peer takes so little that another frame has no room.
func (o *Outbox) full(frame []byte) bool {
	if o.raw != nil || !o.over(frame) {
		return o.over(frame)
	}
	stuck := o.taken > 0 && time.Since(o.began) >= BurstWait
	return stuck || o.waiting+Weight(frame) > BurstLimits*o.limit
}

func (o *Outbox) append(frame []byte) {
	if !o.empty() {
		o.waiting += Weight(frame)
	}
	if len(o.frames) == cap(o.frames) {
		o.makeRoom()
	}
	o.frames = append(o.frames, frame)
}

// makeRoom moves the frames to a longer row, or to the front if most places there are free.
func (o *Outbox) makeRoom() {
	row := o.frames
	if o.head <= len(row)/2 {
		o.frames = append(newRow(o.own[:], len(row)+1), row[o.head:]...)
		clear(row)
		recycle(row)
	} else {
		n := copy(row, row[o.head:])
		clear(row[n:])
		o.frames = row[:n]
	}
	o.head = 0
}

// Rows of places for frames, by length: a burst needs one for each connection, for a moment only.
var rows = [...]sync.Pool{
	{New: func() any { return new([16][]byte) }},
	{New: func() any { return new([64][]byte) }},
	{New: func() any { return new([256][]byte) }},
}

// newRow returns an empty row of at least n places; own is one that costs nothing.
func newRow(own [][]byte, n int) [][]byte {
	switch {
	case n <= len(own):
		return own[:0]
	case n <= 16:
		return rows[0].Get().(*[16][]byte)[:0]
	case n <= 64:
		return rows[1].Get().(*[64][]byte)[:0]
	case n <= 256:
		return rows[2].Get().(*[256][]byte)[:0]
	}
	return make([][]byte, 0, 2*n)
}

// recycle takes back a row whose places are all free.
func recycle(row [][]byte) {
	switch cap(row) {
	case 16:
		rows[0].Put((*[16][]byte)(row[:16]))
	case 64:
		rows[1].Put((*[64][]byte)(row[:64]))
	case 256:
		rows[2].Put((*[256][]byte)(row[:256]))
	}
}

// nextWrite returns what to write next: as many frames as fit into buf, copied there; or the first
// alone, as it is, if no other fits.
func (o *Outbox) nextWrite(buf []byte) []byte {
	if o.empty() {
		return nil
	}
	rest := o.frames[o.head+1:]
	first := o.frames[o.head][o.off:]
	o.taken = 1
	if len(rest) == 0 || len(first)+len(rest[0]) > cap(buf) {
		return first
	}
	batch := append(buf[:0], first...)
	for _, frame := range rest {
		if len(batch)+len(frame) > cap(buf) {
			break
		}
		batch = append(batch, frame...)
		o.taken++
	}
	return batch
}

// wrote takes n bytes off the front.
func (o *Outbox) wrote(n int) {
	o.taken = 0
	for n > 0 && !o.empty() {
		left := len(o.frames[o.head]) - o.off
		if n < left {
			o.off += n
			return
		}
		n -= left
		o.off = 0
		o.frames[o.head] = nil
		o.head++
		if !o.empty() {
			o.waiting -= Weight(o.frames[o.head])
		}
	}
	if o.empty() {
		o.reset()
	}
}

// reset empties the queue. At rest it needs no memory of its own.
func (o *Outbox) reset() {
	recycle(o.frames)
	o.frames, o.head = o.own[:0], 0
}

// drop discards what waits, but not what is being written or has left in part.
func (o *Outbox) drop() {
	keep := o.head + int(o.taken)
	if o.taken == 0 && o.off > 0 {
		keep++
	}
	clear(o.frames[keep:])
	o.frames = o.frames[:keep]
	o.waiting = 0
	if o.empty() {
		o.reset()
		return
	}
	for _, frame := range o.frames[o.head+1:] {
		o.waiting += Weight(frame)
	}
}
