package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"sneakers23/replication/pubsub"

	"github.com/gorilla/websocket"
)

// What is broadcast and pushed while Join runs comes after the reply, in order.
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

// A join that takes long is no way to make the server hold a lot.
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
	c.wantClose(websocket.CloseTryAgainLater)
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
	if want := []string{"room:closed " + ErrSocketClosed.Error(), "room:replaced " + ErrSocketClosed.Error()}; !slices.Equal(rest, want) {
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

// A panic in Terminate harms nobody either.
func TestTerminatePanics(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{
		terminate: func(context.Context, *Socket, error) { panic("on purpose") },
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["2","2","room:a","phx_join",{}]`)
	c.want(`["1","1","room:a","phx_close",{}]`, `["2","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
}

// A topic joined anew starts when the old channel has ended: its callback is told to
// stop, its Terminate has returned, nothing of it is sent any more.
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
	next := c.receive()
	if next == `["3","3","room:a","phx_reply",{"status":"ok","response":{}}]` {
		next = c.receive()
	}
	if want := `["3","3","room:a","phx_close",{}]`; next != want {
		t.Errorf("got %s, want %s", next, want)
	}
	c.want(`["4","4","room:a","phx_reply",{"status":"ok","response":{}}]`)
	c.wantNothing()
}

// Callbacks of one channel do not overlap; those of two run side by side.
func TestChannelsSideBySide(t *testing.T) {
	var inside [2]atomic.Int64
	met := make(chan struct{})
	site := start(t, Config{Routes: routeTo(&fake{
		in: func(_ context.Context, s *Socket, m Message) (any, error) {
			switch {
			case m.Event == "count":
				room := &inside[strings.IndexByte("ab", s.Topic()[len("room:")])]
				if room.Add(1) != 1 {
					t.Error("callbacks overlap")
				}
				room.Add(-1)
			case s.Topic() == "room:a":
				met <- struct{}{} // until room:b is there too
			default:
				<-met
			}
			return OK, nil
		},
	})})
	c := site.dial()
	c.join("room:a")
	c.join("room:b")
	c.send(`["1","x","room:a","meet",{}]`)
	c.send(`["1","x","room:b","meet",{}]`)
	replies := []string{c.receive(), c.receive()}
	slices.Sort(replies)
	for i, topic := range []string{"room:a", "room:b"} {
		if want := fmt.Sprintf(`["1","x",%q,"phx_reply",{"status":"ok","response":{}}]`, topic); replies[i] != want {
			t.Errorf("got %s, want %s", replies[i], want)
		}
	}
	for i := range 50 {
		c.send(`["1",%d,"room:%c","count",{}]`, i, "ab"[i%2])
	}
	last := map[string]int{"room:a": -1, "room:b": -1}
	for range 50 {
		var reply []any
		json.Unmarshal([]byte(c.receive()), &reply)
		topic, ref := reply[2].(string), int(reply[1].(float64))
		if ref <= last[topic] {
			t.Errorf("%s: reply %d after %d", topic, ref, last[topic])
		}
		last[topic] = ref
	}
}

func TestMailboxIsBounded(t *testing.T) {
	block, entered := make(chan struct{}), make(chan struct{})
	site := start(t, Config{MaxMailbox: 3, Routes: routeTo(&fake{
		in: func(_ context.Context, _ *Socket, m Message) (any, error) {
			if m.Event == "block" {
				close(entered)
				<-block
			}
			return m.Payload, nil
		},
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","0","room:a","block",0]`)
	<-entered
	for i := 1; i <= 4; i++ {
		c.send(`["1","%d","room:a","event",%d]`, i, i)
	}
	c.send(`["1","5","room:a","phx_leave",{}]`)
	c.want(`["1","4","room:a","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`)
	close(block)
	for i := range 4 {
		c.want(`["1","` + strconv.Itoa(i) + `","room:a","phx_reply",{"status":"ok","response":` + strconv.Itoa(i) + `}]`)
	}
	c.want(`["1","5","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`)
}

// A client that goes away ends the callbacks that run for it.
func TestClientGoesAway(t *testing.T) {
	entered := make(chan struct{}, 2)
	terminated := make(chan string, 2)
	wait := func(ctx context.Context) {
		entered <- struct{}{}
		<-ctx.Done()
	}
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(ctx context.Context, s *Socket, _ json.RawMessage) (any, error) {
			if s.Topic() == "room:slow" {
				wait(ctx)
			}
			return nil, nil
		},
		in: func(ctx context.Context, _ *Socket, _ Message) (any, error) { wait(ctx); return OK, nil },
		terminate: func(_ context.Context, s *Socket, _ error) {
			terminated <- s.Topic()
		},
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","wait",{}]`)
	c.send(`["2","3","room:slow","phx_join",{}]`)
	<-entered
	<-entered
	c.NetConn().Close()
	<-terminated
	<-terminated
}

// An idle channel has no goroutine.
func TestIdleChannelsHaveNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{MaxChannels: 1000, Routes: routeTo(&fake{in: echo})})
		c := site.dial()
		for i := range 100 {
			c.join(fmt.Sprint("room:", i))
			c.send(`["1","2","room:%d","done",{}]`, i)
			c.want(fmt.Sprintf(`["1","2","room:%d","phx_reply",{"status":"ok","response":{}}]`, i))
		}
		for function, want := range map[string]int{"(*conn).serve": 1, "(*Socket).run": 0, "(*outbox).carry": 0} {
			if n := goroutines(function); n != want {
				t.Errorf("%d goroutines in %s, want %d", n, function, want)
			}
		}
		c.Close()
	})
}
