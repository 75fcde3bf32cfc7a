package channel

import (
	"context"

	"sneakers23/replication/pubsub"
)

// Send hands a value to HandleInfo of the channel, in order with its other callbacks. It may be
// called from any goroutine, and never waits. It returns [ErrTooBusy] when the channel has as many
// messages waiting as it may, or the reason if the channel has ended. Values sent during Join are
// handled after it.
func (s *Socket) Send(value any) error { return s.put(info{value}) }

// Stop ends the channel: its client gets phx_close, Terminate is told [ErrStopped].
// The callback that runs is the last one but for Terminate, and what it answers goes
// out before the phx_close. So a HandleIn that calls Stop may reply as well. Stop
// may be called from any goroutine, and many times.
func (s *Socket) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return
	}
	s.stopping = true
	s.ensureRunning()
}

// info is a value that was sent.
type info struct{ value any }

func (i info) open(ctx context.Context, s *Socket) { s.handleInfo(ctx, i.value) }

func (s *Socket) handleInfo(ctx context.Context, value any) {
	s.runCallback("info", func() error {
		if h, ok := s.channel.(InfoHandler); ok {
			return h.HandleInfo(ctx, s, value)
		}
		s.log().Error("a channel without HandleInfo got a message", "topic", s.route.Pattern)
		return nil
	})
}

// outgoing is an intercepted broadcast.
type outgoing struct{ *pubsub.Message }

func (o outgoing) open(ctx context.Context, s *Socket) {
	s.runCallback(o.Event, func() error { return s.channel.(OutHandler).HandleOut(ctx, s, o.Message) })
}

// intercept asks the channel which broadcasts it wants to see. It is called before
// the channel is subscribed to any.
func (s *Socket) intercept() {
	if h, ok := s.channel.(OutHandler); ok {
		s.intercepts = h.Intercepts()
	}
}
