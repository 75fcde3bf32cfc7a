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
	// This client listens for a reply only after it has sent the push, and loses one
	// that is there before. So no callback returns before we have seen it listen.
	listening := make(chan struct{}, 1)
	defer close(listening)
	check := func(what string, push *phx.Push, err error, status string, want any) {
		t.Helper()
		answers := answersTo(t, what, push, err)
		listening <- struct{}{}
		if got := next(t, what, answers).(answer); got.status != status || want != nil && !reflect.DeepEqual(got.response, want) {
			t.Errorf("%s: got %v, want %s %v", what, got, status, want)
		}
	}
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		Routes: routeTo(&fake{
			join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
				<-listening
				if s.Topic() == "room:private" {
					return nil, Refuse(map[string]string{"reason": "unauthorized"})
				}
				return map[string]any{"user": s.Assigns(), "params": params}, nil
			},
			in: func(ctx context.Context, s *Socket, m Message) (any, error) {
				<-listening
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
	check("join", join, err, "ok", map[string]any{"user": "ann", "params": map[string]any{"page": "/"}})
	push, err := room.Push("echo", map[string]any{"n": 1.0})
	check("push", push, err, "ok", map[string]any{"n": 1.0})
	push, err = room.Push("refuse", nil)
	check("refused push", push, err, "error", map[string]any{"error": "duplicate_item"})
	push, err = room.Push("nobody knows it", nil)
	check("unknown event", push, err, "error", map[string]any{"reason": "unknown event"})

	room.Push("push", map[string]any{"n": 2.0})
	listening <- struct{}{}
	if got := next(t, "a push", events["pushed"]); !reflect.DeepEqual(got, map[string]any{"n": 2.0}) {
		t.Errorf("pushed %v", got)
	}
	site.cfg.PubSub.Broadcast("room:lobby", "shouted", map[string]int{"n": 3})
	if got := next(t, "a broadcast", events["shouted"]); !reflect.DeepEqual(got, map[string]any{"n": 3.0}) {
		t.Errorf("shouted %v", got)
	}

	join, err = private.Join()
	check("forbidden join", join, err, "error", map[string]any{"reason": "unauthorized"})

	room.Push("quiet", nil) // the leave has to wait behind it
	leave, err := room.Leave()
	check("leave", leave, err, "ok", nil)
	next(t, "the close", closed)
	disconnected := make(chan any, 1)
	socket.OnClose(func() { disconnected <- true })
	if err := socket.Disconnect(); err != nil {
		t.Fatal(err)
	}
	next(t, "the end", disconnected)
}

// answer is how a push was answered.
type answer struct {
	status   string
	response any
}

// answersTo returns where the answer to a push will be.
func answersTo(t *testing.T, what string, push *phx.Push, err error) chan any {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	answers := make(chan any, 3)
	for _, s := range []string{"ok", "error", "timeout"} {
		push.Receive(s, func(response any) { answers <- answer{s, response} })
	}
	return answers
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
