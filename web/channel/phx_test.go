package channel

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"sneakers23/web/channel/conformance/phxtest"
)

// A client that we did not write connects, joins, pushes, hears, and leaves.
func TestThirdPartyClient(t *testing.T) {
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		Routes: routeTo(&fake{
			join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
				if s.Topic() == "room:private" {
					return nil, Refuse(map[string]string{"reason": "unauthorized"})
				}
				return map[string]any{"user": s.Assigns(), "params": params}, nil
			},
			in: echo,
		}),
	})
	client := phxtest.Start(t)
	client.Connect("ws"+strings.TrimPrefix(site.http.URL, "http")+"/socket?user=ann",
		phxtest.Channel{
			Topic: "room:lobby", Params: map[string]string{"page": "/"}, Events: []string{"pushed", "shouted"},
		},
		phxtest.Channel{Topic: "room:private"})

	check := func(what string, got phxtest.Reply, status string, want any) {
		t.Helper()
		if got.Status != status || want != nil && !reflect.DeepEqual(got.Response, want) {
			t.Errorf("%s: got %v, want %s %v", what, got, status, want)
		}
	}
	check("join", client.Join("room:lobby"), "ok", map[string]any{"user": "ann", "params": map[string]any{"page": "/"}})
	check("push", client.Push("room:lobby", "echo", map[string]any{"n": 1}), "ok", map[string]any{"n": 1.0})
	check("refused push", client.Push("room:lobby", "refuse", nil), "error", map[string]any{"error": "duplicate_item"})
	check("unknown event", client.Push("room:lobby", "nobody knows it", nil), "error", map[string]any{
		"reason": "unknown event",
	})

	client.Send("room:lobby", "push", map[string]any{"n": 2})
	if got := client.Event("room:lobby", "pushed"); !reflect.DeepEqual(got, map[string]any{"n": 2.0}) {
		t.Errorf("pushed %v", got)
	}
	site.cfg.PubSub.Broadcast("room:lobby", "shouted", map[string]int{"n": 3})
	if got := client.Event("room:lobby", "shouted"); !reflect.DeepEqual(got, map[string]any{"n": 3.0}) {
		t.Errorf("shouted %v", got)
	}

	check("forbidden join", client.Join("room:private"), "error", map[string]any{"reason": "unauthorized"})

	client.Send("room:lobby", "quiet", nil) // the leave has to wait behind it
	check("leave", client.Leave("room:lobby"), "ok", nil)
	client.Closed("room:lobby")
	client.Disconnect()
}
