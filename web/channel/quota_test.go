package channel

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
	"sneakers23/web/quota"
)

// named is the client that a request says it is.
func named(r *http.Request) netip.Prefix { return quota.Parse(r.Header.Get("Client")) }

// as are the headers of a client.
func as(client string) http.Header { return http.Header{"Client": {client}} }

const ann, bob = "192.0.2.1", "192.0.2.2"

func TestSocketsPerClient(t *testing.T) {
	refuse := false
	site := start(t, Config{
		Client: named, Sockets: quota.New(2), Routes: routeTo(&fake{}),
		Connect: func(ConnectInfo) (any, error) {
			if refuse {
				return nil, &ConnectError{http.StatusForbidden, "on purpose"}
			}
			return nil, nil
		},
	})
	open := func(client string) (*websocket.Conn, int) {
		t.Helper()
		conn, response, err := websocket.DefaultDialer.Dial(site.url(), as(client))
		if err != nil && response == nil {
			t.Fatal(err)
		}
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return conn, response.StatusCode
	}
	refuse = true
	for range 3 {
		if _, status := open(ann); status != http.StatusForbidden {
			t.Fatalf("a connect that is refused: %d", status)
		}
	}
	refuse = false
	first, status := open(ann)
	if _, second := open(ann); status != http.StatusSwitchingProtocols || second != http.StatusSwitchingProtocols {
		t.Fatalf("a client that may have two sockets: %d, %d", status, second)
	}
	if _, status := open(ann); status != http.StatusTooManyRequests {
		t.Errorf("the third socket of a client: %d, want 429", status)
	}
	if _, status := open(bob); status != http.StatusSwitchingProtocols {
		t.Errorf("another client: %d", status)
	}
	first.Close()
	waittest.Until(t, "the place of a socket that has ended is free", func() bool {
		_, status := open(ann)
		return status == http.StatusSwitchingProtocols
	})
}

// The place is free when all of the socket has ended, its last callback too: what that holds is the
// client's still.
func TestSocketHoldsItsPlaceToTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait, open := gate()
		defer open()
		sockets := quota.New(1)
		site := startInBubble(t, Config{
			Client: named, Sockets: sockets,
			Routes: routeTo(&fake{terminate: func(context.Context, *Socket, error) { <-wait }}),
		})
		c := site.dial()
		c.join("room:a")
		c.Close()
		synctest.Wait()
		if sockets.Acquire(netip.Prefix{}) {
			t.Error("the place is free while a callback runs")
		}
		open()
		synctest.Wait()
		if !sockets.Acquire(netip.Prefix{}) {
			t.Error("the place is not free after the end")
		}
	})
}

func TestSessionsPerClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Client: named, Polls: quota.New(2), Routes: routeTo(&fake{})})
		one := site.poller() // of no client that is known
		one.token = ""
		ask := func(client string) int {
			one.header = as(client)
			return one.understand(one.ask("GET", "", "")).Status
		}
		for range 2 {
			if got := ask(ann); got != 410 {
				t.Fatalf("a session that a client may have: %d", got)
			}
		}
		if got := ask(ann); got != 403 { // phoenix.js knows no other refusal
			t.Errorf("the third session of a client: %d, want 403", got)
		}
		if got := ask(bob); got != 410 {
			t.Errorf("another client: %d", got)
		}
		time.Sleep(6 * time.Second) // without a poll
		if got := ask(ann); got != 410 {
			t.Errorf("when the first sessions have ended: %d", got)
		}
	})
}

// An unused session ends soon; after one request it has the time of all others.
func TestFirstPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		site.poller()
		used := site.poller()
		used.publish(`[null,"1","phoenix","heartbeat",{}]`)
		for _, step := range []struct {
			after time.Duration
			left  int
		}{{4900 * time.Millisecond, 2}, {200 * time.Millisecond, 1}, {9 * time.Second, 1}, {time.Second, 0}} {
			time.Sleep(step.after)
			synctest.Wait()
			if got := site.Sockets(); got != step.left {
				t.Errorf("%d sessions are left, want %d", got, step.left)
			}
		}
	})
}

func TestFirstPollIsNoLongerThanTheOthers(t *testing.T) {
	cfg, err := Config{Routes: []Route{}, PollSilence: time.Second}.withDefaults()
	if err != nil || cfg.FirstPoll != time.Second {
		t.Errorf("got %v, %v", cfg.FirstPoll, err)
	}
}

func TestFeedsPerClient(t *testing.T) {
	cfg := feedConfig()
	cfg.Client, cfg.Readers = named, quota.New(2)
	site := startFeed(t, cfg)
	socket := func(client string) (*websocket.Conn, int) {
		t.Helper()
		conn, response, err := site.dialer.Dial("ws"+site.base[len("http"):]+"/feed?topic=news:1", as(client))
		if err != nil && response == nil {
			t.Fatal(err)
		}
		if err == nil {
			t.Cleanup(func() { conn.Close() })
		}
		return conn, response.StatusCode
	}
	stream := func(client, topic string) (status int, end func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", site.base+"/feed?topic="+topic, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = as(client)
		r.Header.Set("Accept", "text/event-stream")
		response, err := site.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		end = func() { cancel(); response.Body.Close() }
		t.Cleanup(end)
		return response.StatusCode, end
	}
	for range 3 {
		if status, _ := stream(ann, "news:3"); status != http.StatusNotFound {
			t.Fatalf("a feed that is refused: %d", status)
		}
	}
	first, status := socket(ann)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("a WebSocket: %d", status)
	}
	status, end := stream(ann, "news:1")
	if status != http.StatusOK {
		t.Fatalf("a stream: %d", status)
	}
	if status, _ := stream(ann, "news:1"); status != http.StatusTooManyRequests {
		t.Errorf("a third reader of a client, a stream: %d, want 429", status)
	}
	if _, status := socket(ann); status != http.StatusTooManyRequests {
		t.Errorf("a third reader of a client, a WebSocket: %d, want 429", status)
	}
	if status, _ := stream(bob, "news:1"); status != http.StatusOK {
		t.Errorf("another client: %d", status)
	}
	first.Close()
	end()
	for range 2 {
		waittest.Until(t, "the places of readers that have ended are free", func() bool {
			_, status := socket(ann)
			return status == http.StatusSwitchingProtocols
		})
	}
	if _, status := socket(ann); status != http.StatusTooManyRequests {
		t.Errorf("a place was released twice: %d, want 429", status)
	}
}

func TestQuotaNeedsAClient(t *testing.T) {
	for _, cfg := range []Config{{Sockets: quota.New(1)}, {Polls: quota.New(1)}} {
		cfg.Routes = []Route{}
		if _, err := New(cfg); err == nil {
			t.Error("taken")
		}
	}
	cfg := feedConfig()
	cfg.Readers = quota.New(1)
	if _, err := NewFeed(cfg); err == nil {
		t.Error("taken")
	}
}
