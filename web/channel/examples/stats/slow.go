package stats

import (
	"context"
	"encoding/json"
	"time"

	"sneakers23/web/channel"
)

// slowness is how long a slow ping takes.
const slowness = 3 * time.Second

// Route leads the topic "ping" to the slow channel, measured.
func Route(s *StatsD) channel.Route {
	return Measure(s, "ping", func() Handler { return slowChannel{} })
}

// slowChannel answers pings: "ping" at once, "slow_ping" while the channel waits,
// "parallel_slow_ping" while it goes on.
type slowChannel struct{}

func (slowChannel) Join(_ context.Context, _ *channel.Socket, params json.RawMessage) (any, error) {
	if string(params) == `{"error":true}` {
		return nil, channel.Refuse(map[string]string{"reason": "you asked for this"})
	}
	return nil, nil
}

var pong = map[string]string{"ping": "pong"}

func (slowChannel) HandleIn(ctx context.Context, s *channel.Socket, m channel.Message) (any, error) {
	switch m.Event {
	case "ping":
		return pong, nil
	case "slow_ping":
		return pong, work(ctx)
	case "parallel_slow_ping":
		return nil, s.Go(func(ctx context.Context) {
			if work(ctx) == nil {
				m.Ref.Reply(pong)
			}
		})
	}
	return nil, channel.ErrUnknownEvent
}

// work takes its time, unless it is not wanted any more.
func work(ctx context.Context) error {
	select {
	case <-time.After(slowness):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
