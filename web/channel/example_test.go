package channel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"

	"github.com/gorilla/websocket"
)

// room is a channel: one value for each client in a room.
type room struct{ name string }

// Join lets in every client that has a name.
func (r *room) Join(_ context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	var visitor struct{ Name string }
	if json.Unmarshal(params, &visitor) != nil || visitor.Name == "" {
		return nil, channel.Refuse(map[string]string{"reason": "who are you?"})
	}
	r.name = visitor.Name
	return map[string]string{"welcome": r.name, "to": s.Topic()}, nil
}

// HandleIn knows one event.
func (r *room) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	switch m.Event {
	case "say":
		err := s.Broadcast("said", map[string]any{"by": r.name, "text": m.Payload})
		return channel.OK, err
	default:
		return nil, channel.ErrUnknownEvent
	}
}

func Example() {
	ps := pubsub.New()
	server, err := channel.New(channel.Config{
		PubSub: ps,
		Routes: []channel.Route{
			{Pattern: "room:*", New: func() channel.Channel { return &room{} }},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	mux := http.NewServeMux()
	mux.Handle("/socket/", server)
	web := httptest.NewServer(mux)
	defer web.Close()

	// The frames that a client sends and receives.
	url := "ws" + strings.TrimPrefix(web.URL, "http") + "/socket/websocket?vsn=2.0.0"
	client, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	hear := func() {
		_, frame, _ := client.ReadMessage()
		fmt.Println(string(frame))
	}
	say := func(frame string) { client.WriteMessage(websocket.TextMessage, []byte(frame)) }

	say(`["1","1","room:lobby","phx_join",{"name":"Ann"}]`)
	hear()
	say(`["1","2","room:lobby","say","hello"]`)
	hear()
	hear()
	say(`["1","3","room:lobby","sing",{}]`)
	hear()
	ps.Broadcast("room:lobby", "closing", nil) // whoever has the PubSub can
	hear()
	// Output:
	// ["1","1","room:lobby","phx_reply",{"status":"ok","response":{"to":"room:lobby","welcome":"Ann"}}]
	// [null,null,"room:lobby","said",{"by":"Ann","text":"hello"}]
	// ["1","2","room:lobby","phx_reply",{"status":"ok","response":{}}]
	// ["1","3","room:lobby","phx_reply",{"status":"error","response":{"reason":"unknown event"}}]
	// [null,null,"room:lobby","closing",{}]
}
