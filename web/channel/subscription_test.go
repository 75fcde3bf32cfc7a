package channel

import (
	"context"
	"fmt"
	"testing"

	"sneakers23/replication/pubsub"
)

func TestSubscribe(t *testing.T) {
	ps := pubsub.New()
	sockets := make(caught, 1)
	site := start(t, Config{PubSub: ps, Routes: routeToHost(&host{
		fake: fake{in: echo, join: sockets.join},
		info: func(_ context.Context, s *Socket, value any) error {
			m := value.(*pubsub.Message)
			return s.Push("heard", []any{m.Topic, m.Event, m.Payload})
		},
	})})
	c := site.dial()
	c.join("room:a")
	s := <-sockets
	weather := s.Subscribe("weather")
	news := s.Forward("news")
	ps.Broadcast("weather", "rain", map[string]int{"mm": 7})
	c.want(`["1",null,"room:a","heard",["weather","rain",{"mm":7}]]`)
	ps.Broadcast("news", "headline", "hello")
	c.want(`["1",null,"room:a","headline","hello"]`)
	ps.Broadcast("news", "headline", brokenPayload{})

	weather.Unsubscribe()
	weather.Unsubscribe()
	news.Unsubscribe()
	for topic, n := range map[string]int{"weather": ps.Count("weather"), "news": ps.Count("news")} {
		if n != 0 {
			t.Errorf("%d are subscribed to %s", n, topic)
		}
	}
	if n := len(s.own.subs); n != 0 {
		t.Errorf("%d subscriptions are kept", n)
	}
	s.Subscribe("weather")
	s.Forward("news")
	c.send(`["1","2","room:a","phx_leave",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`)
	weather.Unsubscribe()
	s.Subscribe("weather").Unsubscribe() // too late
	s.Forward("news")
	c.Close()
	site.Close()
	for topic, n := range map[string]int{"weather": ps.Count("weather"), "news": ps.Count("news")} {
		if n != 0 {
			t.Errorf("at the end %d are subscribed to %s", n, topic)
		}
	}
}

// Once a callback has unsubscribed, nothing of the topic comes, not even what waits.
func TestUnsubscribeInACallback(t *testing.T) {
	ps := pubsub.New()
	var sub *Subscription
	site := start(t, Config{PubSub: ps, Routes: routeToHost(&host{
		info: func(_ context.Context, s *Socket, value any) error {
			return s.Push("heard", value.(*pubsub.Message).Payload)
		},
		fake: fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
			sub = s.Subscribe("weather")
			for i := range 3 {
				ps.Broadcast("weather", "rain", i)
			}
			if m.Event == "unsubscribe" {
				sub.Unsubscribe()
			}
			return OK, nil
		}},
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","unsubscribe",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
	c.send(`["1","3","room:a","subscribe",{}]`)
	c.want(`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`)
	for i := range 3 {
		c.want(fmt.Sprintf(`["1",null,"room:a","heard",%d]`, i))
	}
	c.wantNothing()
}

// A broadcast that had begun before Unsubscribe may come late. It says nothing.
func TestSubscriptionIsQuietAfterItsEnd(t *testing.T) {
	sockets := make(caught, 1)
	site := start(t, Config{Routes: routeToHost(&host{fake: fake{in: echo, join: sockets.join}, info: pushInfo})})
	c := site.dial()
	c.join("room:a")
	s := <-sockets
	for _, sub := range []*Subscription{s.Subscribe("weather"), s.Forward("weather")} {
		sub.Unsubscribe()
		(*listener)(sub).Deliver(&pubsub.Message{Topic: "weather", Event: "rain"})
	}
	c.wantNothing()
	c.send(`["1","2","room:a","done",{}]`) // behind what the mailbox had
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
}

func TestHearingTooMuch(t *testing.T) {
	ps := pubsub.New()
	block, open := gate()
	defer open()
	sockets, reasons := make(caught, 2), make(chan error, 2)
	site := start(t, Config{PubSub: ps, MaxInfos: 3, Routes: routeToHost(&host{
		info: func(context.Context, *Socket, any) error { <-block; return nil },
		fake: fake{
			join: sockets.join, terminate: func(_ context.Context, _ *Socket, reason error) { reasons <- reason },
		},
	})})
	c := site.dial()
	c.join("room:a")
	(<-sockets).Subscribe("weather")
	for i := range 6 {
		ps.Broadcast("weather", "rain", i)
	}
	c.want(`["1","1","room:a","phx_error",{"reason":"too busy"}]`)
	if n := ps.Count("weather"); n != 0 {
		t.Errorf("%d are still subscribed", n)
	}
	open()
	if reason := <-reasons; reason != ErrFellBehind {
		t.Errorf("terminated with %v, want %v", reason, ErrFellBehind)
	}
	c.join("room:a")
}
