package channel

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTask(t *testing.T) {
	release := make(chan string, 1)
	defer close(release)
	site := start(t, Config{Routes: routeTo(&fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
		if m.Event == "now" {
			return OK, nil
		}
		return nil, s.Go(func(context.Context) { m.Ref.Reply(<-release) })
	}})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","search",{}]`)
	c.send(`["1","3","room:a","now",{}]`)
	c.want(`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`)
	release <- "found"
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":"found"}]`)
}

func TestTasksAreBounded(t *testing.T) {
	release := make(chan struct{}, 11) // as many tasks run
	open := sync.OnceFunc(func() { close(release) })
	defer open()
	site := start(t, Config{Routes: routeTo(&fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
		return nil, s.Go(func(context.Context) { <-release; m.Ref.Reply(nil) })
	}})})
	c := site.dial()
	c.join("room:a")
	for range 10 {
		c.send(`["1","2","room:a","wait",{}]`)
	}
	c.send(`["1","3","room:a","wait",{}]`)
	c.want(`["1","3","room:a","phx_reply",{"status":"error","response":{"reason":"too many tasks"}}]`)
	c.join("room:b")
	c.send(`["1","2","room:b","wait",{}]`) // another channel has its own
	c.wantNothing()
	for range 11 {
		release <- struct{}{}
	}
	for range 11 {
		c.receive()
	}
	c.wantNothing()
	open()
	// The task has answered, but perhaps not ended; so ask until it has.
	for answer := ""; answer != `["1","4","room:a","phx_reply",{"status":"ok","response":{}}]`; {
		c.send(`["1","4","room:a","wait",{}]`)
		answer = c.receive()
	}
}

// Joining and leaving is no way around the limit, even if tasks do not end when told.
func TestTasksOfASocketAreBounded(t *testing.T) {
	release, open := gate()
	defer open()
	var running atomic.Int64
	site := start(t, Config{MaxTasks: 2, MaxChannels: 3,
		Routes: routeTo(&fake{join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			return nil, s.Go(func(context.Context) { running.Add(1); <-release })
		}})})
	c := site.dial()
	for range 6 {
		c.send(`["1","1","room:a","phx_join",{}]`)
		c.want(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`)
		c.send(`["1","2","room:a","phx_leave",{}]`)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`)
	}
	c.send(`["1","1","room:a","phx_join",{}]`)
	c.want(`["1","1","room:a","phx_reply",{"status":"error","response":{"reason":"too many tasks"}}]`)
	open()
	c.Close()
	site.Close()
	if n := running.Load(); n != 6 {
		t.Errorf("%d tasks ran, want 6", n)
	}
}

func TestTaskPanics(t *testing.T) {
	reasons := make(chan error, 2)
	site := start(t, Config{Routes: routeTo(&fake{
		in: func(_ context.Context, s *Socket, m Message) (any, error) {
			if m.Event == "now" {
				return OK, nil
			}
			return nil, s.Go(func(context.Context) { panic("on purpose") })
		},
		terminate: func(_ context.Context, _ *Socket, reason error) { reasons <- reason },
	})})
	c := site.dial()
	c.join("room:a")
	c.join("room:b")
	c.send(`["1","2","room:a","panic",{}]`)
	c.want(`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`)
	if reason := <-reasons; reason != ErrCrashed {
		t.Errorf("terminated with %v, want %v", reason, ErrCrashed)
	}
	c.send(`["1","3","room:b","now",{}]`)
	c.want(`["1","3","room:b","phx_reply",{"status":"ok","response":{}}]`)
}

// A task is told when its channel ends; the socket, and so Drain, waits for it.
func TestTaskEndsWithItsChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		causes := make(chan error, 2)
		sockets := make(caught, 2)
		var ended atomic.Bool
		site := startInBubble(t, Config{Routes: routeTo(&fake{
			join: func(ctx context.Context, s *Socket, params json.RawMessage) (any, error) {
				sockets.join(ctx, s, params)
				return nil, s.Go(func(ctx context.Context) {
					<-ctx.Done()
					causes <- context.Cause(ctx)
					time.Sleep(time.Minute)
					ended.Store(true)
				})
			},
		})})
		c := site.dial()
		c.join("room:a")
		c.join("room:b")
		c.send(`["1","2","room:a","phx_leave",{}]`)
		if cause := <-causes; cause != ErrLeft {
			t.Errorf("the context ended by %v, want %v", cause, ErrLeft)
		}
		if err := (<-sockets).Go(func(context.Context) {
			t.Error("a task runs for a channel that has ended")
		}); err != ErrLeft {
			t.Errorf("a task of a channel that has ended: %v, want %v", err, ErrLeft)
		}
		c.Close()
		if cause := <-causes; cause != ErrSocketClosed {
			t.Errorf("the context ended by %v, want %v", cause, ErrSocketClosed)
		}
		synctest.Wait()
		ended.Store(false)
		site.Server.Close()
		if !ended.Load() {
			t.Error("nobody waited for the task")
		}
	})
}
