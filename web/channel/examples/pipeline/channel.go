package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

const (
	userTopics = "user:"
	pushEvent  = "push"
)

func topicOf(user string) string { return userTopics + user }

// delivery is a result on its way to its user.
type delivery struct {
	result   any
	enqueued time.Time
}

// Route leads a user to what is pushed to him, on the topic user:ID. The socket's
// assigns are the user, a string, which Connect must have proven: see the example auth.
func (p *Pipeline) Route() channel.Route {
	return channel.Route{Pattern: userTopics + "*", New: func() channel.Channel { return &userChannel{p} }}
}

type userChannel struct{ pipeline *Pipeline }

// Join lets in the user himself.
func (c *userChannel) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	if user := channel.Assigns[string](s); user == "" || s.Topic() != topicOf(user) {
		return nil, channel.Refuse(map[string]string{"reason": "unauthorized"})
	}
	return nil, nil
}

// Intercepts makes results go through HandleOut.
func (c *userChannel) Intercepts() []string { return []string{pushEvent} }

// HandleOut pushes a result and says how long it took to get here.
func (c *userChannel) HandleOut(_ context.Context, s *channel.Socket, m *pubsub.Message) error {
	d, ok := m.Payload.(*delivery)
	if !ok {
		return fmt.Errorf("pipeline: a %T on a user's topic", m.Payload)
	}
	if err := s.Push(pushEvent, d.result); err != nil {
		return err
	}
	c.pipeline.cfg.Timing("pipeline.push_delivered", time.Since(d.enqueued))
	return nil
}
