package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"sneakers23/app"
	"sneakers23/app/operator"
)

// told is a message of a feed.
type told struct {
	Topic, Event string
	Payload      struct {
		Released bool
		HTML     string `json:"size_html"`
	}
}

// TestFeeds follows a product of a running node in both ways, until the node stops.
func TestFeeds(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = n.Stop(context.WithoutCancel(t.Context()))
		}
	}()
	address := n.URL() + "/feed?topic=product:1"
	socket, _, err := websocket.DefaultDialer.Dial(strings.Replace(address, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	fromStream := func(m *told) error {
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return err
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				return json.Unmarshal([]byte(data), m)
			}
		}
	}
	fromSocket := func(m *told) error { return socket.ReadJSON(m) }
	next := func(event string) {
		t.Helper()
		for name, read := range map[string]func(*told) error{"stream": fromStream, "socket": fromSocket} {
			var m told
			if err := read(&m); err != nil || m.Topic != "product:1" || m.Event != event {
				t.Fatalf("%s: got %+v, %v, want the event %s", name, m, err, event)
			}
			if (m.Payload.HTML != "") != (event == "released") {
				t.Errorf("%s: the sizes are not where they belong: %+v", name, m)
			}
		}
	}
	next("state")
	metrics, err := http.Get(n.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(metrics.Body)
	metrics.Body.Close()
	for _, want := range []string{
		`sneakers23_feed_readers{transport="sse"} 1`, `sneakers23_feed_readers{transport="websocket"} 1`,
		`sneakers23_feed_too_slow_total 0`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Release(t.Context(), operator.ReleaseRequest{Product: "1"}); err != nil {
		t.Fatal(err)
	}
	next("released")
	for query, want := range map[string]int{"": 400, "?topic=cart:1": 403, "?topic=product:99": 404} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL()+"/feed"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/event-stream")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("/feed%s: status %d, want %d", query, response.StatusCode, want)
		}
	}
	stopped = true
	if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := fromStream(new(told)); err != io.EOF {
		t.Errorf("the stream ended with %v, want its end", err)
	}
	var closed *websocket.CloseError
	if err := fromSocket(new(told)); !errors.As(err, &closed) || closed.Code != websocket.CloseServiceRestart {
		t.Errorf("the socket ended with %v, want 1012", err)
	}
}
