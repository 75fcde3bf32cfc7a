package channel

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestFeedRefuses(t *testing.T) {
	const sse = "text/event-stream"
	cfg := feedConfig()
	cfg.Public = append(cfg.Public, "broken", "later", "picky", "odd")
	known := cfg.State
	cfg.State = func(ctx context.Context, topic string) (any, error) {
		switch topic {
		case "broken":
			return nil, errors.New("secret details")
		case "later":
			return nil, &ConnectError{http.StatusServiceUnavailable, "come back later"}
		case "odd":
			return nil, &ConnectError{http.StatusOK, "come in"}
		case "picky":
			return make(chan int), nil
		}
		return known(ctx, topic)
	}
	cfg.MaxTopics = 3
	b := startFeed(t, cfg)
	for _, test := range []struct {
		method, query, accept string
		status                int
		words                 string
	}{
		{"GET", "", sse, 400, "say what to follow"},
		{"GET", "topic=", sse, 400, "say what to follow"},
		{"GET", "topic=%zz", sse, 400, "malformed"},
		{"GET", "topic=news:1;topic=news:2", sse, 400, "malformed"},
		{"GET", "topic=news:1&topic=news:2&topic=news:3&topic=news:4", sse, 400, "3 topics at most"},
		{"GET", "topic=news:1&topic=cart:abc", sse, 403, `"cart:abc" is not public: a feed has news:*, weather`},
		{"GET", "topic=cart:abc", "", 403, "not public"},
		{"GET", "topic=news", sse, 403, "not public"},
		{"GET", "topic=weather:1", sse, 403, "not public"},
		{"GET", "topic=news:1&topic=news:9", sse, 404, `there is no topic "news:9"`},
		{"GET", "topic=weather", sse, 404, `there is no topic "weather"`},
		{"GET", "topic=broken", sse, 500, "that went wrong"},
		{"GET", "topic=picky", sse, 500, "that went wrong"},
		{"GET", "topic=later", sse, 503, "come back later"},
		{"GET", "topic=odd", sse, 403, "come in"},
		{"GET", "topic=news:1", "", 406, "connect by WebSocket, or send Accept: text/event-stream"},
		{"GET", "topic=news:1", "text/html, text/event-stream;q=0", 406, "connect by WebSocket"},
		{"GET", "topic=broken", "text/html", 406, "connect by WebSocket"}, // and State is not asked
		{"POST", "topic=news:1", sse, 405, "read with GET"},
		{"HEAD", "topic=cart:abc", sse, 403, ""},
		{"HEAD", "topic=news:9", sse, 404, ""},
	} {
		e := b.get(test.method, test.query, "Accept", test.accept)
		body := e.body()
		if e.StatusCode != test.status || !strings.Contains(body, test.words) {
			t.Errorf("%s %s, accepting %q: %d %q, want %d %q", test.method, test.query, test.accept, e.StatusCode, body,
				test.status, test.words)
		}
		if strings.Contains(body, "secret") || e.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: cached, or telling too much: %v %q", test.query, e.Header, body)
		}
	}
	for query, want := range map[string]int{"": 400, "topic=cart:abc": 403, "topic=news:9": 404, "topic=later": 503} {
		_, response, err := b.dialer.Dial("ws"+strings.TrimPrefix(b.base, "http")+"/feed?"+query, nil)
		if err == nil || response == nil || response.StatusCode != want {
			t.Errorf("WebSocket with %q: %v, want %d", query, response, want)
		}
	}
	for _, topic := range []string{"news:1", "news:9", "broken", "later"} {
		if n := b.pubsub.Count(topic); n != 0 {
			t.Errorf("%d are subscribed to %s", n, topic)
		}
	}
	e := b.get(http.MethodGet, "topic=cart:abc", "Accept", "application/json")
	if got, want := e.body(), `{"error":"the topic \"cart:abc\" is not public: a feed has news:*, weather, broken, later, picky, odd","status":403}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFeedHead(t *testing.T) {
	b := startFeed(t, feedConfig())
	e := b.get(http.MethodHead, "topic=news:1", "Accept", "text/event-stream")
	if e.StatusCode != http.StatusOK || e.Header.Get("Content-Type") != "text/event-stream" || e.body() != "" {
		t.Errorf("status %d, headers %v", e.StatusCode, e.Header)
	}
	if n := b.pubsub.Count("news:1"); n != 0 {
		t.Errorf("%d are subscribed", n)
	}
}

func TestFeedOrigins(t *testing.T) {
	cfg := feedConfig()
	cfg.Origins = []string{"https://shop.example"}
	b := startFeed(t, cfg)
	for origin, want := range map[string]int{
		"https://shop.example": 200,
		b.base:                 200,
		"http://shop.example":  403,
		"https://evil.example": 403,
		"null":                 403,
	} {
		e := b.get(http.MethodHead, "topic=news:1", "Accept", "text/event-stream", "Origin", origin)
		allowed := map[int]string{200: origin}[want]
		if got := e.Header.Get("Access-Control-Allow-Origin"); e.StatusCode != want || got != allowed {
			t.Errorf("origin %s: %d, allowed %q, want %d, %q", origin, e.StatusCode, got, want, allowed)
		}
		conn, response, err := b.dialer.Dial("ws"+strings.TrimPrefix(b.base, "http")+"/feed?topic=news:1",
			http.Header{"Origin": {origin}})
		if err == nil {
			conn.Close()
		}
		if got := response.StatusCode; want == 403 && got != 403 || want == 200 && got != 101 {
			t.Errorf("WebSocket from %s: %d", origin, got)
		}
	}
}
