package channel

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"sneakers23/web/conns"
)

// feedStream is a reader of server-sent events. The goroutine of its handler writes;
// what it has not come to yet waits in a queue.
type feedStream struct {
	follower
	w    http.ResponseWriter
	ctl  *http.ResponseController
	wake chan struct{} // buffer 1: there is something new to look at

	mu      sync.Mutex
	queue   [][]byte
	waiting int  // bytes in queue; the block that is being written is not there
	shut    bool // takes no more blocks
	gone    bool // the handler returns: its connection is not ours any more
}

// serveStream writes until the client is gone, too slow, or told to go. It reports whether
// the reader was admitted.
func (f *Feed) serveStream(w http.ResponseWriter, r *http.Request, topics []string, forgotten func()) (admitted bool) {
	if f.readers.Draining() {
		f.turnAway(w, r)
		return false
	}
	s := &feedStream{
		follower: follower{feed: f, encoding: f.blocks, onForget: forgotten},
		w:        w, ctl: http.NewResponseController(w), wake: make(chan struct{}, 1),
	}
	s.to = s
	states, err := s.follow(r.Context(), topics, feedBlock)
	if err != nil {
		f.refuse(w, r, err)
		return false
	}
	defer s.end()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // said to nginx
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return false
	}
	if !f.admit(s) {
		f.turnAway(w, r)
		return false
	}
	defer f.forget(s)
	defer s.leave()
	s.serve(r.Context(), append(s.hint(), states...))
	return true
}

// turnAway answers while the feed is draining: see Drain.
func (f *Feed) turnAway(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		f.refuse(w, r, errStopping)
		return
	}
	panic(http.ErrAbortHandler)
}

// hint tells the client when to come back, each at another time.
func (s *feedStream) hint() []byte {
	retry := s.feed.cfg.Retry
	return fmt.Appendf(nil, "retry: %d\n\n", (retry/2 + rand.N(retry)).Milliseconds())
}

// comment keeps a quiet stream alive.
var comment = []byte(":\n\n")

// serve writes what waits, and looks for more when all of it has left.
func (s *feedStream) serve(ctx context.Context, first []byte) {
	quiet := time.NewTimer(s.feed.cfg.Ping)
	defer quiet.Stop()
	if s.write(first) != nil {
		return
	}
	s.release(nil)
	for flushed := false; ; {
		if block := s.next(); block != nil {
			if s.write(block) != nil {
				return
			}
			flushed = false
			continue
		}
		if !flushed {
			if s.flush() != nil {
				return
			}
			flushed = true
			quiet.Reset(s.feed.cfg.Ping)
		}
		select {
		case <-s.wake:
			if s.finished() {
				return
			}
		case <-quiet.C:
			if s.write(comment) != nil {
				return
			}
			flushed = false
		case <-ctx.Done():
			return
		}
	}
}

// write gives the client its time for one block.
func (s *feedStream) write(block []byte) error {
	s.mu.Lock()
	if !s.shut {
		s.ctl.SetWriteDeadline(time.Now().Add(s.feed.cfg.WriteTimeout)) // instead of the http.Server's
	}
	s.mu.Unlock()
	_, err := s.w.Write(block)
	return err
}

// flush sends what was written, and ends the time for it: over HTTP/2 a deadline
// cuts off a stream that writes nothing, too.
func (s *feedStream) flush() error {
	if err := s.ctl.Flush(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shut {
		s.ctl.SetWriteDeadline(time.Time{})
	}
	return nil
}

// send queues a block. A reader that does not keep up is cut off.
func (s *feedStream) send(block []byte) {
	s.mu.Lock()
	full := s.waiting > 0 && s.waiting+len(block) > s.feed.cfg.MaxQueue
	if !s.shut && !full {
		s.queue = append(s.queue, block)
		s.waiting += len(block)
		s.look()
	}
	s.mu.Unlock()
	if full {
		s.cutOff()
	}
}

// cutOff drops what waits, and ends a write that does.
func (s *feedStream) cutOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return
	}
	s.queue, s.waiting = nil, 0
	s.shutWithin(0)
	s.feed.tooSlow.Add(1)
}

// next takes a block off the queue, nil if it is empty.
func (s *feedStream) next() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		s.queue = nil
		return nil
	}
	block := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	s.waiting -= len(block)
	return block
}

// Restart ends the stream when what waits has left.
func (s *feedStream) Restart() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return false
	}
	s.shutWithin(conns.CloseWait)
	return true
}

// shutWithin is called with mu. The time is what the client has for what waits.
func (s *feedStream) shutWithin(d time.Duration) {
	s.shut = true
	if !s.gone {
		s.ctl.SetWriteDeadline(time.Now().Add(d))
	}
	s.look()
}

// look makes the handler look at what is new.
func (s *feedStream) look() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// finished reports whether the stream is shut and all of it written.
func (s *feedStream) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shut && len(s.queue) == 0
}

// leave is called when the handler is about to return.
func (s *feedStream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut, s.gone = true, true
	s.queue = nil
}

func (s *feedStream) kind() *atomic.Int64 { return &s.feed.streams }
