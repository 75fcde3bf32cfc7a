package channel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sneakers23/app/waittest"
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

	patience time.Duration // of its clients; 0 outside a bubble
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
	b.base, b.patience = "http://bubble", inBubble
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
	c.patience = b.patience
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

// readAll reads a stream to its end, which must come, and returns how it ended.
func (b *board) readAll(query string) error {
	b.t.Helper()
	patience := b.patience
	if patience == 0 {
		patience = waittest.Limit()
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/feed?"+query, nil)
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
	if ctx.Err() != nil {
		b.t.Error("a stream does not end")
	}
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
