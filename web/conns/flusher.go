package conns

import "sync"

// batchSize is how many bytes of small frames are put into one write.
const batchSize = 16 << 10

// scratch is what it takes to write without waiting, shared by all connections.
type scratch struct {
	raw *rawWriter
	buf []byte
}

var scratches = sync.Pool{New: func() any {
	return &scratch{raw: newRawWriter(), buf: make([]byte, 0, batchSize)}
}}

// Flusher writes for all connections of a server. A fan-out only queues; a few workers go through
// the outboxes for which something waits, in the order they became ready. So while the workers are
// busy with others, the frames of a burst gather, and leave in one write. A worker lives only while
// there is work. Its owner calls Stop.
type Flusher struct {
	most int // workers

	mu          sync.Mutex
	first, last *Outbox // those that are ready, linked by next
	workers     int
	stopped     bool
	running     sync.WaitGroup
}

// NewFlusher returns a flusher with so many workers at most: one for each processor is a good
// number. It starts none before there is something to write.
func NewFlusher(workers int) *Flusher { return &Flusher{most: workers} }

// push puts an outbox that became ready at the end of the list.
func (f *Flusher) push(o *Outbox) {
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

// pop returns the outbox that has waited the longest; nil tells the worker to end.
func (f *Flusher) pop() *Outbox {
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

func (f *Flusher) work() {
	p := scratches.Get().(*scratch)
	defer scratches.Put(p)
	for o := f.pop(); o != nil; o = f.pop() {
		o.flush(p)
	}
}

// Stop returns when the last worker has ended. By then Done of every outbox must be closed: what
// is added to one after that is not written.
func (f *Flusher) Stop() {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	f.running.Wait()
}
