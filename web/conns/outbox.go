package conns

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

var (
	// ErrFull says that the peer does not take its frames: as many wait as may.
	ErrFull = errors.New("conns: the queue is full")
	// ErrShut says that nothing more is sent, because of Finish or a failed write.
	ErrShut = errors.New("conns: nothing more is sent")
)

// CloseWait is the time that a peer has, after Finish, to take what waits.
const CloseWait = 2 * time.Second

// Outbox is the only way by which frames leave a connection. A frame is a run of bytes that nothing
// may be written into: a WebSocket frame, a line. Frames wait in a queue that is bounded in bytes,
// behind the frame that is being written, which does not count.
//
//	         Add                    kernel's buffer is full
//	idle ───────────▶ ready ───────────────────────────────▶ carried
//	  ▲                │ ▲                                     │
//	  └── all written ─┘ └────── the peer took its frame ──────┘
//
// ready: the outbox is in the flusher's list, or one of the flusher's workers is writing, many
// frames at a time and without waiting. carried: a goroutine of the outbox's own waits until the
// peer has taken a frame. A connection that cannot be written to without waiting (TLS, a pipe) is
// carried until all is written; see full for when its peer is too slow.
//
// The zero Outbox is of no use before Init. It must not be copied after that. The other methods may
// be called from any goroutine.
type Outbox struct {
	conn    net.Conn
	broken  func()          // called when conn cannot be written to; it wakes the reader
	raw     syscall.RawConn // nil: cannot be written to without waiting
	flusher *Flusher
	limit   int           // weight that may wait
	timeout time.Duration // for the peer to take a frame

	writing sync.Mutex // held for a write that does not wait, never for one that does

	mu      sync.Mutex
	frames  [][]byte  // those from head on wait
	own     [1][]byte // storage for a queue of one frame
	head    int
	off     int // bytes of the first that have left
	waiting int // weight of all but the first
	state   outboxState
	shut    bool // takes no more frames
	ended   bool
	taken   int32         // frames in the write in progress
	began   time.Time     // when that write began, if it may wait for the peer
	done    chan struct{} // closed when shut, and all was written or the connection failed

	next *Outbox // in the flusher's list, guarded by its lock
}

type outboxState uint8

const (
	idle outboxState = iota
	ready
	carried
)

// Init prepares an outbox for conn. limit is the weight of the frames that may wait, and timeout
// the time that the peer has to take one frame. The flusher writes, if conn can be written to
// without waiting; else it may be nil. broken is called when a write has failed, on any goroutine,
// also within Add. It must not wait: it closes the connection, which wakes the reader.
func (o *Outbox) Init(conn net.Conn, broken func(), f *Flusher, limit int, timeout time.Duration) {
	o.conn, o.broken, o.raw, o.flusher, o.limit, o.timeout = conn, broken, RawConn(conn), f, limit, timeout
	o.done = make(chan struct{})
}

// Raw returns what RawConn returned for the connection.
func (o *Outbox) Raw() syscall.RawConn { return o.raw }

// Done returns a channel that is closed after Finish, when all was written or can't be, and after a
// failed write. The outbox has no goroutine from then on.
func (o *Outbox) Done() <-chan struct{} { return o.done }

// Add queues a frame, which must not change any more. It never waits for the peer: ErrFull means
// that the peer does not take what was sent before, ErrShut that nothing more is sent. While only
// the server is behind, Add makes room by writing itself, or lets more wait where it can't.
func (o *Outbox) Add(frame []byte) error {
	o.mu.Lock()
	if o.raw != nil && !o.shut && o.over(frame) {
		o.mu.Unlock()
		o.relieve(frame)
		o.mu.Lock()
	}
	if o.shut {
		o.mu.Unlock()
		return ErrShut
	}
	if o.full(frame) {
		o.mu.Unlock()
		return ErrFull
	}
	o.append(frame)
	o.wake()
	return nil
}

// AddAll queues frames together, if there is room for the first. Its errors are those of Add.
func (o *Outbox) AddAll(frames [][]byte) error {
	if err := o.Add(frames[0]); err != nil || len(frames) == 1 {
		return err
	}
	o.mu.Lock()
	if o.shut {
		o.mu.Unlock()
		return ErrShut
	}
	for _, frame := range frames[1:] {
		o.append(frame)
	}
	o.wake()
	return nil
}

// Finish queues the last frame, nil for none, and ends the outbox within CloseWait; see Done. With
// drop it discards the frames that wait, but never a frame of which a part has left. It returns at
// once, and reports whether this was the first call, and no write had failed.
func (o *Outbox) Finish(last []byte, drop bool) bool {
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
	o.conn.SetWriteDeadline(time.Now().Add(CloseWait))
	o.wake()
	return true
}

// wake sees to it that what waits gets written. It unlocks mu.
func (o *Outbox) wake() {
	switch {
	case o.state != idle:
		o.mu.Unlock()
	case o.raw == nil && (!o.empty() || o.shut):
		o.state = carried
		o.mu.Unlock()
		go o.carry() // ends before done is closed; the end of a TLS stream is written, and may wait
	case o.empty():
		o.unlockAtRest()
	default:
		o.state = ready
		o.mu.Unlock()
		o.flusher.push(o)
	}
}

// flush writes once what waits, without waiting for the peer. It is called by the flusher when the
// outbox is ready.
func (o *Outbox) flush(p *scratch) {
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

// relieve makes room for a frame, if the peer takes what waits.
func (o *Outbox) relieve(frame []byte) {
	p := scratches.Get().(*scratch)
	defer scratches.Put(p)
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

// write writes once and reports whether the peer did not take all of it. The caller holds writing.
func (o *Outbox) write(p *scratch) (full bool, err error) {
	o.mu.Lock()
	batch := o.nextWrite(p.buf)
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

// carry writes and waits for the peer, in a goroutine of its own.
func (o *Outbox) carry() {
	var buf []byte // nil: frame by frame, then it is the flusher's turn again
	if o.raw == nil {
		p := scratches.Get().(*scratch)
		defer scratches.Put(p)
		buf = p.buf
	}
	for {
		o.mu.Lock()
		if o.empty() {
			o.unlockAtRest()
			return
		}
		o.began = time.Now()
		o.setDeadline(o.began.Add(o.timeout))
		batch := o.nextWrite(buf)
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

// setDeadline sets the time for writing, unless Finish has set the last one.
func (o *Outbox) setDeadline(t time.Time) {
	if !o.shut {
		o.conn.SetWriteDeadline(t)
	}
}

// unlockAtRest is called with mu when nothing waits.
func (o *Outbox) unlockAtRest() {
	o.state = idle
	end := o.shut && !o.ended
	o.ended = o.ended || end
	o.mu.Unlock()
	if !end {
		return
	}
	if c, ok := o.conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite() // the peer reads the last frame, then the end
	}
	close(o.done)
}

// unlockFailed is called with mu when a write failed. The frames that wait are lost.
func (o *Outbox) unlockFailed() {
	end := !o.ended
	o.state, o.shut, o.ended = idle, true, true
	o.frames, o.head, o.off, o.taken, o.waiting = nil, 0, 0, 0, 0
	o.mu.Unlock()
	o.broken()
	if end {
		close(o.done)
	}
}
