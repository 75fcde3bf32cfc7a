package ping_test

import (
	"testing"

	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/ping"
)

type object = map[string]any

var config = channel.Config{Routes: []channel.Route{ping.Route("node1@here")}}

func TestPatterns(t *testing.T) {
	c := channeltest.Join(t, config, "ping", nil)
	for _, test := range []struct {
		event   string
		payload any
		want    any
	}{
		{"ping", nil, object{"ping": "pong"}},
		{"ping", "no object", object{"ping": "pong"}},
		{"ping", object{"ack_phrase": "hi"}, object{"ping": "hi"}},
		{"ping:ho", object{"ack_phrase": "hi"}, object{"ping": "ho"}},
		{"param_ping", object{"error": false, "n": 1}, object{"error": false, "n": 1}},
	} {
		c.Push(test.event, test.payload).AssertOK(test.want)
	}
	c.Push("param_ping", object{"error": true}).AssertError(object{"reason": "you asked for this"})
	c.Push("pong", nil).Refute()
	c.Push("pang", nil).AssertError(object{"reason": "unknown event"})
}

func TestDingStopsWithAReply(t *testing.T) {
	c := channeltest.Join(t, config, "ping", nil)
	c.Push("ding", nil).AssertOK(object{"msg": "shutting down"})
	c.AssertClosed()
	c.Push("ping", nil).AssertError(object{"reason": "unmatched topic"})
}

func TestRequestPing(t *testing.T) {
	server := channeltest.Start(t, config)
	c := server.Connect(nil).Join("ping", nil)
	for _, test := range []struct{ payload, want any }{
		{nil, object{"from_node": "node1@here"}},
		{object{"why": "test"}, object{"why": "test", "from_node": "node1@here"}},
		{[]byte("null"), nil},
	} {
		server.PubSub.Broadcast("ping", "request_ping", test.payload)
		if test.want == nil {
			c.RefutePush("send_ping") // no object: an error is logged
		} else {
			c.AssertPush("send_ping", test.want)
		}
		c.RefutePush("request_ping")
	}
	server.PubSub.Broadcast("ping", "other", nil)
	c.AssertPush("other", nil)
}
