// Package wildcard decides by the topic who may join: wild:A:B is open if B is twice A.
package wildcard

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"sneakers23/web/channel"
)

// Route leads all topics that begin with "wild:" to the channel.
func Route() channel.Route {
	return channel.Route{Pattern: "wild:*", New: func() channel.Channel { return wildChannel{} }}
}

type wildChannel struct{}

// Join lets in whoever can multiply.
func (wildChannel) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	if !doubles(strings.TrimPrefix(s.Topic(), "wild:")) {
		return nil, channel.Refuse(map[string]string{"reason": "want wild:A:B with B twice A"})
	}
	return nil, nil
}

// HandleIn answers a ping.
func (wildChannel) HandleIn(_ context.Context, _ *channel.Socket, m channel.Message) (any, error) {
	if m.Event != "ping" {
		return nil, channel.ErrUnknownEvent
	}
	return map[string]string{"ping": "pong"}, nil
}

// doubles reports whether text is A:B, two numbers of which B is twice A.
func doubles(text string) bool {
	first, second, _ := strings.Cut(text, ":")
	a, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return false
	}
	b, err := strconv.ParseInt(second, 10, 64)
	return err == nil && b%2 == 0 && b/2 == a // twice a might not fit
}
