package channel

import (
	"context"
	"encoding/json"
	"runtime/debug"
)

// A channel is an actor that runs only while it has mail. post puts a message into
// the mailbox; if nobody runs the channel, it starts a goroutine, the runner, which
// handles what there is and ends. So callbacks never overlap, those of different
// channels run side by side, and an idle channel has no goroutine.

// post queues a message for the channel; false means that the mailbox is full.
func (s *Socket) post(m message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := m.event == "phx_leave" && !s.leaving // there is always room for one leave
	if len(s.mail) >= s.conn.srv.cfg.MaxMailbox && !first {
		return false
	}
	s.leaving = s.leaving || first
	s.mail = append(s.mail, m)
	s.ensureRunning()
	return true
}

// ensureRunning starts the runner if there is none. It is called with mu, by the
// socket's goroutine or by a runner of its channels: conn.actors is not waited for
// while either lives.
func (s *Socket) ensureRunning() {
	if !s.running {
		s.running = true
		s.start()
	}
}

// start starts the runner of a channel that is marked as running.
func (s *Socket) start() { s.conn.actors.Go(s.run) }

// run is the runner.
func (s *Socket) run() {
	ctx, cancel := context.WithCancelCause(s.conn.srv.ctx)
	defer cancel(nil)
	for s.step(ctx, cancel) {
	}
}

// step does one thing that waits, and reports whether there may be more.
func (s *Socket) step(ctx context.Context, cancel context.CancelCauseFunc) bool {
	s.mu.Lock()
	s.cancel = cancel
	if s.state == closed && s.debt {
		s.debt = false
		s.mu.Unlock()
		s.terminate()
		return true
	}
	if len(s.mail) > 0 {
		m := s.mail[0]
		s.mail[0] = message{}
		s.mail = s.mail[1:]
		s.mu.Unlock()
		s.conn.freed()
		s.handle(ctx, m)
		return true
	}
	next := s.next
	s.mail, s.next, s.cancel, s.running = nil, nil, nil, false
	s.mu.Unlock()
	if next != nil {
		s.conn.replaced(-1)
		next.start()
	}
	return false
}

// handle runs the callback for a message.
func (s *Socket) handle(ctx context.Context, m message) {
	switch m.event {
	case "phx_join":
		s.handleJoin(ctx, m)
	case "phx_leave":
		s.handleLeave(m)
	default:
		s.handleIn(ctx, m)
	}
}

func (s *Socket) handleIn(ctx context.Context, m message) {
	if s.tooLate(m) {
		return
	}
	if !s.protect(m.event, func() {
		var reply any
		err := ErrUnknownEvent
		if h, ok := s.channel.(InHandler); ok {
			reply, err = h.HandleIn(ctx, s, Message{Event: m.event, Payload: m.payload, Binary: m.binary})
		}
		if reply != nil || err != nil {
			s.send(s.answer(s.joinRef, m, reply, err))
		}
	}) {
		s.end(ErrCrashed, s.conn.format.push(s.joinRef, s.joinRef, s.topic, "phx_error", channelCrash))
	}
}

// answer makes the frame of a reply from what a callback returned.
func (s *Socket) answer(joinRef json.RawMessage, m message, reply any, failed error) []byte {
	frame, err := s.conn.answer(joinRef, m.ref, s.topic, reply, failed)
	if err != nil {
		s.log().Error("a callback failed", "topic", s.route.Pattern, "event", clip(m.event), "err", err)
	}
	return frame
}

// terminate calls the last callback.
func (s *Socket) terminate() {
	t := s.terminator()
	if t == nil {
		return
	}
	ctx, cancel := context.WithCancel(s.conn.srv.ctx) // that of the runner is over
	defer cancel()
	s.protect("terminate", func() { t.Terminate(ctx, s, s.reason) })
}

// terminator returns the channel if it wants to know of its end. It is only asked
// once Join has returned.
func (s *Socket) terminator() Terminator {
	t, _ := s.channel.(Terminator)
	return t
}

// protect calls f and reports whether it returned; a panic is logged.
func (s *Socket) protect(event string, f func()) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.log().Error("a channel panicked", "topic", s.route.Pattern, "event", clip(event),
				"panic", p, "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}

// clip shortens what a client chose, for the log.
func clip(event string) string { return event[:min(len(event), 64)] }
