package cluster

import (
	"log/slog"
	"sync"
)

// outbox queues the messages of this node to all others, until its goroutine has handed them to
// NATS in their order. A NATS server that does not read blocks that goroutine, and never a sender:
// a message that does not fit is dropped, which the others notice by the numbers of later messages.
type outbox struct {
	publish func(subject string, data []byte) error
	log     *slog.Logger

	mu      sync.Mutex
	filled  sync.Cond // signals that a message waits, or that the outbox is closed
	waiting []outgoing
	bytes   int // of waiting
	closed  bool
	total   uint64 // messages dropped since the start
	lately  uint64 // messages dropped since the last one that was sent, for the log
}

type outgoing struct {
	subject string
	data    []byte
}

// maxWaiting bounds the bytes of the messages that wait. Each counts with its place in the queue.
const (
	maxWaiting  = 8 << 20
	messageSize = 128
)

func (m outgoing) size() int { return len(m.subject) + len(m.data) + messageSize }

func newOutbox(publish func(string, []byte) error, log *slog.Logger) *outbox {
	o := &outbox{publish: publish, log: log}
	o.filled.L = &o.mu
	return o
}

// put queues a message, or drops it. It never waits for the network. The caller must not change
// data afterwards.
func (o *outbox) put(subject string, data []byte) {
	m := outgoing{subject, data}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed: // the node has said goodbye, and the others ignore it
	case o.bytes+m.size() > maxWaiting:
		o.drop("waiting_bytes", o.bytes)
	default:
		o.waiting = append(o.waiting, m)
		o.bytes += m.size()
		o.filled.Signal()
	}
}

// drop counts a dropped message, and logs the first of several. It is called with mu held.
func (o *outbox) drop(key string, reason any) {
	o.total++
	if o.lately++; o.lately == 1 {
		o.log.Warn("messages to the other nodes are dropped: NATS does not take them; the others read the database",
			key, reason)
	}
}

// close lets send return once the queue is empty. Messages that are put later are dropped.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.filled.Signal()
}

// send publishes one message after the other, until the outbox is closed and empty.
func (o *outbox) send() {
	for {
		m, ok := o.next()
		if !ok {
			return
		}
		o.note(o.publish(m.subject, m.data))
	}
}

// next waits for a message and takes it out.
func (o *outbox) next() (m outgoing, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 && !o.closed {
		o.filled.Wait()
	}
	if len(o.waiting) == 0 {
		return m, false
	}
	m, o.waiting[0] = o.waiting[0], outgoing{}
	o.waiting = o.waiting[1:]
	o.bytes -= m.size()
	return m, true
}

// note notes the result of publishing a message.
func (o *outbox) note(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil && o.closed: // the node stops in a hurry: nothing is wrong with NATS
		o.total++
	case err != nil:
		o.drop("err", err)
	case o.lately > 0 && len(o.waiting) == 0: // else the next one may be dropped again
		o.log.Info("messages to the other nodes are sent again", "dropped", o.lately)
		o.lately = 0
	}
}

// dropped counts the messages that were dropped since the start.
func (o *outbox) dropped() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.total
}
