package channel

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
)

func (s *Socket) handleJoin(ctx context.Context, m *message) {
	if !s.begin() {
		return // closed before its turn
	}
	var answer []byte
	var err error
	switch returned := s.protect("phx_join", func() { answer, err = s.join(ctx, m) }); {
	case !returned:
		s.end(ErrCrashed, s.joinCrashed(m))
	case err != nil:
		s.end(err, answer)
	default:
		s.enter(answer)
	}
}

// begin reports whether the channel is still wanted.
func (s *Socket) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return false
	}
	s.state = joining
	return true
}

// join subscribes first and joins after: what is broadcast while Join runs is held,
// and follows the reply.
func (s *Socket) join(ctx context.Context, m *message) (answer []byte, err error) {
	s.channel = s.route.New()
	s.intercept()
	if !s.subscribe() {
		return nil, s.reason
	}
	reply, err := s.channel.Join(ctx, s, m.payload)
	return s.answer(m.joinRef, m, reply, err), err
}

func (s *Socket) joinCrashed(m *message) []byte {
	return s.conn.format.reply(m.joinRef, m.ref, s.topic, statusError, joinCrashed)
}

// subscribe reports whether the channel is still wanted.
func (s *Socket) subscribe() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return false
	}
	s.sub = s.conn.srv.cfg.PubSub.Subscribe(s.topic, (*receiver)(s))
	return true
}

// enter answers a join that succeeded.
func (s *Socket) enter(reply []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.debt = true
	if s.state == closed { // while Join ran
		return
	}
	s.state, s.asked = joined, nil
	if len(s.held) == 0 {
		s.conn.send(reply)
		return
	}
	s.conn.sendAll(slices.Insert(s.held, 0, reply))
	s.letGo()
}

func (s *Socket) handleLeave(m *message) {
	if s.tooLate(m) {
		return
	}
	s.end(ErrLeft, s.conn.format.reply(s.joinRef, m.ref, s.topic, statusOK, OK), s.closeFrame())
}

// closeFrame is the phx_close of this channel.
func (s *Socket) closeFrame() []byte {
	return s.conn.format.push(s.joinRef, s.joinRef, s.topic, "phx_close", OK)
}

// errorFrame is a phx_error of this channel: its client joins again.
func (s *Socket) errorFrame(reason json.RawMessage) []byte {
	return s.conn.format.push(s.joinRef, s.joinRef, s.topic, "phx_error", reason)
}

// end closes the channel, if it is not closed yet: the last frames are sent, nothing
// follows them, a callback that runs is told by its context, and Terminate is called
// if it is due.
func (s *Socket) end(reason error, last ...[]byte) {
	s.mu.Lock()
	if s.state == closed {
		s.mu.Unlock()
		return
	}
	s.close(reason, last...)
	s.mu.Unlock()
	s.cleanUp()
}

// giveWayTo ends the channel because its topic is joined again, and lets the new one start when
// this one's last callback has returned. If a leave waits for its turn, the leave closes the
// channel; the callbacks before it are cancelled, so that it is soon.
func (s *Socket) giveWayTo(next *Socket) {
	s.mu.Lock()
	switch {
	case s.state == closed:
	case !s.leaving || s.state == waiting:
		s.close(ErrReplaced, s.replacedFrames()...)
	default:
		s.givenUp = true
		if s.cancel != nil {
			s.cancel(ErrReplaced)
		}
	}
	running := s.running
	if running {
		s.next = next
		s.conn.waitFor(s, next)
	}
	s.mu.Unlock()
	s.cleanUp()
	if !running {
		next.start()
	}
}

// replacedFrames tell the client that its topic is joined again. A join that was not answered yet
// is answered first, since each is. It is called with mu.
func (s *Socket) replacedFrames() [][]byte {
	if s.asked == nil {
		return [][]byte{s.closeFrame()}
	}
	answer := s.conn.format.reply(s.asked.joinRef, s.asked.ref, s.topic, statusError, replaced)
	return [][]byte{answer, s.closeFrame()}
}

// close is called with mu.
func (s *Socket) close(reason error, last ...[]byte) {
	s.state, s.reason, s.asked = closed, reason, nil
	s.letGo()
	s.own.end(reason)
	s.conn.countEnding(s) // before the client knows
	for _, frame := range last {
		s.conn.send(frame)
	}
	if s.cancel != nil {
		s.cancel(reason)
	}
	if s.debt && s.terminator() != nil {
		s.ensureRunning()
	}
}

// cleanUp undoes what a channel that is closed has outside of itself.
func (s *Socket) cleanUp() {
	s.mu.Lock()
	sub, own, running := s.sub, s.own, s.running
	over := s.state == closed
	s.mu.Unlock()
	if !over {
		return
	}
	if sub != nil {
		sub.Unsubscribe()
	}
	own.unsubscribe()
	if !running { // else the runner does, when it has nothing more to do
		s.conn.remove(s)
	}
}

// tooLate reports whether the channel ended before the message's turn, and answers for it. When the
// client joined again meanwhile, the message is stale; only a leave is answered all the same.
func (s *Socket) tooLate(m *message) bool {
	s.mu.Lock()
	state, reason := s.state, s.reason
	s.mu.Unlock()
	if state == closed && (reason != ErrReplaced || m.event == "phx_leave") {
		s.conn.answerUnjoined(m)
	}
	return state == closed
}

// over reports whether the channel has ended.
func (s *Socket) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == closed
}

func (s *Socket) log() *slog.Logger { return s.conn.srv.cfg.Log }
