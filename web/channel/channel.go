package channel

import (
	"context"
	"encoding/json"

	"sneakers23/replication/pubsub"
)

// Channel is one joined topic of one socket. The route's New makes a value for each join, so a
// channel keeps its state in its own fields; its callbacks never overlap and need no lock. A
// callback's context is good until the callback returns; it is cancelled when the channel ends
// under it: the client is gone, or has joined again.
//
// A channel that takes events implements [InHandler] too; one that takes messages
// from Go code, its own timers among them, [InfoHandler]; one that changes what is
// broadcast for its client, [OutHandler]; one that has to tidy up, [Terminator].
type Channel interface {
	// Join lets the client in: the reply goes out with the status ok, nil as {}. An error refuses:
	// see [Refuse]. The channel is subscribed to its topic already, so what it reads here is not
	// older than the broadcasts that follow. Events that are pushed here or broadcast meanwhile
	// follow the reply; after [Socket.Stop], so does the phx_close.
	Join(ctx context.Context, s *Socket, params json.RawMessage) (reply any, err error)
}

// InHandler takes the events that the client pushes.
type InHandler interface {
	// HandleIn handles one event. A reply other than nil is sent with the status
	// ok, [OK] is an empty one; an error is sent with the status error: see
	// [Refuse] and [ErrUnknownEvent]. If both are nil, nothing is answered, unless
	// later by the message's [Ref]. A panic ends the channel, and only it; the client is
	// told by phx_error and may rejoin.
	HandleIn(ctx context.Context, s *Socket, m Message) (reply any, err error)
}

// InfoHandler takes what Go code has for the channel.
type InfoHandler interface {
	// HandleInfo handles a value given to [Socket.Send], [Socket.After] or
	// [Socket.Every], or a *[pubsub.Message] of a [Socket.Subscribe]. An error is
	// logged; a panic ends the channel, as in HandleIn.
	HandleInfo(ctx context.Context, s *Socket, value any) error
}

// OutHandler stands between the broadcasts to the channel's topic and its client.
type OutHandler interface {
	// Intercepts lists the events that go through HandleOut. It is called once,
	// before Join; all other events reach the client without the channel.
	Intercepts() []string
	// HandleOut gets a broadcast in place of the client, who gets what is pushed
	// here: the same (s.Push(m.Event, m.Payload)), something else, or nothing. The
	// message is shared by all receivers and must not be changed. Its payload is
	// JSON, a [json.RawMessage], if it came by [Socket.Broadcast]. An error is
	// logged; a panic ends the channel, as in HandleIn.
	HandleOut(ctx context.Context, s *Socket, m *pubsub.Message) error
}

// Terminator is told when its channel has ended.
type Terminator interface {
	// Terminate is called once, as the last callback, if Join returned no error:
	// also when the client vanished and when a callback panicked. The reason is
	// one of [ErrLeft], [ErrReplaced], [ErrStopped], [ErrCrashed], [ErrFellBehind],
	// [ErrSocketClosed]. Pushing is over by then; broadcasting is not.
	Terminate(ctx context.Context, s *Socket, reason error)
}

// Message is an event that a client pushed to a channel.
type Message struct {
	Event   string
	Payload json.RawMessage // valid JSON of any type, null too; null if the client pushed bytes
	Binary  Binary          // the bytes, perhaps none; nil if the client pushed JSON
	Ref     *Ref            // to reply later
}
