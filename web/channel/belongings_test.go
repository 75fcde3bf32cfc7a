package channel

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/replication/pubsub"
)

// Everything that Join has made is gone when the join is refused.
func TestRefusedJoinKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ps := pubsub.New()
		site := startInBubble(t, Config{PubSub: ps, Timeout: time.Hour, Routes: routeToHost(&host{
			info: func(_ context.Context, _ *Socket, value any) error {
				t.Errorf("HandleInfo got %v", value)
				return nil
			},
			fake: fake{join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
				s.Every(time.Second, "tick")
				s.Send("sent")
				s.Subscribe("weather")
				ps.Broadcast("weather", "rain", nil)
				s.Go(func(ctx context.Context) { <-ctx.Done() })
				if string(params) == `"panic"` {
					panic("on purpose")
				}
				return nil, Refuse("no")
			}},
		})})
		c := site.dial()
		for _, params := range []string{`{}`, `"panic"`} {
			c.send(`["1","1","room:a","phx_join",%s]`, params)
			c.receive()
			if n := goroutines("channel.(*Socket).runTask"); n != 0 {
				t.Errorf("%d tasks go on", n)
			}
			if n := ps.Count("weather"); n != 0 {
				t.Errorf("%d are subscribed", n)
			}
		}
		time.Sleep(time.Minute)
		c.wantNothing()
		c.Close()
	})
}

// Go code that talks to channels which come and go does no harm, and leaves nothing behind. To be
// run with -race.
func TestCrowdOfGoCode(t *testing.T) {
	sockets := make(chan *Socket, 1000)
	site := start(t, Config{MaxInfos: 50, Routes: routeToHost(&host{
		intercepts: []string{"noise"},
		out:        func(_ context.Context, s *Socket, m *pubsub.Message) error { return s.Push(m.Event, m.Payload) },
		info: func(_ context.Context, s *Socket, value any) error {
			if value == "panic" {
				panic("on purpose")
			}
			return nil
		},
		fake: fake{in: echo, join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			s.Every(time.Millisecond, "tick")
			sockets <- s
			return nil, nil
		}},
	})})
	var meddlers, clients sync.WaitGroup
	for range 3 {
		meddlers.Go(func() {
			n := 0
			for s := range sockets {
				for _, meddle := range []func(){
					func() { s.Send("hello") },
					func() { s.Subscribe("weather") },
					func() { s.Forward("weather") },
					func() { s.After(time.Millisecond, "once") },
					func() { s.Go(func(ctx context.Context) { s.Send("from a task"); <-ctx.Done() }) },
					func() { s.Every(time.Microsecond, "often").Stop() },
					func() { site.cfg.PubSub.Broadcast("weather", "rain", nil) },
					func() { s.Broadcast("noise", n) },
					func() { s.Subscribe("weather").Unsubscribe() },
				} {
					meddle()
				}
				switch n++; n % 5 {
				case 0:
					s.Stop()
				case 1:
					s.Send("panic")
				case 2:
					s.Go(func(context.Context) { panic("on purpose") })
				}
			}
		})
	}
	for range 10 {
		clients.Go(func() {
			for range 4 {
				c := site.dial()
				var reading sync.WaitGroup
				reading.Go(func() {
					for {
						if _, _, err := c.ReadMessage(); err != nil {
							return
						}
					}
				})
				for n := range 20 {
					c.send(`["%d","%d","room:%d",%q,{}]`, n, n, n%3, []string{
						"phx_join", "shout", "phx_join", "phx_leave",
					}[n%4])
				}
				c.NetConn().Close()
				reading.Wait()
			}
		})
	}
	clients.Wait()
	site.Close()
	close(sockets)
	meddlers.Wait()
	for _, topic := range []string{"weather", "room:0", "room:1", "room:2"} {
		if n := site.cfg.PubSub.Count(topic); n != 0 {
			t.Errorf("%d are still subscribed to %s", n, topic)
		}
	}
}
