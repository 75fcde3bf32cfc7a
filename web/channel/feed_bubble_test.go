package channel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/conns"

	"github.com/gorilla/websocket"
)

// gone expects that nothing is left of any reader.
func (b *board) gone() {
	b.t.Helper()
	synctest.Wait()
	if s := b.Stats(); s.WebSockets != 0 || s.Streams != 0 {
		b.t.Errorf("readers are left: %+v", s)
	}
	if n := b.pubsub.Count("news:1"); n != 0 {
		b.t.Errorf("%d are subscribed", n)
	}
	for _, function := range []string{"ws.(*Conn).Run", "channel.(*feedStream).serve", "conns.(*Outbox).carry"} {
		if n := goroutines(function); n != 0 {
			b.t.Errorf("%d goroutines in %s", n, function)
		}
	}
}

func TestFeedReaderIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startFeedInBubble(t, feedConfig(), &http.Server{})
		polite, rude := b.dial("topic=news:1"), b.dial("topic=news:1")
		e := b.stream("topic=news:1")
		polite.want(state("news:1"))
		rude.want(state("news:1"))
		e.want(state("news:1"))
		if n := b.pubsub.Count("news:1"); n != 3 {
			t.Fatalf("%d are subscribed, want 3", n)
		}
		go polite.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""),
			time.Time{})
		polite.wantClose(websocket.CloseNormalClosure)
		polite.Close()
		rude.NetConn().Close()
		e.leave()
		b.gone()
	})
}

// The timeouts of the http.Server do not end a stream, and a quiet one is kept alive.
func TestFeedStreamOutlivesTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startFeedInBubble(t, feedConfig(), &http.Server{ReadTimeout: time.Second, WriteTimeout: 2 * time.Second})
		e := b.stream("topic=news:1")
		e.want(state("news:1"))
		began := time.Now()
		for i := range 3 {
			if got := e.block(); got != ":\n" {
				t.Fatalf("got %q, want a comment", got)
			}
			if quiet := time.Since(began); quiet != time.Duration(i+1)*20*time.Second {
				t.Errorf("a comment after %v", quiet)
			}
		}
		time.Sleep(15 * time.Second)
		b.pubsub.Broadcast("news:1", "extra", nil)
		e.want(`{"topic":"news:1","event":"extra","payload":{}}`)
		said := time.Now()
		e.block()
		if quiet := time.Since(said); quiet != 20*time.Second {
			t.Errorf("a comment %v after an event, want 20s", quiet)
		}
	})
}

func TestFeedPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startFeedInBubble(t, feedConfig(), &http.Server{})
		alive, silent := b.dial("topic=news:1"), b.dial("topic=news:1")
		alive.want(state("news:1"))
		silent.want(state("news:1"))
		began := time.Now()
		var pings []time.Duration
		alive.SetPingHandler(func(data string) error {
			pings = append(pings, time.Since(began))
			return alive.WriteControl(websocket.PongMessage, []byte(data), time.Time{})
		})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			alive.want(`{"topic":"news:1","event":"extra","payload":{}}`)
		}()
		silent.SetPingHandler(func(string) error { return nil })
		silent.wantClose(websocket.CloseProtocolError)
		silent.Close()
		if d := time.Since(began); d != 60*time.Second {
			t.Errorf("a silent reader was closed after %v, want 60s", d)
		}
		time.Sleep(time.Minute)
		b.pubsub.Broadcast("news:1", "extra", nil)
		<-ended
		alive.Close()
		if len(pings) < 5 || pings[0] != 20*time.Second || pings[4] != 100*time.Second {
			t.Errorf("pings after %v", pings)
		}
		b.gone()
	})
}

