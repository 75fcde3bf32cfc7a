package channel

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/replication/pubsub"

	"github.com/gorilla/websocket"
)

var errNoTopic = errors.New("no such topic")

// board is a feed of two topics, on the loopback or in a bubble.
type board struct {
	*Feed
	t      testing.TB
	pubsub *pubsub.PubSub
	client *http.Client
	dialer websocket.Dialer
	base   string
}

// feedConfig is a feed of news:1 and news:2, whose state is their name.
func feedConfig() FeedConfig {
	return FeedConfig{
		PubSub: pubsub.New(),
		Public: []string{"news:*", "weather"},
		State: func(_ context.Context, topic string) (any, error) {
			if topic == "news:1" || topic == "news:2" {
				return map[string]string{"name": topic}, nil
			}
			return nil, errNoTopic
		},
		ErrorStatus: func(err error) int {
			if err == errNoTopic {
				return http.StatusNotFound
			}
			return http.StatusInternalServerError
		},
	}
}

func newBoard(t testing.TB, cfg FeedConfig) *board {
	t.Helper()
	feed, err := NewFeed(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &board{Feed: feed, t: t, pubsub: cfg.PubSub}
}

// startFeed serves cfg on the loopback until the test ends.
func startFeed(t testing.TB, cfg FeedConfig) *board {
	t.Helper()
	b := newBoard(t, cfg)
	site := httptest.NewServer(b.Feed)
	b.client, b.base = site.Client(), site.URL
	t.Cleanup(func() {
		b.Close()
		site.Close()
	})
	return b
}

// startFeedInBubble serves cfg on pipes. It must be called within synctest.Test.
func startFeedInBubble(t *testing.T, cfg FeedConfig, limits *http.Server) *board {
	t.Helper()
	b := newBoard(t, cfg)
	site := &pipes{make(chan net.Conn), make(chan struct{})}
	limits.Handler = b.Feed
	go limits.Serve(site)
	dial := func() (net.Conn, error) {
		ours, theirs := net.Pipe()
		site.conns <- theirs
		return ours, nil
	}
	b.base = "http://bubble"
	b.client = &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() },
	}}
	b.dialer.NetDial = func(string, string) (net.Conn, error) { return dial() }
	t.Cleanup(func() {
		b.Close()
		limits.Close()
		b.client.CloseIdleConnections()
	})
	return b
}

// dial opens a WebSocket.
func (b *board) dial(query string) *client {
	b.t.Helper()
	conn, _, err := b.dialer.Dial("ws"+strings.TrimPrefix(b.base, "http")+"/feed?"+query, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	c := newClient(b.t, conn)
	c.patience = time.Hour
	return c
}

// events is a stream of server-sent events.
type events struct {
	t testing.TB
	*http.Response
	lines *bufio.Reader
	leave context.CancelFunc
}

// get asks for a feed. The headers are name, value, name, value.
func (b *board) get(method, query string, headers ...string) *events {
	b.t.Helper()
	ctx, leave := context.WithCancel(b.t.Context())
	request, err := http.NewRequestWithContext(ctx, method, b.base+"/feed?"+query, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		leave()
		response.Body.Close()
	})
	return &events{b.t, response, bufio.NewReader(response.Body), leave}
}

// stream opens a stream and reads its first block.
func (b *board) stream(query string) *events {
	b.t.Helper()
	e := b.get(http.MethodGet, query, "Accept", "text/event-stream")
	if e.StatusCode != http.StatusOK {
		b.t.Fatalf("status %d", e.StatusCode)
	}
	if hint := e.block(); !strings.HasPrefix(hint, "retry: ") {
		b.t.Fatalf("the stream begins with %q", hint)
	}
	return e
}

// readAll reads a stream to its end, and returns how it ended.
func (b *board) readAll(query string) error {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodGet, b.base+"/feed?"+query, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := b.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// block reads up to an empty line.
func (e *events) block() string {
	e.t.Helper()
	block, err := e.tryBlock()
	if err != nil {
		e.t.Fatal(err)
	}
	return block
}

func (e *events) tryBlock() (block string, err error) {
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return block, err
		}
		if line == "\n" {
			return block, nil
		}
		block += line
	}
}

