// Package recurring keeps the token of a page that stays open for long from growing
// old: it pushes a new one every five seconds.
package recurring

import (
	"context"
	"encoding/json"
	"time"

	"sneakers23/web/channel"

	"github.com/gorilla/securecookie"
)

const period = 5 * time.Second

// Route leads the topic "recurring" to a channel that signs tokens with the codec. The
// socket's assigns are the user, a string.
func Route(codec securecookie.Codec) channel.Route {
	return channel.Route{Pattern: "recurring", New: func() channel.Channel { return &recurringChannel{codec} }}
}

type recurringChannel struct{ codec securecookie.Codec }

// sendToken tells the channel to send a token.
type sendToken struct{}

// Join starts the timer, which ends with the channel.
func (c *recurringChannel) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	s.Every(period, sendToken{})
	return nil, nil
}

// HandleInfo pushes a new token.
func (c *recurringChannel) HandleInfo(_ context.Context, s *channel.Socket, _ any) error {
	token, err := c.codec.Encode("user", channel.Assigns[string](s))
	if err != nil {
		return err
	}
	return s.Push("new_token", map[string]string{"token": token})
}