// Readers that take nothing are cut off when their queue is full, and the others get
// everything.
func TestFeedSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := feedConfig()
		cfg.MaxQueue = 10_000
		b := startFeedInBubble(t, cfg, &http.Server{})
		slow, slowStream := b.dial("topic=news:1"), b.stream("topic=news:1")
		quick, quickStream := b.dial("topic=news:1"), b.stream("topic=news:1")
		slow.want(state("news:1"))
		slowStream.want(state("news:1"))
		quick.want(state("news:1"))
		quickStream.want(state("news:1"))
		payload := json.RawMessage(`"` + strings.Repeat("x", 900) + `"`)
		object := `{"topic":"news:1","event":"noise","payload":` + string(payload) + `}`
		// beside the queue: the one that is written, and what net/http buffers on both sides
		for i := range 40 {
			b.pubsub.Broadcast("news:1", "noise", payload)
			quick.want(object)
			quickStream.want(object)
			time.Sleep(conns.BurstWait / 10)
			synctest.Wait()
			if s := b.Stats(); i < 10 && s.TooSlow != 0 {
				t.Fatalf("after %d events: %+v", i+1, s)
			}
		}
		if s := b.Stats(); s.TooSlow != 2 {
			t.Errorf("%+v, want 2 that were too slow", s)
		}
		time.Sleep(conns.CloseWait)
		synctest.Wait()
		if s := b.Stats(); s.WebSockets != 1 || s.Streams != 1 {
			t.Errorf("%+v, want the quick ones", s)
		}
		if n := b.pubsub.Count("news:1"); n != 2 {
			t.Errorf("%d are subscribed, want 2", n)
		}
		if _, err := io.ReadAll(slowStream.Body); err == nil {
			t.Error("a stream with a gap ended as if it had none")
		}
	})
}

// One that takes not even one event is cut off in time, though its queue is not full.
func TestFeedWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startFeedInBubble(t, feedConfig(), &http.Server{})
		socket, stream := b.dial("topic=news:1"), b.stream("topic=news:1")
		socket.want(state("news:1"))
		stream.want(state("news:1"))
		b.pubsub.Broadcast("news:1", "noise", strings.Repeat("x", 60_000)) // more than the client's buffers take
		time.Sleep(10*time.Second - time.Millisecond)
		synctest.Wait()
		if s := b.Stats(); s.WebSockets != 1 || s.Streams != 1 {
			t.Errorf("cut off too early: %+v", s)
		}
		time.Sleep(2 * time.Millisecond)
		b.gone()
	})
}

// Events that come while the state is read are held only as far as a queue may grow.
func TestFeedTooMuchBeforeTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := feedConfig()
		cfg.MaxQueue = 1000
		read := cfg.State
		cfg.State = func(ctx context.Context, topic string) (any, error) {
			for range 30 {
				cfg.PubSub.Broadcast(topic, "noise", strings.Repeat("x", 100))
			}
			return read(ctx, topic)
		}
		b := startFeedInBubble(t, cfg, &http.Server{})
		c := b.dial("topic=news:1")
		c.wantClose(websocket.CloseTryAgainLater)
		c.Close()
		if err := b.readAll("topic=news:1"); err == nil {
			t.Error("a stream with a gap ended as if it had none")
		}
		if s := b.Stats(); s.TooSlow != 2 {
			t.Errorf("%+v, want 2 that were too slow", s)
		}
		b.gone()
	})
}

// Exactly a queue of bytes may be held.
func TestFeedMuchBeforeTheState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const object = `{"topic":"news:1","event":"noise","payload":"xxxxxxxxxx"}`
		events := 40
		cfg := feedConfig()
		cfg.MaxQueue = events * len("data: "+object+"\n\n")
		read := cfg.State
		cfg.State = func(ctx context.Context, topic string) (any, error) {
			for range events {
				cfg.PubSub.Broadcast(topic, "noise", "xxxxxxxxxx")
			}
			return read(ctx, topic)
		}
		b := startFeedInBubble(t, cfg, &http.Server{})
		e := b.stream("topic=news:1")
		e.want(state("news:1"))
		for range events {
			e.want(object)
		}
		events++
		if err := b.readAll("topic=news:1"); err == nil {
			t.Error("more is held than may be")
		}
	})
}

// An event may be larger than the queue, when nothing else waits.
func TestFeedLargeEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := feedConfig()
		cfg.MaxQueue = 1000
		b := startFeedInBubble(t, cfg, &http.Server{})
		c, e := b.dial("topic=news:1"), b.stream("topic=news:1")
		c.want(state("news:1"))
		e.want(state("news:1"))
		large := strings.Repeat("x", 3000)
		b.pubsub.Broadcast("news:1", "large", large)
		c.want(`{"topic":"news:1","event":"large","payload":"` + large + `"}`)
		e.want(`{"topic":"news:1","event":"large","payload":"` + large + `"}`)
	})
}

