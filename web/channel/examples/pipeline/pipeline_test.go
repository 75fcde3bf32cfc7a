package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/pipeline"
)

// echo takes no time.
func echo(_ context.Context, _ string, data any) (any, error) { return data, nil }

// serve runs a pipeline until the test ends. It must be called within a bubble.
func serve(t *testing.T, p *pipeline.Pipeline) {
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != context.Canceled {
			t.Errorf("Serve: %v", err)
		}
	})
}

// site serves a pipeline and its channels.
func site(t *testing.T, cfg pipeline.Config) (*pipeline.Pipeline, *channeltest.Server) {
	cfg.PubSub = pubsub.New()
	p := pipeline.New(cfg)
	server := channeltest.Start(t, channel.Config{
		PubSub:  cfg.PubSub,
		Connect: func(info channel.ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		Routes:  []channel.Route{p.Route()},
	})
	serve(t, p)
	return p, server
}

func join(server *channeltest.Server, user string) *channeltest.Client {
	return server.Connect(url.Values{"user": {user}}).Join("user:"+user, nil)
}

func TestPushDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var timings []string
		p, server := site(t, pipeline.Config{
			Work: func(_ context.Context, user string, data any) (any, error) {
				time.Sleep(30 * time.Millisecond)
				return []any{user, data}, nil
			},
			Timing: func(name string, d time.Duration) { timings = append(timings, fmt.Sprint(name, " ", d)) },
		})
		ann := join(server, "ann")
		for i := range 2 {
			if err := p.Enqueue("ann", i); err != nil {
				t.Fatal(err)
			}
		}
		ann.AssertPush("push", []any{"ann", 0})
		ann.AssertPush("push", []any{"ann", 1})
		ann.Settle()
		want := []string{"pipeline.push_delivered 30ms", "pipeline.push_delivered 60ms"}
		if !slices.Equal(timings, want) {
			t.Errorf("measured %q, want %q", timings, want)
		}
	})
}

// Whatever the order of Enqueue, each user gets their own events, all of them, in order, on each of
// their sockets.
func TestNeverTheWrongUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		p, server := site(t, pipeline.Config{Work: func(_ context.Context, user string, data any) (any, error) {
			time.Sleep(time.Duration(calls.Add(1)*7919%13) * time.Millisecond)
			return fmt.Sprint(user, " ", data), nil
		}})
		users := []string{"1", "11", "111", "2", "*", "1:1", "ü"}
		clients := map[string][]*channeltest.Client{}
		for _, user := range users {
			clients[user] = []*channeltest.Client{join(server, user), join(server, user)}
		}
		const each = 50
		var senders sync.WaitGroup
		for _, user := range users {
			senders.Go(func() {
				for n := range each {
					if err := p.Enqueue(user, n); err != nil {
						t.Error(err)
					}
				}
			})
		}
		senders.Wait()
		for _, user := range users {
			for _, c := range clients[user] {
				for n := range each {
					c.AssertPush("push", fmt.Sprint(user, " ", n))
				}
			}
		}
		for _, user := range users {
			clients[user][0].RefutePush("push")
			clients[user][1].RefutePush("push")
		}
	})
}

func TestOnlyTheUserHimself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, server := site(t, pipeline.Config{Work: echo})
		for user, topic := range map[string]string{"1": "user:2", "2": "user:", "": "user:", "user:1": "user:1"} {
			server.Connect(url.Values{"user": {user}}).AssertRefused(topic, nil, map[string]string{
				"reason": "unauthorized",
			})
		}
	})
}

// A user who floods the pipeline delays the others by one event.
func TestFairness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order strings.Builder
		p := pipeline.New(pipeline.Config{PubSub: pubsub.New(), Consumers: 1, Demand: 1,
			Work: func(_ context.Context, user string, _ any) (any, error) {
				order.WriteString(user)
				return nil, nil
			},
		})
		for _, user := range "aaaaaaabbcb" {
			p.Enqueue(string(user), nil)
		}
		serve(t, p)
		synctest.Wait()
		if want := "abcababaaaa"; order.String() != want {
			t.Errorf("got %s, want %s", order.String(), want)
		}
	})
}

// However many consumers are free, the events of a user are done one by one.
func TestOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done []any
		release := make(chan struct{})
		p := pipeline.New(pipeline.Config{PubSub: pubsub.New(),
			Work: func(_ context.Context, _ string, data any) (any, error) {
				<-release
				done = append(done, data)
				return nil, nil
			}})
		serve(t, p)
		for i := range 3 {
			p.Enqueue("ann", i)
			synctest.Wait()
		}
		if n := p.Waiting(); n != 2 {
			t.Errorf("%d events wait, want 2", n)
		}
		close(release)
		synctest.Wait()
		if want := []any{0, 1, 2}; !slices.Equal(done, want) {
			t.Errorf("done in the order %v, want %v", done, want)
		}
	})
}

func TestDemandIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var working, most atomic.Int64
		release := make(chan struct{})
		p := pipeline.New(pipeline.Config{PubSub: pubsub.New(), Consumers: 2, Demand: 3,
			Work: func(context.Context, string, any) (any, error) {
				most.Store(max(most.Load(), working.Add(1)))
				<-release
				working.Add(-1)
				return nil, nil
			},
		})
		for i := range 100 {
			p.Enqueue(fmt.Sprint(i), nil)
		}
		serve(t, p)
		synctest.Wait()
		if n := p.Waiting(); n != 100-2*3 {
			t.Errorf("%d events wait, want %d", n, 100-2*3)
		}
		close(release)
		synctest.Wait()
		if n := p.Waiting(); n != 0 || most.Load() != 2 {
			t.Errorf("%d events wait, want 0; %d were worked on at once, want 2", n, most.Load())
		}
	})
}

func TestBufferIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{PubSub: pubsub.New(), Work: echo})
		for i := range 9_000 {
			if err := p.Enqueue(fmt.Sprint(i%9), i); err != nil {
				t.Fatalf("event %d: %v", i, err)
			}
		}
		if err := p.Enqueue("0", nil); err != pipeline.ErrFull {
			t.Errorf("the 1,001st event of a user: %v, want %v", err, pipeline.ErrFull)
		}
		for i := range 1_000 {
			if err := p.Enqueue(fmt.Sprint("user", i), i); err != nil {
				t.Fatalf("event %d: %v", 9_000+i, err)
			}
		}
		if err := p.Enqueue("another", nil); err != pipeline.ErrFull {
			t.Errorf("the 10,001st event: %v, want %v", err, pipeline.ErrFull)
		}
		serve(t, p)
		synctest.Wait()
		if err := p.Enqueue("another", nil); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
	})
}

func TestWorkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p, server := site(t, pipeline.Config{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
			Work: func(_ context.Context, _ string, data any) (any, error) {
				switch data {
				case "panic":
					panic("on purpose")
				case "fail":
					return nil, errors.New("the cause")
				}
				return data, nil
			},
		})
		ann := join(server, "ann")
		for _, data := range []string{"panic", "fail", "work"} {
			p.Enqueue("ann", data)
		}
		ann.AssertPush("push", "work")
		ann.RefutePush("push")
		for _, want := range []string{`panic="on purpose"`, `err="the cause"`} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("not in the log: %s", want)
			}
		}
	})
}
