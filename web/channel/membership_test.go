package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/replication/pubsub"
)

// Events that are broadcast and pushed while Join runs come after the reply, in order.
func TestJoinMissesNothing(t *testing.T) {
	ps := pubsub.New()
	site := start(t, Config{PubSub: ps, Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			ps.Broadcast(s.Topic(), "first", nil)
			s.Push("second", nil)
			s.Broadcast("third", nil)
			s.BroadcastFrom("nobody", nil)
			return map[string]int{"revision": 7}, nil
		},
	})})
	c := site.dial()
	c.send(`["1","2","room:a","phx_join",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{"revision":7}}]`,
		`[null,null,"room:a","first",{}]`,
		`["1",null,"room:a","second",{}]`,
		`[null,null,"room:a","third",{}]`)
	c.wantNothing()
}

func TestRefusedJoinSendsNothingElse(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			s.Broadcast("shout", nil)
			return nil, Refuse(nil)
		},
	})})
	c := site.dial()
	c.send(`["1","2","room:a","phx_join",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"error","response":{}}]`)
	c.wantNothing()
}

// A push larger than the queue may follow a join, presence for instance, and what has changed
// meanwhile may surround it.
func TestLargePushWhileJoining(t *testing.T) {
	large := strings.Repeat("x", 5000)
	site := start(t, Config{MaxQueue: 1000, Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			return nil, errors.Join(s.Push("diff", nil), s.Push("state", large), s.Push("diff", nil))
		},
	})})
	c := site.dial()
	c.join("room:a")
	c.want(`["1",null,"room:a","diff",{}]`)
	c.want(`["1",null,"room:a","state","` + large + `"]`)
	c.want(`["1",null,"room:a","diff",{}]`)
}

// replacedJoin answers a join of room:a that another one replaces before it is done.
func replacedJoin(ref int) string {
	return fmt.Sprintf(`["%d","%d","room:a","phx_reply",{"status":"error","response":{"reason":"replaced by another join"}}]`, ref, ref)
}

// Of many joins of a topic that come before the first is done each is answered once, in order,
// before the next replaces it; and only the last joins.
func TestJoinsThatReplaceEachOther(t *testing.T) {
	const joins = 50
	wait, open := gate()
	defer open()
	begun := make(chan struct{}, joins)
	var ran atomic.Int32
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(context.Context, *Socket, json.RawMessage) (any, error) {
			ran.Add(1)
			begun <- struct{}{}
			<-wait
			return nil, nil
		},
	})})
	c := site.dial()
	c.send(`["1","1","room:a","phx_join",{}]`)
	waittest.Receive(t, "the first join", begun)
	for i := 2; i <= joins; i++ {
		c.send(`["%d","%d","room:a","phx_join",{}]`, i, i)
	}
	for i := 1; i < joins; i++ {
		c.want(replacedJoin(i), fmt.Sprintf(`["%d","%d","room:a","phx_close",{}]`, i, i))
	}
	open()
	c.want(fmt.Sprintf(`["%d","%d","room:a","phx_reply",{"status":"ok","response":{}}]`, joins, joins))
	c.wantNothing()
	if n := ran.Load(); n != 2 {
		t.Errorf("%d joins ran, want the first and the last", n)
	}
}

// A join that takes long is no way to make the server hold a lot. Only that join
// fails.
func TestTooMuchWhileJoining(t *testing.T) {
	site := start(t, Config{MaxQueue: 1000, Routes: routeTo(&fake{
		join: func(ctx context.Context, s *Socket, _ json.RawMessage) (any, error) {
			for s.Push("noise", strings.Repeat("x", 100)) == nil {
			}
			<-ctx.Done()
			return nil, nil
		},
	})})
	c := site.dial()
	c.send(`["1","2","room:a","phx_join",{}]`)
	c.want(`["1","1","room:a","phx_error",{"reason":"too busy"}]`)
	c.wantNothing()
}

func TestTerminate(t *testing.T) {
	reasons := make(chan string, 10)
	site := start(t, Config{Routes: routeTo(&fake{
		in: echo,
		terminate: func(ctx context.Context, s *Socket, reason error) {
			if ctx.Err() != nil {
				t.Error("Terminate got a context that is over")
			}
			if err := s.Push("late", nil); err != reason {
				t.Errorf("pushing in Terminate: %v, want %v", err, reason)
			}
			s.Broadcast("gone", nil)
			reasons <- s.Topic() + " " + reason.Error()
		},
	})})
	c := site.dial()
	for _, topic := range []string{"room:left", "room:replaced", "room:crashed", "room:closed"} {
		c.join(topic)
	}
	want := func(topic string, reason error) {
		t.Helper()
		if got := <-reasons; got != topic+" "+reason.Error() {
			t.Errorf("terminated %s, want %s %v", got, topic, reason)
		}
	}
	c.send(`["1","2","room:left","phx_leave",{}]`)
	want("room:left", ErrLeft)
	c.send(`["2","2","room:replaced","phx_join",{}]`)
	want("room:replaced", ErrReplaced)
	for c.receive() != `["2","2","room:replaced","phx_reply",{"status":"ok","response":{}}]` {
	}
	c.send(`["1","2","room:crashed","panic",{}]`)
	want("room:crashed", ErrCrashed)
	c.Close()
	rest := []string{<-reasons, <-reasons}
	slices.Sort(rest)
	if want := []string{
		"room:closed " + ErrSocketClosed.Error(), "room:replaced " + ErrSocketClosed.Error(),
	}; !slices.Equal(rest, want) {
		t.Errorf("terminated %q, want %q", rest, want)
	}
	site.Close()
	select {
	case more := <-reasons:
		t.Errorf("terminated again: %s", more)
	default:
	}
	for topic := range site.allTopics() {
		t.Errorf("still subscribed: %s", topic)
	}
}

