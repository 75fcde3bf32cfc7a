package conformance

import (
	"context"
	"encoding/json"
	"errors"

	"sneakers23/web/channel"
)

// room does what the client asks for.
type room struct{ site *site }

// Join answers with the params, unless they ask for something else.
func (r *room) Join(ctx context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	var wish struct {
		Refuse      json.RawMessage
		Crash, Hold bool
	}
	if err := json.Unmarshal(params, &wish); err != nil {
		return nil, err
	}
	switch {
	case wish.Refuse != nil:
		return nil, channel.Refuse(wish.Refuse)
	case wish.Crash:
		panic("on purpose")
	case wish.Hold:
		r.hold(ctx)
	}
	r.site.joined(s)
	return params, nil
}

func (r *room) HandleIn(ctx context.Context, s *channel.Socket, m channel.Message) (any, error) {
	switch m.Event {
	case "echo":
		return payload(m), nil
	case "count":
		return map[string]int{"bytes": len(m.Binary)}, nil
	case "done":
		return channel.OK, nil
	case "whoami":
		return s.Assigns(), nil
	case "silent":
		return nil, nil
	case "hold":
		r.hold(ctx)
		return payload(m), nil
	case "refuse":
		return nil, channel.Refuse(payload(m))
	case "fail":
		return nil, errors.New("the cause, which is ours")
	case "crash":
		panic("on purpose")
	case "push":
		return nil, s.Push("pushed", payload(m))
	case "shout":
		return nil, s.Broadcast("shouted", payload(m))
	case "whisper":
		return nil, s.BroadcastFrom("whispered", payload(m))
	}
	return nil, channel.ErrUnknownEvent
}

// payload is what came, JSON or bytes.
func payload(m channel.Message) any {
	if m.Binary != nil {
		return m.Binary
	}
	return m.Payload
}

// hold waits until the scenario releases it, or the channel ends.
func (r *room) hold(ctx context.Context) {
	select {
	case <-r.site.release:
	case <-ctx.Done():
	}
}

func (r *room) Terminate(_ context.Context, s *channel.Socket, reason error) {
	r.site.terminated <- s.Topic() + " " + words[reason]
}

// words are the scenarios' for why a channel ended.
var words = map[error]string{
	channel.ErrLeft:         "left",
	channel.ErrReplaced:     "replaced",
	channel.ErrCrashed:      "crashed",
	channel.ErrSocketClosed: "closed",
}
