package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
)

// A channel is an actor that runs only while it has mail. post puts a message into the mailbox. If
// no goroutine runs the channel, post starts one, the runner, which handles all waiting mail and
// ends. So callbacks never overlap, those of different channels run side by side, and an idle
// channel has no goroutine.

// letter is what waits in a mailbox. The runner opens one after the other.
type letter interface {
	open(ctx context.Context, s *Socket)
}

// errMailboxFull says that too much of the client waits in a mailbox.
var errMailboxFull = errors.New("channel: the mailbox is full")

// post queues a message of the client: errMailboxFull means that too much waits, another
// error that the channel has ended.
func (s *Socket) post(m *message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch first := m.event == "phx_leave" && !s.leaving; {
	case s.state == closed:
		return s.reason
	case first: // there is always room for one leave
		s.leaving = true
		s.conn.mail.Add(m.size)
	case int(s.events) >= s.conn.srv.cfg.MaxMailbox || !s.conn.reserve(m):
		return errMailboxFull
	}
	s.events++
	s.mail = append(s.mail, m)
	s.ensureRunning()
	return nil
}

// put queues what Go code has for the channel: ErrTooBusy means that too much
// waits, another error that the channel has ended.
func (s *Socket) put(l letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == closed:
		return s.reason
	case int(s.infos) >= s.conn.srv.cfg.MaxInfos:
		return ErrTooBusy
	}
	s.infos++
	s.mail = append(s.mail, l)
	s.ensureRunning()
	return nil
}

// mustPut is put for what the channel may not miss: if it does not fit, the channel ends, and its
// client joins again.
func (s *Socket) mustPut(l letter) {
	if s.put(l) == ErrTooBusy {
		s.log().Debug("a channel does not keep up", "topic", s.route.Pattern)
		s.end(ErrFellBehind, s.errorFrame(tooBusy))
	}
}

// ensureRunning starts the runner if there is none. It is called with mu: by the
// socket's goroutine, by a runner or a task of its channels, or by anybody while
// the channel is not closed. All of that comes before conn.actors is waited for.
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
	ctx, cancel := context.WithCancelCause(context.Background()) // that the server ends, the end of the channel tells
	defer cancel(nil)
	returned := false
	defer func() {
		if !returned { // a callback ended the goroutine, as the FailNow of a test does
			s.crash()
			s.start()
		}
	}()
	for s.step(ctx, cancel) {
	}
	returned = true
}

// step does one thing that waits, and reports whether there may be more.
func (s *Socket) step(ctx context.Context, cancel context.CancelCauseFunc) bool {
	s.mu.Lock()
	s.cancel = cancel
	if s.givenUp {
		cancel(ErrReplaced)
	}
	if s.state == closed && s.debt {
		s.debt = false
		s.mu.Unlock()
		s.terminate()
		return true
	}
	if s.stopping && s.state == joined {
		s.mu.Unlock()
		s.end(ErrStopped, s.closeFrame())
		return true
	}
	if len(s.mail) > 0 {
		l := s.takeMail()
		s.mu.Unlock()
		s.conn.freed()
		l.open(ctx, s)
		return true
	}
	next, gone := s.next, s.state == closed
	s.mail, s.next, s.cancel, s.running = nil, nil, nil, false
	s.mu.Unlock()
	if gone {
		s.conn.remove(s)
	}
	if next != nil {
		s.conn.waited(next)
		next.start()
	}
	return false
}

// takeMail takes the letter that waits the longest. It is called with mu.
func (s *Socket) takeMail() letter {
	l := s.mail[0]
	s.mail[0] = nil
	s.mail = s.mail[1:]
	switch l.(type) {
	case *message:
		s.events--
	case tick: // as many as there are timers
	default:
		s.infos--
	}
	return l
}

// open runs the callback for a message.
func (m *message) open(ctx context.Context, s *Socket) {
	defer s.conn.release(m)
	switch m.event {
	case "phx_join":
		s.handleJoin(ctx, m)
	case "phx_leave":
		s.handleLeave(m)
	default:
		s.handleIn(ctx, m)
	}
}

func (s *Socket) handleIn(ctx context.Context, m *message) {
	if s.tooLate(m) {
		return
	}
	if !s.protect(m.event, func() {
		var reply any
		err := ErrUnknownEvent
		ref := &Ref{s: s, event: m.event, ref: bytes.Clone(m.ref)} // it may be kept, the rest of the message goes
		if h, ok := s.channel.(InHandler); ok {
			reply, err = h.HandleIn(ctx, s, Message{Event: m.event, Payload: m.payload, Binary: m.binary, Ref: ref})
		}
		if reply == nil && err == nil {
			return
		}
		if ref.answer(reply, err) == ErrReplied {
			s.log().Error("an event is answered twice", "topic", s.route.Pattern, "event", clip(m.event))
		}
	}) {
		s.crash()
	}
}

// runCallback runs a callback that has no reply.
func (s *Socket) runCallback(event string, callback func() error) {
	if s.over() {
		return
	}
	if !s.protect(event, func() {
		if err := callback(); err != nil && !s.over() {
			s.log().Error("a callback failed", "topic", s.route.Pattern, "event", clip(event), "err", err)
		}
	}) {
		s.crash()
	}
}

// crash ends the channel after a panic.
func (s *Socket) crash() { s.end(ErrCrashed, s.errorFrame(channelCrash)) }

// answer makes the frame of a reply from what a callback returned.
func (s *Socket) answer(joinRef json.RawMessage, m *message, reply any, failed error) []byte {
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
