package channel

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/conns"
	"sneakers23/web/conns/connstest"

	"github.com/gorilla/websocket"
)

func TestDrainInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{DrainShare: 0.1, DrainLeast: 3, Routes: routeTo(&fake{})})
		const clients = 40
		began := time.Now()
		closed := make(chan time.Duration, clients)
		for range clients {
			c := site.dial()
			c.join("room:a")
			go func() {
				defer c.Close()
				c.SetReadDeadline(time.Time{})
				_, _, err := c.ReadMessage()
				if e, ok := errors.AsType[*websocket.CloseError](err); !ok || e.Code != websocket.CloseServiceRestart {
					t.Errorf("got %v, want close 1012", err)
				}
				closed <- time.Since(began)
			}()
		}
		if err := site.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are open", n)
		}
		synctest.Wait()
		close(closed)
		var times []time.Duration
		for d := range closed {
			times = append(times, d)
		}
		slices.Sort(times)
		for i, d := range times {
			if want := time.Duration(i/4) * time.Second; d != want {
				t.Errorf("client %d was closed after %v, want %v", i, d, want)
			}
		}
	})
}

func TestDrainRefusesNewSockets(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	if err := site.Drain(context.Background()); err != nil {
		t.Error(err)
	}
	if got := site.status(site.url(), nil); got != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", got)
	}
}

// A socket that was let in before Drain began, but came too late for its slices, is
// told to go at once.
func TestDrainDuringConnect(t *testing.T) {
	var server *Server
	site := start(t, Config{
		Connect: func(ConnectInfo) (any, error) { return nil, server.Drain(context.Background()) },
		Routes:  routeTo(&fake{}),
	})
	server = site.Server
	site.dial().wantClose(websocket.CloseServiceRestart)
	if !stopped(t, site.flusher) {
		t.Error("the flusher is not stopped")
	}
}

// stopped reports whether the flusher writes no more.
func stopped(t *testing.T, f *conns.Flusher) bool {
	server, client := connstest.Loopback(t, 64<<10)
	var out conns.Outbox
	out.Init(server, func() {}, f, 1000, time.Minute)
	out.Add([]byte("late"))
	f.Stop() // waits for the worker, if it was not stopped before
	server.Close()
	written, err := io.ReadAll(client)
	if err != nil {
		t.Error(err)
	}
	return len(written) == 0
}

// When its context ends, Drain closes all that are left and cancels callbacks.
func TestDrainCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var terminated atomic.Int64
		site := startInBubble(t, Config{DrainLeast: 1, Routes: routeTo(&fake{
			join: func(ctx context.Context, s *Socket, params json.RawMessage) (any, error) {
				if string(params) == `"wait"` {
					<-ctx.Done()
				}
				return nil, nil
			},
			terminate: func(ctx context.Context, _ *Socket, _ error) {
				terminated.Add(1)
				<-ctx.Done() // a callback that has no end of its own
			},
		})})
		for range 5 {
			site.dial().join("room:a")
		}
		site.dial().send(`["1","1","room:a","phx_join","wait"]`)
		synctest.Wait()
		began := time.Now()
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, why)
		defer cancel()
		if err := site.Drain(ctx); err != why {
			t.Errorf("Drain returned %v, want %v", err, why)
		}
		if d := time.Since(began); d > 1500*time.Millisecond+2*conns.CloseWait {
			t.Errorf("it took %v", d)
		}
		if n := terminated.Load(); n != 6 {
			t.Errorf("%d channels were terminated, want 6", n)
		}
	})
}

// A client that is told to go may answer.
func TestClientAnswersTheClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		c := site.dial()
		c.join("room:a")
		var answered error
		c.SetCloseHandler(func(code int, _ string) error {
			time.Sleep(conns.CloseWait / 2)
			answered = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Time{})
			return c.NetConn().Close()
		})
		go c.ReadMessage()
		if err := site.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if answered != nil {
			t.Errorf("the client could not answer: %v", answered)
		}
	})
}

// Drain waits for every callback, also one that does not heed its context.
func TestDrainWaitsForCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entered, release := make(chan struct{}), make(chan struct{})
		site := startInBubble(t, Config{Routes: routeTo(&fake{
			in: func(context.Context, *Socket, Message) (any, error) {
				close(entered)
				<-release
				return OK, nil
			},
		})})
		c := site.dial()
		c.join("room:a")
		c.send(`["1","2","room:a","block",{}]`)
		<-entered
		c.Close()
		drained := make(chan struct{})
		go func() {
			site.Close()
			close(drained)
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case <-drained:
			t.Error("Close has returned while a callback was running")
		default:
		}
		close(release)
		<-drained
	})
}
