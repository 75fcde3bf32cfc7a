package admin

import (
	"context"
	"encoding/json"

	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// CartTracker is the topic of the shoppers' presences, each tab of a cart: presence_state and
// presence_diff.
const CartTracker = "admin:cart_tracker"

// cartTracker shows the presences as they are. It takes no events.
type cartTracker struct {
	tokens  *Tokens
	tracker *presence.Tracker
}

// Join pushes who is here; what changes is broadcast.
func (c cartTracker) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	if err := c.tokens.KeepFresh(s); err != nil {
		return nil, err
	}
	return nil, s.PushPresences(c.tracker, CartTracker)
}
