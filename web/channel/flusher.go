package channel

import "sync"

// batchSize is how many bytes of small frames are put into one write.
const batchSize = 16 << 10

// pen is what it takes to write without waiting, shared by all sockets.
type pen struct {
	raw *rawWriter
	buf []byte
}

var pens = sync.Pool{New: func() any {
	return &pen{raw: newRawWriter(), buf: make([]byte, 0, batchSize)}
}}

// flusher writes for all sockets of a server. A fan-out only queues; as many
// workers as there are processors go through the sockets for which something
// waits, in the order they became ready. So while the workers are busy with others,
// the frames of a burst gather, and leave in one write. A worker lives only while
// there is work.
type flusher struct {
	most int // workers

	mu          sync.Mutex
	first, last *outbox // those that are ready, linked by next
	workers     int
	stopped     bool
	running     sync.WaitGroup
}

// push puts an outbox that became ready at the end of the list.
func (f *flusher) push(o *outbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return
	}
	if f.first == nil {
		f.first = o
	} else {
		f.last.next = o
	}
	f.last = o
	if f.workers < f.most {
		f.workers++
		f.running.Go(f.work)
	}
}

// pop returns the outbox that waits the longest; nil tells the worker to end.
func (f *flusher) pop() *outbox {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.first
	if o == nil {
		f.workers--
		return nil
	}
	f.first, o.next = o.next, nil
	if f.first == nil {
		f.last = nil
	}
	return o
}

func (f *flusher) work() {
	p := pens.Get().(*pen)
	defer pens.Put(p)
	for o := f.pop(); o != nil; o = f.pop() {
		o.flush(p)
	}
}

// stop returns when the last worker has ended. By then all sockets must have.
func (f *flusher) stop() {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	f.running.Wait()
}
