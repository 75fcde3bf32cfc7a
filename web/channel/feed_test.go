package channel

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

func TestFeedByWebSocket(t *testing.T) {
	b := startFeed(t, feedConfig())
	c := b.dial("topic=news:2&topic=news:1&topic=news:2")
	c.want(state("news:2"), state("news:1"))
	b.pubsub.Broadcast("news:1", "extra", map[string]string{"html": "<b>"})
	b.pubsub.Broadcast("news:3", "extra", nil)
	b.pubsub.Broadcast("news:2", "quiet", nil)
	c.want(`{"topic":"news:1","event":"extra","payload":{"html":"<b>"}}`,
		`{"topic":"news:2","event":"quiet","payload":{}}`)
	if got, want := b.Stats(), (FeedStats{WebSockets: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestFeedByStream(t *testing.T) {
	b := startFeed(t, feedConfig())
	e := b.stream("topic=news:2&topic=news:1")
	e.want(state("news:2"), state("news:1"))
	b.pubsub.Broadcast("news:1", "extra", json.RawMessage("{\n \"html\":\r\n\"<b>\\n\"}"))
	e.want(`{"topic":"news:1","event":"extra","payload":{  "html":  "<b>\n"}}`)
	if got, want := b.Stats(), (FeedStats{Streams: 1}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "Vary": "Accept, Origin",
		"X-Accel-Buffering": "no", "Access-Control-Allow-Origin": "",
	} {
		if got := e.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Over HTTP/2 a stream may be quiet for longer than a write may take.
func TestFeedByHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := feedConfig()
		cfg.WriteTimeout, cfg.Ping = 5*time.Second, 20*time.Second
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		b := startFeedInBubble(t, cfg, &http.Server{Protocols: &protocols})
		b.client.Transport.(*http.Transport).Protocols = &protocols
		e := b.stream("topic=news:1")
		if e.ProtoMajor != 2 {
			t.Fatalf("the client speaks %s", e.Proto)
		}
		e.want(state("news:1"))
		for range 2 {
			if got := e.block(); got != ":\n" {
				t.Fatalf("got %q, want a comment", got)
			}
		}
		b.pubsub.Broadcast("news:1", "extra", nil)
		e.want(`{"topic":"news:1","event":"extra","payload":{}}`)
	})
}

// Events that are broadcast while the state is read follow it, in order.
func TestFeedMissesNothing(t *testing.T) {
	cfg := feedConfig()
	read := cfg.State
	cfg.State = func(ctx context.Context, topic string) (any, error) {
		cfg.PubSub.Broadcast(topic, "first", nil)
		cfg.PubSub.Broadcast(topic, "second", nil)
		return read(ctx, topic)
	}
	b := startFeed(t, cfg)
	want := []string{
		state("news:1"), `{"topic":"news:1","event":"first","payload":{}}`,
		`{"topic":"news:1","event":"second","payload":{}}`,
	}
	b.dial("topic=news:1").want(want...)
	b.stream("topic=news:1").want(want...)
}

// Held events never cost a reader its connection when they are released. The states still fill the
// queue then, and many small events weigh more in it than they are long.
func TestFeedHoldsWhileTheStatesLeave(t *testing.T) {
	const events = 40
	const object = `{"topic":"news:1","event":"noise","payload":"xxxxxxxxxx"}`
	cfg := feedConfig()
	cfg.MaxQueue = events * len("xx"+object)
	large := strings.Repeat("x", 1<<20)
	cfg.State = func(_ context.Context, topic string) (any, error) {
		for range events {
			cfg.PubSub.Broadcast(topic, "noise", "xxxxxxxxxx")
		}
		return large, nil
	}
	b := newBoard(t, cfg)
	site := httptest.NewUnstartedServer(b.Feed)
	site.Listener = smallBuffers{site.Listener}
	site.Start()
	t.Cleanup(func() { b.Close(); site.Close() })
	b.base = site.URL
	c := b.dial("topic=news:1")
	c.want(`{"topic":"news:1","event":"state","payload":"` + large + `"}`)
	for range events {
		c.want(object)
	}
}

// counted counts how often it is encoded.
type counted struct{ times *atomic.Int64 }

func (c counted) MarshalJSON() ([]byte, error) {
	c.times.Add(1)
	return []byte(`"x"`), nil
}

func TestFeedEncodesOnce(t *testing.T) {
	b := startFeed(t, feedConfig())
	const readers = 5
	var sockets [readers]*client
	var streams [readers]*events
	for i := range readers {
		sockets[i], streams[i] = b.dial("topic=news:1"), b.stream("topic=news:1")
		sockets[i].want(state("news:1"))
		streams[i].want(state("news:1"))
	}
	var times atomic.Int64
	b.pubsub.Broadcast("news:1", "extra", counted{&times})
	for i := range readers {
		sockets[i].want(`{"topic":"news:1","event":"extra","payload":"x"}`)
		streams[i].want(`{"topic":"news:1","event":"extra","payload":"x"}`)
	}
	if n := times.Load(); n != 2 {
		t.Errorf("encoded %d times, want once for each kind of reader", n)
	}
}

// A broadcast that cannot be encoded is left out; the readers stay.
func TestFeedLeavesOutWhatCannotBeEncoded(t *testing.T) {
	b := startFeed(t, feedConfig())
	c, e := b.dial("topic=news:1"), b.stream("topic=news:1")
	c.want(state("news:1"))
	e.want(state("news:1"))
	b.pubsub.Broadcast("news:1", "bad", make(chan int))
	b.pubsub.Broadcast("news:1", "good", nil)
	c.want(`{"topic":"news:1","event":"good","payload":{}}`)
	e.want(`{"topic":"news:1","event":"good","payload":{}}`)
}

func TestFeedIgnoresWhatReadersSay(t *testing.T) {
	b := startFeed(t, feedConfig())
	c := b.dial("topic=news:1")
	c.want(state("news:1"))
	c.send(`["1","1","news:1","phx_join",{}]`)
	c.WriteMessage(websocket.BinaryMessage, []byte{0xff})
	b.pubsub.Broadcast("news:1", "extra", nil)
	c.want(`{"topic":"news:1","event":"extra","payload":{}}`)
	c.send("%s", strings.Repeat("x", feedSocketMessage+1))
	c.wantClose(websocket.CloseMessageTooBig)
}

func TestFeedConfigIsChecked(t *testing.T) {
	for name, spoil := range map[string]func(*FeedConfig){
		"no pubsub":     func(c *FeedConfig) { c.PubSub = nil },
		"no state":      func(c *FeedConfig) { c.State = nil },
		"nothing":       func(c *FeedConfig) { c.Public = nil },
		"a bad pattern": func(c *FeedConfig) { c.Public = []string{"a*b"} },
		"a bad origin":  func(c *FeedConfig) { c.Origins = []string{"shop.example"} },
		"less than no":  func(c *FeedConfig) { c.MaxQueue = -1 },
	} {
		cfg := feedConfig()
		spoil(&cfg)
		if _, err := NewFeed(cfg); err == nil || !strings.HasPrefix(err.Error(), "channel: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
