package channel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"

	"github.com/gorilla/websocket"
)

// talk joins a topic of a server with one route, sends events with the refs from 2 on,
// and prints the next frames that come back.
func talk(route channel.Route, topic string, hear int, events ...string) {
	server, err := channel.New(channel.Config{Routes: []channel.Route{route}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/socket/websocket?vsn=2.0.0"
	client, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	for i, event := range append([]string{"phx_join"}, events...) {
		client.WriteJSON([]any{"1", fmt.Sprint(i + 1), topic, event, struct{}{}})
	}
	for range hear + 1 {
		_, frame, _ := client.ReadMessage()
		fmt.Println(string(frame))
	}
}

// search answers when it has found something, and meanwhile takes other events.
type search struct{ found chan string }

func (c *search) Join(context.Context, *channel.Socket, json.RawMessage) (any, error) {
	return nil, nil
}

func (c *search) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	if m.Event != "search" {
		c.found <- m.Event
		return nil, nil
	}
	return nil, s.Go(func(ctx context.Context) {
		select {
		case answer := <-c.found:
			m.Ref.Reply(answer)
		case <-ctx.Done(): // the client is gone
		}
	})
}

func ExampleSocket_Go() {
	found := make(chan string)
	talk(channel.Route{Pattern: "search", New: func() channel.Channel { return &search{found} }},
		"search", 1, "search", "sneakers")
	// Output:
	// ["1","1","search","phx_reply",{"status":"ok","response":{}}]
	// ["1","2","search","phx_reply",{"status":"ok","response":"sneakers"}]
}

// clock tells the time three times, and ends.
type clock struct {
	ticks int
	timer *channel.Timer
}

func (c *clock) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	c.timer = s.Every(time.Millisecond, "tick")
	return nil, nil
}

func (c *clock) HandleInfo(_ context.Context, s *channel.Socket, value any) error {
	c.ticks++
	if c.ticks == 3 {
		s.Stop()
	}
	return s.Push("time", c.ticks)
}

func ExampleSocket_Every() {
	talk(channel.Route{Pattern: "clock", New: func() channel.Channel { return &clock{} }}, "clock", 4)
	// Output:
	// ["1","1","clock","phx_reply",{"status":"ok","response":{}}]
	// ["1",null,"clock","time",1]
	// ["1",null,"clock","time",2]
	// ["1",null,"clock","time",3]
	// ["1","1","clock","phx_close",{}]
}

// prices are the same for all, but each client sees those it may.
type prices struct{ member bool }

func (c *prices) Join(context.Context, *channel.Socket, json.RawMessage) (any, error) {
	return nil, nil
}

func (c *prices) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	c.member = m.Event == "sign_in"
	return nil, s.Broadcast("price", map[string]int{"all": 100, "members": 80})
}

func (c *prices) Intercepts() []string { return []string{"price"} }

func (c *prices) HandleOut(_ context.Context, s *channel.Socket, m *pubsub.Message) error {
	var price struct{ All, Members int }
	if err := json.Unmarshal(m.Payload.(json.RawMessage), &price); err != nil {
		return err
	}
	if c.member {
		return s.Push("price", price.Members)
	}
	return s.Push("price", price.All)
}

func ExampleOutHandler() {
	route := channel.Route{Pattern: "prices", New: func() channel.Channel { return &prices{} }}
	talk(route, "prices", 1, "look")
	talk(route, "prices", 1, "sign_in")
	// Output:
	// ["1","1","prices","phx_reply",{"status":"ok","response":{}}]
	// ["1",null,"prices","price",100]
	// ["1","1","prices","phx_reply",{"status":"ok","response":{}}]
	// ["1",null,"prices","price",80]
}
