// Package stats counts who connects and joins, times how long events take, and sends
// it all to StatsD. Its channel answers slowly, in turn or side by side, so that the
// times differ.
package stats

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sneakers23/web/channel"
)

// Connects counts the connects that a Config's Connect decides on.
func Connects(s *StatsD, connect func(channel.ConnectInfo) (any, error)) func(channel.ConnectInfo) (any, error) {
	return func(info channel.ConnectInfo) (any, error) {
		assigns, err := connect(info)
		s.Count("socket_connect", 1, status(err))
		return assigns, err
	}
}

// Handler is a channel that can be measured.
type Handler interface {
	channel.Channel
	channel.InHandler
}

// Measure returns a route to channels whose joins are counted and whose handling of
// events is timed. The pattern tags them: topics may be secrets, and too many.
func Measure(s *StatsD, pattern string, newHandler func() Handler) channel.Route {
	return channel.Route{Pattern: pattern, New: func() channel.Channel {
		return &measured{s, "channel:" + pattern, newHandler()}
	}}
}

// measured is a channel around another one.
type measured struct {
	stats *StatsD
	tag   string
	inner Handler
}

func (m *measured) Join(ctx context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	reply, err := m.inner.Join(ctx, s, params)
	m.stats.Count("channel_join", 1, m.tag, status(err))
	return reply, err
}

func (m *measured) HandleIn(ctx context.Context, s *channel.Socket, in channel.Message) (any, error) {
	began := time.Now()
	reply, err := m.inner.HandleIn(ctx, s, in)
	event := in.Event
	if errors.Is(err, channel.ErrUnknownEvent) {
		event = "unknown" // strangers do not name metrics
	}
	m.stats.Timing("channel_handle_in", time.Since(began), m.tag, "event:"+event, status(err))
	return reply, err
}

func status(err error) string {
	if err != nil {
		return "status:error"
	}
	return "status:success"
}
