package channel

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

var (
	errFull = errors.New("channel: the queue is full")
	errShut = errors.New("channel: nothing more is sent")
)

// outbox is the one door through which frames leave a socket. They wait in a queue
// bounded in bytes, behind the frame that is being written, which does not count.
//
//	         add                    kernel takes no more
//	idle ───────────▶ ready ───────────────────────────────▶ carried
//	  ▲                │ ▲                                     │
//	  └── all written ─┘ └───── the client took its frame ─────┘
//
// ready: it stands in the flusher's list, or one of the flusher's workers has it
// and writes without waiting, many frames at a time. carried: a goroutine of its
// own waits until the client has taken a frame. A connection that cannot be written
// to without waiting (TLS, a pipe) is carried until all is written; see full for when
// its client is too slow.
type outbox struct {
	conn    net.Conn
	broken  func()          // called when conn cannot be written to; it wakes who reads
	raw     syscall.RawConn // nil: cannot be written to without waiting
	flusher *flusher
	limit   int           // weight that may wait
	timeout time.Duration // for a client to take a frame

	writing sync.Mutex // held for a write that does not wait, never for one that does

	mu      sync.Mutex
	frames  [][]byte  // those from head on wait
	own     [1][]byte // where the only one waits
	head    int
	off     int // bytes of the first that have left
	waiting int // weight of all but the first
	state   outboxState
	shut    bool // takes no more frames
	ended   bool
	taken   int32         // how many frames a write in progress holds
	began   time.Time     // when it did, if it may wait for the client
	done    chan struct{} // closed when shut, and all was written or the connection failed

	next *outbox // in the flusher's list, guarded by its lock
}

type outboxState uint8

const (
	idle outboxState = iota
	ready
	carried
)

func (o *outbox) init(conn net.Conn, broken func(), f *flusher, limit int, timeout time.Duration) {
	o.conn, o.broken, o.raw, o.flusher, o.limit, o.timeout = conn, broken, rawConn(conn), f, limit, timeout
	o.done = make(chan struct{})
}

// add queues a frame, which nobody may change any more. It never waits for the
// client: errFull means that the client does not take what was sent before. While
// it is only the server that is behind, add writes itself what blocks the way, or
// lets more wait if it cannot.
func (o *outbox) add(frame []byte) error {
	o.mu.Lock()
	if o.raw != nil && !o.shut && o.over(frame) {
		o.mu.Unlock()
		o.relieve(frame)
		o.mu.Lock()
	}
	if o.shut {
		o.mu.Unlock()
		return errShut
	}
	if o.full(frame) {
		o.mu.Unlock()
		return errFull
	}
	o.append(frame)
	o.wake()
	return nil
}

// addAll queues frames together, if there is room for the first.
func (o *outbox) addAll(frames [][]byte) error {
	if err := o.add(frames[0]); err != nil || len(frames) == 1 {
		return err
	}
	o.mu.Lock()
	if o.shut {
		o.mu.Unlock()
		return errShut
	}
	for _, frame := range frames[1:] {
		o.append(frame)
	}
	o.wake()
	return nil
}

// finish queues the last frame, nil for none; drop leaves out those that wait and
// are not being written. It reports whether nobody had finished it before.
func (o *outbox) finish(last []byte, drop bool) bool {
	o.mu.Lock()
	if o.shut {
		o.mu.Unlock()
		return false
	}
	o.shut = true
	if drop {
		o.drop()
	}
	if last != nil {
		o.append(last)
	}
	o.conn.SetWriteDeadline(time.Now().Add(closeWait))
	o.wake()
	return true
}

// wake sees to it that what waits gets written. It unlocks mu.
func (o *outbox) wake() {
	switch {
	case o.state != idle:
		o.mu.Unlock()
	case o.empty():
		o.unlockAtRest()
	case o.raw == nil:
		o.state = carried
		o.mu.Unlock()
		go o.carry() // ends before done is closed
	default:
		o.state = ready
		o.mu.Unlock()
		o.flusher.push(o)
	}
}

// flush writes once what waits, without waiting for the client. It is called by
// the flusher when the outbox is ready.
func (o *outbox) flush(p *pen) {
	o.writing.Lock()
	full, err := o.write(p)
	o.mu.Lock()
	carry := full && err == nil
	if carry {
		o.state = carried // before writing is unlocked: see relieve
	}
	o.writing.Unlock()
	switch {
	case err != nil:
		o.unlockFailed()
	case carry:
		o.mu.Unlock()
		go o.carry() // ends before done is closed
	case o.empty():
		o.unlockAtRest()
	default:
		o.mu.Unlock()
		o.flusher.push(o) // the others first
	}
}

// relieve makes room for a frame, if the client takes what waits.
func (o *outbox) relieve(frame []byte) {
	p := pens.Get().(*pen)
	defer pens.Put(p)
	o.writing.Lock()
	defer o.writing.Unlock()
	for {
		o.mu.Lock()
		if o.state != ready || !o.over(frame) {
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
		full, err := o.write(p)
		if err != nil {
			o.mu.Lock()
			o.unlockFailed()
			return
		}
		if full {
			return
		}
	}
}

// write writes once and reports whether the client did not take all of it. The
// caller holds writing.
func (o *outbox) write(p *pen) (full bool, err error) {
	o.mu.Lock()
	batch := o.take(p.buf)
	o.mu.Unlock()
	if len(batch) == 0 {
		return false, nil
	}
	n, err := p.raw.write(o.raw, batch)
	o.mu.Lock()
	o.wrote(n)
	o.mu.Unlock()
	return n < len(batch), err
}

// carry writes and waits for the client, in a goroutine of its own.
func (o *outbox) carry() {
	var buf []byte // nil: frame by frame, then the flusher has it again
	if o.raw == nil {
		p := pens.Get().(*pen)
		defer pens.Put(p)
		buf = p.buf
	}
	for {
		o.mu.Lock()
		o.began = time.Now()
		o.setDeadline(o.began.Add(o.timeout))
		batch := o.take(buf)
		o.mu.Unlock()
		n, err := o.conn.Write(batch)
		o.mu.Lock()
		o.wrote(n)
		switch {
		case err != nil:
			o.unlockFailed()
			return
		case o.empty():
			o.setDeadline(time.Time{})
			o.unlockAtRest()
			return
		case o.raw != nil:
			o.setDeadline(time.Time{})
			o.state = ready
			o.mu.Unlock()
			o.flusher.push(o)
			return
		}
		o.mu.Unlock()
	}
}

// setDeadline sets the time for writing, unless finish has set the last one.
func (o *outbox) setDeadline(t time.Time) {
	if !o.shut {
		o.conn.SetWriteDeadline(t)
	}
}

// unlockAtRest is called with mu when nothing waits.
func (o *outbox) unlockAtRest() {
	o.state = idle
	end := o.shut && !o.ended
	o.ended = o.ended || end
	o.mu.Unlock()
	if !end {
		return
	}
	if c, ok := o.conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite() // the client reads the last frame, then the end
	}
	close(o.done)
}

// unlockFailed is called with mu when a write failed. What waits is lost.
func (o *outbox) unlockFailed() {
	end := !o.ended
	o.state, o.shut, o.ended = idle, true, true
	o.frames, o.head, o.off, o.taken, o.waiting = nil, 0, 0, 0, 0
	o.mu.Unlock()
	o.broken()
	if end {
		close(o.done)
	}
}
