package channel

import (
	"context"
	"encoding/base64"
	"sync"
	"testing"

	"sneakers23/replication/pubsub"

	"github.com/gorilla/websocket"
)

// way carries messages to one other registry, at once.
type way struct {
	t  *testing.T
	to *pubsub.PubSub
	mu sync.Mutex // one at a time
}

func (w *way) Send(data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.to.Receive(data); err != nil {
		w.t.Error(err)
	}
	return nil
}

// linkedSites are two nodes whose topics are linked.
func linkedSites(t *testing.T, cfg Config) (a, b *site) {
	t.Helper()
	topics := [2]*pubsub.PubSub{pubsub.New(), pubsub.New()}
	var sites [2]*site
	for i := range topics {
		topics[i].Link(pubsub.Link{Carrier: &way{t: t, to: topics[1-i]}, Codecs: []pubsub.Codec{BinaryPayloads}})
		cfg.PubSub = topics[i]
		sites[i] = start(t, cfg)
	}
	return sites[0], sites[1]
}

// TestBroadcastReachesOtherNodes has clients of both transports at two nodes.
func TestBroadcastReachesOtherNodes(t *testing.T) {
	a, b := linkedSites(t, Config{Routes: routeTo(&fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
		if m.Event == "all" {
			return OK, s.Broadcast("shouted", map[string]int{"n": 1})
		}
		return OK, s.BroadcastFrom("shouted", Binary{0, 255})
	}})})
	speaker, here, there, poller := a.dial(), a.dial(), b.dial(), b.poller(t, "2.0.0")
	for _, c := range []*client{speaker, here, there} {
		c.join("room:1")
	}
	poller.join("room:1")

	speaker.send(`["1","2","room:1","all",{}]`)
	const shouted = `[null,null,"room:1","shouted",{"n":1}]`
	const ok = `["1","2","room:1","phx_reply",{"status":"ok","response":{}}]`
	speaker.want(shouted, ok)
	here.want(shouted)
	there.want(shouted)
	poller.want(shouted)

	speaker.send(`["1","2","room:1","others",{}]`)
	speaker.want(ok)
	speaker.wantNothing()
	binary := "\x02\x06\x07room:1shouted\x00\xff"
	here.want(binary)
	there.want(binary)
	poller.want(base64.StdEncoding.EncodeToString([]byte(binary)))

	b.cfg.PubSub.LocalBroadcast("room:1", "local", nil)
	there.want(`[null,null,"room:1","local",{}]`)
	here.wantNothing()
}

// TestDisconnectReachesOtherNodes says it at the node that does not have the sockets.
func TestDisconnectReachesOtherNodes(t *testing.T) {
	a, b := linkedSites(t, Config{ID: func(any) string { return "users:ann" }, Routes: routeTo(&fake{})})
	ws, poller := b.dial(), b.poller(t, "2.0.0")
	ws.join("room:1")
	poller.join("room:1")
	a.cfg.PubSub.Broadcast("users:ann", "disconnect", nil)
	ws.wantClose(websocket.CloseGoingAway)
	poller.wantStatus("application/json", `[null,"1","phoenix","heartbeat",{}]`, 410)
}
