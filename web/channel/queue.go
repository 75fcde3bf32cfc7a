package channel

// The queue of an outbox. All of these are called with its lock held.

func (o *outbox) empty() bool { return o.head == len(o.frames) }

// over reports whether a frame of n bytes is more than may wait. One that is larger
// than the limit may wait alone: else it could only be sent by luck, when the frame
// before it has not only left, but its writer has noticed.
func (o *outbox) over(n int) bool { return o.waiting > 0 && o.waiting+n > o.limit }

func (o *outbox) append(frame []byte) {
	if !o.empty() {
		o.waiting += len(frame)
	}
	if o.head > keepFrames && o.head > len(o.frames)/2 { // mostly places that are free
		n := copy(o.frames, o.frames[o.head:])
		clear(o.frames[n:])
		o.frames, o.head = o.frames[:n], 0
	}
	o.frames = append(o.frames, frame)
}

// take returns what to write next: as many frames as fit into buf, copied there;
// or the first alone, as it is, if no other fits.
func (o *outbox) take(buf []byte) []byte {
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
func (o *outbox) wrote(n int) {
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
			o.waiting -= len(o.frames[o.head])
		}
	}
	if o.empty() {
		o.reset()
	}
}

// reset starts the queue anew, and keeps the memory for a few frames only.
func (o *outbox) reset() {
	if cap(o.frames) > keepFrames {
		o.frames = nil
	}
	o.frames, o.head = o.frames[:0], 0
}

// drop leaves out what waits, but not what is being written or has left in part.
func (o *outbox) drop() {
	keep := o.head + o.taken
	if o.taken == 0 && o.off > 0 {
		keep++
	}
	clear(o.frames[keep:])
	o.frames = o.frames[:keep]
	o.waiting = 0
	if !o.empty() {
		for _, frame := range o.frames[o.head+1:] {
			o.waiting += len(frame)
		}
	}
}
