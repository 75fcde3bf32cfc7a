package wildcard_test

import (
	"testing"

	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/wildcard"
)

func TestWildcard(t *testing.T) {
	socket := channeltest.Start(t, channel.Config{Routes: []channel.Route{wildcard.Route()}}).Connect(nil)
	for _, topic := range []string{"wild:1:2", "wild:20:40", "wild:0:0", "wild:-3:-6"} {
		socket.Join(topic, nil).Push("ping", nil).AssertOK(map[string]string{"ping": "pong"})
	}
	for _, topic := range []string{
		"wild:2:1", "wild:1:3", "wild:1", "wild:", "wild::", "wild:a:b", "wild:1:2:4", "wild:1.5:3",
		"wild:-4611686018427387905:9223372036854775806", // twice the first, if numbers had no end
		"wild:9223372036854775808:0",
	} {
		socket.AssertRefused(topic, nil, map[string]string{"reason": "want wild:A:B with B twice A"})
	}
}