// allTopics lists the topics of the tests that have subscribers.
func (s *site) allTopics() map[string]int {
	topics := make(map[string]int)
	for _, name := range []string{"left", "replaced", "crashed", "closed", "a", "b"} {
		if n := s.cfg.PubSub.Count("room:" + name); n != 0 {
			topics["room:"+name] = n
		}
	}
	return topics
}

// A panic in Terminate does no harm either.
func TestTerminatePanics(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{
		terminate: func(context.Context, *Socket, error) { panic("on purpose") },
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["2","2","room:a","phx_join",{}]`)
	c.want(`["1","1","room:a","phx_close",{}]`, `["2","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
}

// A topic joined again starts when the old channel has ended: its callback is told to stop, its
// Terminate has returned, nothing of it is sent any more.
func TestReplaceWaitsForTheOld(t *testing.T) {
	var old atomic.Bool
	var joins atomic.Int64
	entered := make(chan struct{})
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(context.Context, *Socket, json.RawMessage) (any, error) {
			if joins.Add(1) == 1 {
				old.Store(true)
			} else if old.Load() {
				t.Error("joined while the old channel was alive")
			}
			return nil, nil
		},
		in: func(ctx context.Context, s *Socket, _ Message) (any, error) {
			close(entered)
			<-ctx.Done()
			if cause := context.Cause(ctx); cause != ErrReplaced {
				t.Errorf("the context ended by %v", cause)
			}
			s.Push("too late", nil)
			return OK, nil
		},
		terminate: func(_ context.Context, _ *Socket, reason error) {
			if reason == ErrReplaced {
				old.Store(false)
			}
		},
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","wait",{}]`)
	<-entered
	c.send(`["1","2","room:a","in vain",{}]`) // its turn never comes
	c.send(`["3","3","room:a","phx_join",{}]`)
	c.send(`["4","4","room:a","phx_join",{}]`) // before the one before has begun, perhaps
	c.want(`["1","1","room:a","phx_close",{}]`)
	if got := c.receive(); got != `["3","3","room:a","phx_reply",{"status":"ok","response":{}}]` &&
		got != replacedJoin(3) {
		t.Errorf("got %s in answer to the join between", got)
	}
	c.want(`["3","3","room:a","phx_close",{}]`)
	c.want(`["4","4","room:a","phx_reply",{"status":"ok","response":{}}]`)
	c.wantNothing()
}

// A client that waited in vain for a join leaves, and joins again: the join that it gave up is told
// to stop, and both are answered.
func TestJoinGivenUp(t *testing.T) {
	var joins atomic.Int64
	entered := make(chan struct{})
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(ctx context.Context, _ *Socket, _ json.RawMessage) (any, error) {
			if joins.Add(1) == 1 {
				close(entered)
				<-ctx.Done()
				if cause := context.Cause(ctx); cause != ErrReplaced {
					t.Errorf("the context ended by %v", cause)
				}
			}
			return nil, nil
		},
	})})
	c := site.dial()
	c.send(`["1","1","room:a","phx_join",{}]`)
	<-entered
	c.send(`["1","2","room:a","phx_leave",{}]`)
	c.send(`["3","3","room:a","phx_join",{}]`)
	c.want(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`,
		`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`,
		`["1","1","room:a","phx_close",{}]`,
		`["3","3","room:a","phx_reply",{"status":"ok","response":{}}]`)
}

// A client that joins again and again behind a callback that takes its time is told
// to stop.
func TestJoinsThatWaitAreBounded(t *testing.T) {
	entered := make(chan struct{})
	block, open := gate()
	defer open()
	site := start(t, Config{MaxChannels: 3, Routes: routeTo(&fake{
		in: func(context.Context, *Socket, Message) (any, error) {
			close(entered)
			<-block
			return nil, nil
		},
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","block",{}]`)
	<-entered
	for i := 2; i <= 6; i++ {
		c.send(`["%d","%d","room:a","phx_join",{}]`, i, i)
	}
	c.want(`["1","1","room:a","phx_close",{}]`)
	for i := 2; i <= 3; i++ {
		c.want(replacedJoin(i), fmt.Sprintf(`["%d","%d","room:a","phx_close",{}]`, i, i))
	}
	for i := 5; i <= 6; i++ {
		c.want(fmt.Sprintf(`["%d","%d","room:a","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]`, i, i))
	}
	open()
	c.want(`["4","4","room:a","phx_reply",{"status":"ok","response":{}}]`)
	c.send(`["7","7","room:a","phx_join",{}]`)
	c.want(`["4","4","room:a","phx_close",{}]`, `["7","7","room:a","phx_reply",{"status":"ok","response":{}}]`)
}