// want expects the next blocks to be these objects.
func (e *events) want(objects ...string) {
	e.t.Helper()
	for _, object := range objects {
		if got := e.block(); got != "data: "+object+"\n" {
			e.t.Fatalf("got  %swant data: %s", got, object)
		}
	}
}

func (e *events) body() string {
	e.t.Helper()
	b, err := io.ReadAll(e.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return string(b)
}

func state(topic string) string {
	return fmt.Sprintf(`{"topic":%q,"event":"state","payload":{"name":%q}}`, topic, topic)
}

func TestFeedByWebSocket(t *testing.T) {
	b := startFeed(t, feedConfig())
	c := b.dial("topic=news:2&topic=news:1&topic=news:2")
	c.want(state("news:2"), state("news:1"))
	b.pubsub.Broadcast("news:1", "extra", map[string]string{"html": "<b>"})
	b.pubsub.Broadcast("news:3", "extra", nil)
	b.pubsub.Broadcast("news:2", "quiet", nil)
	c.want(`{"topic":"news:1","event":"extra","payload":{"html":"<b>"}}`, `{"topic":"news:2","event":"quiet","payload":{}}`)
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

func TestFeedRefuses(t *testing.T) {
	const sse = "text/event-stream"
	cfg := feedConfig()
	cfg.Public = append(cfg.Public, "broken", "later", "picky")
	known := cfg.State
	cfg.State = func(ctx context.Context, topic string) (any, error) {
		switch topic {
		case "broken":
			return nil, errors.New("secret details")
		case "later":
			return nil, &ConnectError{http.StatusServiceUnavailable, "come back later"}
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
		{"GET", "topic=news:1", "", 406, "connect by WebSocket, or send Accept: text/event-stream"},
		{"GET", "topic=news:1", "text/html, text/event-stream;q=0", 406, "connect by WebSocket"},
		{"GET", "topic=news:9", "", 404, "there is no topic"},
		{"POST", "topic=news:1", sse, 405, "read with GET"},
		{"HEAD", "topic=cart:abc", sse, 403, ""},
		{"HEAD", "topic=news:9", sse, 404, ""},
	} {
		e := b.get(test.method, test.query, "Accept", test.accept)
		body := e.body()
		if e.StatusCode != test.status || !strings.Contains(body, test.words) && !strings.Contains(body, "error") {
			t.Errorf("%s %s, accepting %q: %d %q, want %d %q", test.method, test.query, test.accept, e.StatusCode, body, test.status, test.words)
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
	if got, want := e.body(), `{"error":"the topic \"cart:abc\" is not public: a feed has news:*, weather, broken, later, picky","status":403}`+"\n"; got != want {
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
		conn, response, err := b.dialer.Dial("ws"+strings.TrimPrefix(b.base, "http")+"/feed?topic=news:1", http.Header{"Origin": {origin}})
		if err == nil {
			conn.Close()
		}
		if got := response.StatusCode; want == 403 && got != 403 || want == 200 && got != 101 {
			t.Errorf("WebSocket from %s: %d", origin, got)
		}
	}
}

// What is broadcast while the state is read follows it, in order.
func TestFeedMissesNothing(t *testing.T) {
	cfg := feedConfig()
	read := cfg.State
	cfg.State = func(ctx context.Context, topic string) (any, error) {
		cfg.PubSub.Broadcast(topic, "first", nil)
		cfg.PubSub.Broadcast(topic, "second", nil)
		return read(ctx, topic)
	}
	b := startFeed(t, cfg)
	want := []string{state("news:1"), `{"topic":"news:1","event":"first","payload":{}}`, `{"topic":"news:1","event":"second","payload":{}}`}
	b.dial("topic=news:1").want(want...)
	b.stream("topic=news:1").want(want...)
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
