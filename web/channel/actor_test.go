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

	"sneakers23/app/waittest"
)

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
	entered := make(chan struct{})
	block, open := gate()
	defer open()
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
	c.send(`["1","6","room:a","phx_leave",{}]`)
	c.want(`["1","4","room:a","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`,
		`["1","6","room:a","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`)
	open()
	for i := range 4 {
		c.want(`["1","` + strconv.Itoa(i) + `","room:a","phx_reply",{"status":"ok","response":` + strconv.Itoa(i) +
			`}]`)
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
	waittest.Done(t, "the first callback", entered)
	waittest.Done(t, "the second callback", entered)
	c.NetConn().Close()
	waittest.Done(t, "the end of a channel", terminated)
	waittest.Done(t, "the end of the other", terminated)
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
		for function, want := range map[string]int{
			"ws.(*Conn).Run": 1, "channel.(*Socket).run": 0, "conns.(*Outbox).carry": 0,
		} {
			if n := goroutines(function); n != want {
				t.Errorf("%d goroutines in %s, want %d", n, function, want)
			}
		}
		c.Close()
	})
}
