package channel

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nshafer/phx"
)

// A client that we did not write connects, joins, pushes, hears, and leaves.
func TestThirdPartyClient(t *testing.T) {
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		Routes: routeTo(&fake{
			join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
				unhurried()
				if s.Topic() == "room:private" {
					return nil, Refuse(map[string]string{"reason": "unauthorized"})
				}
				return map[string]any{"user": s.Assigns(), "params": params}, nil
			},
			in: func(ctx context.Context, s *Socket, m Message) (any, error) {
				unhurried()
				return echo(ctx, s, m)
			},
		}),
	})
	endpoint, _ := url.Parse("ws" + strings.TrimPrefix(site.http.URL, "http") + "/socket?user=ann")
	socket := phx.NewSocket(endpoint)
	// The client's list of channels has no lock: they are made before it connects.
	room := socket.Channel("room:lobby", map[string]string{"page": "/"})
	private := socket.Channel("room:private", nil)
	opened := make(chan any, 1)
	socket.OnOpen(func() { opened <- true })
	if err := socket.Connect(); err != nil {
		t.Fatal(err)
	}
	next(t, "connect", opened)

	events := make(map[string]chan any)
	for _, event := range []string{"pushed", "shouted"} {
		events[event] = make(chan any, 10)
		room.On(event, func(payload any) { events[event] <- payload })
	}
	closed := make(chan any, 1)
	room.OnClose(func(payload any) { closed <- payload })

	join, err := room.Join()
	check(t, "join", join, err, "ok", map[string]any{"user": "ann", "params": map[string]any{"page": "/"}})
	push, err := room.Push("echo", map[string]any{"n": 1.0})
	check(t, "push", push, err, "ok", map[string]any{"n": 1.0})
	push, err = room.Push("refuse", nil)
	check(t, "refused push", push, err, "error", map[string]any{"error": "duplicate_item"})
	push, err = room.Push("nobody knows it", nil)
	check(t, "unknown event", push, err, "error", map[string]any{"reason": "unknown event"})

	room.Push("push", map[string]any{"n": 2.0})
	if got := next(t, "a push", events["pushed"]); !reflect.DeepEqual(got, map[string]any{"n": 2.0}) {
		t.Errorf("pushed %v", got)
	}
	site.cfg.PubSub.Broadcast("room:lobby", "shouted", map[string]int{"n": 3})
	if got := next(t, "a broadcast", events["shouted"]); !reflect.DeepEqual(got, map[string]any{"n": 3.0}) {
		t.Errorf("shouted %v", got)
	}

	join, err = private.Join()
	check(t, "forbidden join", join, err, "error", map[string]any{"reason": "unauthorized"})

	room.Push("quiet", nil) // the leave has to wait behind it: see unhurried
	leave, err := room.Leave()
	check(t, "leave", leave, err, "ok", nil)
	next(t, "the close", closed)
	disconnected := make(chan any, 1)
	socket.OnClose(func() { disconnected <- true })
	if err := socket.Disconnect(); err != nil {
		t.Fatal(err)
	}
	next(t, "the end", disconnected)
}

// unhurried slows the server down: this client listens for a reply only after it has
// sent the push, and loses one that is there before.
func unhurried() { <-time.After(20 * time.Millisecond) }

// check waits for the answer to a push.
func check(t *testing.T, what string, push *phx.Push, err error, status string, want any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	type answer struct {
		status   string
		response any
	}
	answers := make(chan any, 3)
	for _, s := range []string{"ok", "error", "timeout"} {
		push.Receive(s, func(response any) { answers <- answer{s, response} })
	}
	got := next(t, what, answers).(answer)
	if got.status != status || want != nil && !reflect.DeepEqual(got.response, want) {
		t.Errorf("%s: got %v, want %s %v", what, got, status, want)
	}
}

func next(t *testing.T, what string, c chan any) any {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatalf("waited in vain for %s", what)
		return nil
	}
}
