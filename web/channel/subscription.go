package channel

import (
	"context"

	"sneakers23/replication/pubsub"
)

// Subscription is a channel's place in a topic that its client did not join. It ends
// with the channel, or by Unsubscribe.
type Subscription struct {
	s       *Socket
	topic   *pubsub.Subscription
	forward bool
	done    bool // guarded by the channel's lock
}

// Subscribe brings what is broadcast to any topic to HandleInfo, as a
// *[pubsub.Message], in order with the channel's other callbacks. Every broadcast
// that begins after it returned gets there; a channel that falls too far behind is
// ended by [ErrFellBehind] instead of missing one. It may be called from any goroutine,
// Join included. Subscribing twice brings everything twice.
func (s *Socket) Subscribe(topic string) *Subscription { return s.subscribeTo(topic, false) }

// Forward pushes what is broadcast to any topic to the client, as an event of this
// channel, and without asking it. The payload is encoded once for all clients. One
// that cannot be is logged, and a [Binary] leaves out those who have none.
func (s *Socket) Forward(topic string) *Subscription { return s.subscribeTo(topic, true) }

func (s *Socket) subscribeTo(topic string, forward bool) *Subscription {
	sub := &Subscription{s: s, forward: forward}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		sub.done = true
		return sub
	}
	sub.topic = s.conn.srv.cfg.PubSub.Subscribe(topic, (*listener)(sub))
	s.belongings().subs[sub] = struct{}{}
	return sub
}

// Unsubscribe ends the subscription. When a callback of the channel calls it,
// HandleInfo gets nothing more of it; what is forwarded may be on its way.
// Unsubscribing again does nothing.
func (sub *Subscription) Unsubscribe() {
	sub.s.mu.Lock()
	defer sub.s.mu.Unlock()
	if !sub.done {
		sub.done = true
		sub.topic.Unsubscribe()
		delete(sub.s.own.subs, sub)
	}
}

func (sub *Subscription) over() bool {
	sub.s.mu.Lock()
	defer sub.s.mu.Unlock()
	return sub.done
}

// listener is a subscription as the topic sees it.
type listener Subscription

// Deliver passes a broadcast on to the channel or to its client.
func (l *listener) Deliver(m *pubsub.Message) {
	sub := (*Subscription)(l)
	switch {
	case sub.over():
	case !sub.forward:
		sub.s.mustPut(heard{sub, m})
	default:
		sub.pushOn(m)
	}
}

// pushOn forwards a broadcast. The encoding logs once what no client can be sent. A broadcast that
// only this client cannot be sent is no mistake of ours: the client chose its refs and version.
func (sub *Subscription) pushOn(m *pubsub.Message) {
	frame, err := sub.s.conn.format.forward(sub.s.joinRef, sub.s.topic, m)
	if err != nil {
		sub.s.log().Debug("a broadcast is not forwarded", "topic", sub.s.route.Pattern, "event", clip(m.Event),
			"err", err)
		return
	}
	sub.s.send(frame) // if the channel has ended, so has this
}

// heard is a broadcast in the mailbox.
type heard struct {
	sub     *Subscription
	message *pubsub.Message
}

func (h heard) open(ctx context.Context, s *Socket) {
	if !h.sub.over() {
		s.handleInfo(ctx, h.message)
	}
}
