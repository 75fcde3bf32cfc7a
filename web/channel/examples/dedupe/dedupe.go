// Package dedupe keeps a client from being told the same thing again and again: what
// is broadcast is collected for a second, and each value pushed once, in the order in
// which it first came.
package dedupe

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

const (
	window = time.Second
	most   = 100 // values kept; more are pushed before the window closes
)

// Route leads the topic "dupe" to the channel. Its event is "number", with a [Number].
func Route() channel.Route {
	return channel.Route{Pattern: "dupe", New: func() channel.Channel { return &dedupeChannel{} }}
}

// Number is the payload of the broadcasts and of the pushes.
type Number struct {
	Value int64 `json:"value"`
}

// dedupeChannel keeps what came since the window opened; none: it is closed.
type dedupeChannel struct {
	numbers []Number
	timer   *channel.Timer
}

func (c *dedupeChannel) Join(context.Context, *channel.Socket, json.RawMessage) (any, error) {
	return nil, nil
}

// Intercepts makes all numbers go through HandleOut.
func (c *dedupeChannel) Intercepts() []string { return []string{"number"} }

// HandleOut keeps a number that is new in this window. The first one opens it.
func (c *dedupeChannel) HandleOut(_ context.Context, s *channel.Socket, m *pubsub.Message) error {
	raw, err := json.Marshal(m.Payload)
	if err != nil {
		return err
	}
	var n Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return err
	}
	if slices.Contains(c.numbers, n) {
		return nil
	}
	if len(c.numbers) == 0 {
		c.timer = s.After(window, nil)
	}
	c.numbers = append(c.numbers, n)
	if len(c.numbers) < most {
		return nil
	}
	return c.flush(s)
}

// HandleInfo is the end of the window.
func (c *dedupeChannel) HandleInfo(_ context.Context, s *channel.Socket, _ any) error {
	return c.flush(s)
}

// flush pushes what was kept and closes the window.
func (c *dedupeChannel) flush(s *channel.Socket) error {
	c.timer.Stop()
	for _, n := range c.numbers {
		if err := s.Push("number", n); err != nil {
			return err
		}
	}
	c.numbers = nil
	return nil
}
