// Package ping answers pings: it tells events apart by their name and by their
// payload, ends itself when asked to, and changes a broadcast on its way out.
package ping

import (
	"context"
	"encoding/json"
	"strings"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// Route leads the topic "ping" to a channel that knows the name of its node.
func Route(node string) channel.Route {
	return channel.Route{Pattern: "ping", New: func() channel.Channel { return &pingChannel{node} }}
}

type pingChannel struct{ node string }

func (c *pingChannel) Join(context.Context, *channel.Socket, json.RawMessage) (any, error) {
	return nil, nil
}

// answer is what a ping gets.
type answer struct {
	Ping string `json:"ping"`
}

// HandleIn answers
//
//	ping                      {"ping":"pong"}
//	ping {"ack_phrase":"hi"}  {"ping":"hi"}
//	ping:hi                   {"ping":"hi"}
//	param_ping                its payload, or an error if that has "error": true
//	pong                      nothing
//	ding                      {"msg":"shutting down"}, and the channel is closed
func (c *pingChannel) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	var params struct {
		AckPhrase string `json:"ack_phrase"`
		Error     bool   `json:"error"`
	}
	json.Unmarshal(m.Payload, &params) // a payload of another form has no params
	switch m.Event {
	case "ping":
		if params.AckPhrase != "" {
			return answer{params.AckPhrase}, nil
		}
		return answer{"pong"}, nil
	case "param_ping":
		if params.Error {
			return nil, channel.Refuse(map[string]string{"reason": "you asked for this"})
		}
		return m.Payload, nil
	case "pong":
		return nil, nil
	case "ding":
		s.Stop()
		return map[string]string{"msg": "shutting down"}, nil
	}
	if phrase, ok := strings.CutPrefix(m.Event, "ping:"); ok {
		return answer{phrase}, nil
	}
	return nil, channel.ErrUnknownEvent
}

// Intercepts makes request_ping go through HandleOut.
func (c *pingChannel) Intercepts() []string { return []string{"request_ping"} }

// HandleOut asks the client for a ping and says which node asks.
func (c *pingChannel) HandleOut(_ context.Context, s *channel.Socket, m *pubsub.Message) error {
	raw, err := json.Marshal(m.Payload)
	if err != nil {
		return err
	}
	request := map[string]any{}
	if err := json.Unmarshal(raw, &request); err != nil {
		return err
	}
	if request == nil { // the payload was null
		request = map[string]any{}
	}
	request["from_node"] = c.node
	return s.Push("send_ping", request)
}