// States may be larger than a queue: they leave as one.
func TestFeedLargeStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := feedConfig()
		cfg.MaxQueue = 1000
		large := strings.Repeat("x", 900)
		cfg.State = func(_ context.Context, topic string) (any, error) { return large, nil }
		b := startFeedInBubble(t, cfg, &http.Server{})
		c, e := b.dial("topic=news:1&topic=news:2&topic=news:3"), b.stream("topic=news:1&topic=news:2&topic=news:3")
		for _, topic := range []string{"news:1", "news:2", "news:3"} {
			object := `{"topic":"` + topic + `","event":"state","payload":"` + large + `"}`
			c.want(object)
			e.want(object)
		}
	})
}

func TestFeedDrainInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := feedConfig()
		cfg.DrainShare, cfg.DrainLeast = 0.1, 3
		b := startFeedInBubble(t, cfg, &http.Server{})
		const readers = 20 // of each kind
		began := time.Now()
		ended := make(chan time.Duration, 2*readers)
		for range readers {
			c, e := b.dial("topic=news:1"), b.stream("topic=news:1")
			c.want(state("news:1"))
			e.want(state("news:1"))
			go func() {
				defer c.Close()
				c.SetReadDeadline(time.Time{})
				_, _, err := c.ReadMessage()
				if closed, ok := errors.AsType[*websocket.CloseError](err); !ok ||
					closed.Code != websocket.CloseServiceRestart {
					t.Errorf("got %v, want close 1012", err)
				}
				ended <- time.Since(began)
			}()
			go func() {
				if rest, err := io.ReadAll(e.Body); err != nil || len(rest) > 0 {
					t.Errorf("a stream ended with %q, %v", rest, err)
				}
				ended <- time.Since(began)
			}()
		}
		synctest.Wait()
		if err := b.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		b.gone()
		close(ended)
		var times []time.Duration
		for d := range ended {
			times = append(times, d)
		}
		slices.Sort(times)
		for i, d := range times {
			if want := time.Duration(i/4) * time.Second; d != want {
				t.Errorf("reader %d was closed after %v, want %v", i, d, want)
			}
		}
	})
}

// A browser tries again when its stream is cut off, never when it is answered 503.
func TestFeedDrainTurnsNewReadersAway(t *testing.T) {
	b := startFeed(t, feedConfig())
	if err := b.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	_, response, err := b.dialer.Dial("ws"+strings.TrimPrefix(b.base, "http")+"/feed?topic=news:1", nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a WebSocket got %v, %v, want 503", response, err)
	}
	if err := b.readAll("topic=news:1"); err == nil {
		t.Error("a stream was answered, want the end of the connection")
	}
	if e := b.get(http.MethodHead, "topic=news:1", "Accept",
		"text/event-stream"); e.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("HEAD got %d, want 503", e.StatusCode)
	}
	if n := b.pubsub.Count("news:1"); n != 0 {
		t.Errorf("%d are subscribed", n)
	}
}

// One that came before Drain but was let in after its slices is told to go at once.
func TestFeedDrainDuringConnect(t *testing.T) {
	var b *board
	cfg := feedConfig()
	cfg.State = func(context.Context, string) (any, error) { return nil, b.Drain(context.Background()) }
	b = startFeed(t, cfg)
	b.dial("topic=news:1").wantClose(websocket.CloseServiceRestart)
	if n := b.pubsub.Count("news:1"); n != 0 {
		t.Errorf("%d are subscribed", n)
	}
}

// A reader that takes nothing does not hold up the stop for long.
func TestFeedDrainOfStuckReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startFeedInBubble(t, feedConfig(), &http.Server{})
		socket, stream := b.dial("topic=news:1"), b.stream("topic=news:1")
		socket.want(state("news:1"))
		stream.want(state("news:1"))
		for range 3 {
			b.pubsub.Broadcast("news:1", "noise", strings.Repeat("x", 20_000))
		}
		synctest.Wait()
		began := time.Now()
		b.Close()
		if took := time.Since(began); took > 2*conns.CloseWait {
			t.Errorf("it took %v", took)
		}
		b.gone()
	})
}
