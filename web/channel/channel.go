package channel

import (
	"context"
	"encoding/json"
)

// Channel is one joined topic of one socket. The route's New makes a value for each
// join, so a channel keeps its state in its own fields; its callbacks never overlap
// and need no lock. A callback's context is good until the callback returns; it is
// cancelled when the channel ends under it: the client is gone, or joined anew.
//
// A channel that takes events implements [InHandler] too, one that has to tidy up
// [Terminator].
type Channel interface {
	// Join lets the client in: the reply goes out with the status ok, nil as {}.
	// An error refuses: see [Refuse]. The channel is subscribed to its topic
	// already, so what it reads here is not older than the broadcasts that follow.
	// What is pushed here, and what is broadcast meanwhile, follows the reply.
	Join(ctx context.Context, s *Socket, params json.RawMessage) (reply any, err error)
}

// InHandler takes the events that the client pushes.
type InHandler interface {
	// HandleIn handles one event. A reply other than nil is sent with the status
	// ok, [OK] is an empty one; an error is sent with the status error: see
	// [Refuse] and [ErrUnknownEvent]. Neither: nothing is answered. A panic ends
	// the channel, and only it; the client is told by phx_error and may rejoin.
	HandleIn(ctx context.Context, s *Socket, m Message) (reply any, err error)
}

// Terminator is told when its channel has ended.
type Terminator interface {
	// Terminate is called once, as the last callback, if Join returned no error:
	// also when the client vanished and when a callback panicked. The reason is
	// one of [ErrLeft], [ErrReplaced], [ErrCrashed], [ErrSocketClosed]. Pushing is
	// over by then; broadcasting is not.
	Terminate(ctx context.Context, s *Socket, reason error)
}

// Message is an event that a client pushed to a channel.
type Message struct {
	Event   string
	Payload json.RawMessage // valid JSON of any type, null too; null if the client pushed bytes
	Binary  Binary          // the bytes, perhaps none; nil if the client pushed JSON
}
