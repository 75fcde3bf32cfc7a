package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// A client that leaves while a callback runs, joins again and is gone, leaves nothing behind,
// though its leave never had its turn.
func TestLeaveAndRejoinBehindACallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var causes []error
		site := startInBubble(t, Config{Timeout: time.Hour, Routes: routeTo(&fake{
			in: func(ctx context.Context, _ *Socket, _ Message) (any, error) {
				<-ctx.Done()
				causes = append(causes, context.Cause(ctx))
				return OK, nil
			},
		})})
		c := site.dial()
		c.join("room:a")
		c.send(`["1","2","room:a","wait",{}]`)
		c.send(`["1","3","room:a","phx_leave",{}]`)
		synctest.Wait()
		if len(causes) > 0 {
			t.Error("a leave alone cancels what came before it")
		}
		c.send(`["4","4","room:a","phx_join",{}]`)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`["1","1","room:a","phx_close",{}]`,
			`["4","4","room:a","phx_reply",{"status":"ok","response":{}}]`)
		if len(causes) != 1 || causes[0] != ErrReplaced {
			t.Errorf("cancelled with %v, want %v", causes, ErrReplaced)
		}
		c.send(`["4","5","room:a","wait",{}]`)
		synctest.Wait()
		c.send(`["4","6","room:a","phx_leave",{}]`)
		c.send(`["7","7","room:a","phx_join",{}]`)
		c.NetConn().Close()
		synctest.Wait()
		if open, subscribed := site.Sockets(), site.cfg.PubSub.Count("room:a"); open+subscribed != 0 {
			t.Errorf("%d sockets are open, %d subscribed", open, subscribed)
		}
	})
}

// A callback that a channel is waiting for is cancelled when the client is gone.
func TestGoneWhileAJoinWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var joins atomic.Int32
		site := startInBubble(t, Config{Timeout: time.Hour, Routes: routeTo(&fake{
			join: func(context.Context, *Socket, json.RawMessage) (any, error) { joins.Add(1); return nil, nil },
			in: func(ctx context.Context, _ *Socket, _ Message) (any, error) {
				<-ctx.Done()
				time.Sleep(time.Second) // does not end at once
				return OK, nil
			},
		})})
		c := site.dial()
		c.join("room:a")
		c.send(`["1","2","room:a","wait",{}]`)
		synctest.Wait() // it does
		c.send(`["3","3","room:a","phx_join",{}]`)
		c.send(`["3","4","room:a","phx_leave",{}]`)
		c.send(`["5","5","room:a","phx_join",{}]`)
		c.want(`["1","1","room:a","phx_close",{}]`, replacedJoin(3), `["3","3","room:a","phx_close",{}]`)
		c.NetConn().Close()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are open", n)
		}
		if n := joins.Load(); n != 1 {
			t.Errorf("%d joins, want only the first: the client was gone", n)
		}
	})
}

// However a channel ended, its topic is joined again when its last callback has returned.
func TestRejoinWaitsForTerminate(t *testing.T) {
	for name, end := range map[string]string{
		"leave": `["1","2","room:a","phx_leave",{}]`,
		"stop":  `["1","2","room:a","stop",{}]`,
		"crash": `["1","2","room:a","panic",{}]`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var joins int
				over := make(chan struct{})
				site := startInBubble(t, Config{Routes: routeTo(&fake{
					join: func(context.Context, *Socket, json.RawMessage) (any, error) { joins++; return nil, nil },
					in: func(_ context.Context, s *Socket, m Message) (any, error) {
						if m.Event == "panic" {
							panic("as told")
						}
						s.Stop()
						return OK, nil
					},
					terminate: func(context.Context, *Socket, error) { <-over },
				})})
				c := site.dial()
				c.join("room:a")
				c.send("%s", end)
				for frame := c.receive(); !strings.Contains(frame, "phx_close") &&
					!strings.Contains(frame, "phx_error"); {
					frame = c.receive()
				}
				c.send(`["1","3","room:a","echo",{}]`)
				c.want(`[null,"3","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
				c.send(`["4","4","room:a","phx_join",{}]`)
				synctest.Wait()
				if joins != 1 {
					t.Error("joined while Terminate runs")
				}
				close(over)
				c.want(`["4","4","room:a","phx_reply",{"status":"ok","response":{}}]`)
				c.Close()
			})
		})
	}
}

// Channels that are about to end do not count against the limit, but there cannot be
// many of them.
func TestEndingChannelsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := make(chan struct{})
		site := startInBubble(t, Config{MaxChannels: 3, Routes: routeTo(&fake{
			terminate: func(context.Context, *Socket, error) { <-over },
		})})
		c := site.dial()
		ending := 0
		for i := range 10 {
			c.send(`["%d","%d","room:%d","phx_join",{}]`, i, i, i)
			if strings.Contains(c.receive(), "too many channels joined") {
				break
			}
			c.send(`["%d","x","room:%d","phx_leave",{}]`, i, i)
			c.receive()
			c.receive()
			ending++
		}
		if ending != 3 {
			t.Errorf("%d channels are ending, want 3", ending)
		}
		close(over)
		synctest.Wait()
		for i := range 3 {
			c.join(fmt.Sprint("room:new", i))
		}
		c.send(`["1","1","room:one","phx_join",{}]`)
		c.want(`["1","1","room:one","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]`)
		c.Close()
	})
}

// A leave that waits behind a crash is answered.
func TestLeaveBehindACrash(t *testing.T) {
	entered := make(chan struct{})
	resume, open := gate()
	defer open()
	site := start(t, Config{Routes: routeTo(&fake{
		in: func(context.Context, *Socket, Message) (any, error) { close(entered); <-resume; panic("as told") },
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","crash",{}]`)
	<-entered
	c.send(`["1","3","room:a","phx_leave",{}]`)
	c.wantNothing()
	open()
	c.want(`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`,
		`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`)
}

func TestPushAfterRefusedJoinTellsWhy(t *testing.T) {
	refused := Refuse(nil)
	sockets := make(chan *Socket, 1)
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) { sockets <- s; return nil, refused },
	})})
	c := site.dial()
	c.send(`["1","1","room:a","phx_join",{}]`)
	c.receive()
	if err := (<-sockets).Push("late", nil); err != refused {
		t.Errorf("Push: %v, want %v", err, refused)
	}
}

// A channel keeps only a little of its client's join.
func TestLongNamesAreRefused(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	c := site.dial()
	long := strings.Repeat("x", longestName)
	fits := `"` + long[2:] + `"`
	c.send(`[%s,"1","room:a","phx_join",{}]`, fits)
	c.want(`[` + fits + `,"1","room:a","phx_reply",{"status":"ok","response":{}}]`)
	for _, frame := range []string{
		`["` + long + `","1","room:b","phx_join",{}]`,
		`[null,"` + long + `","room:b","phx_join",{}]`,
		`["1","1","room:` + long + `","phx_join",{}]`,
	} {
		c.send("%s", frame)
		if got := c.receive(); !strings.Contains(got, `{"reason":"topic or join_ref longer than 255 bytes"}`) {
			t.Errorf("got %.60s", got)
		}
	}
}

// The mail of all channels of a socket is bounded in bytes, with what they are handling.
func TestMailIsBoundedInBytes(t *testing.T) {
	entered := make(chan struct{}, 10)
	resume, open := gate()
	defer open()
	site := start(t, Config{MaxMail: 5000, Routes: routeTo(&fake{
		in: func(context.Context, *Socket, Message) (any, error) { entered <- struct{}{}; <-resume; return OK, nil },
	})})
	c := site.dial()
	c.join("room:a")
	c.join("room:b")
	large := strings.Repeat("x", 3000)
	c.send(`["1","2","room:a","large","%s"]`, large)
	<-entered
	c.send(`["1","3","room:b","large","%s"]`, large)
	c.want(`["1","3","room:b","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`)
	c.send(`["1","4","room:c","phx_join","%s"]`, large)
	c.want(`["1","4","room:c","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`)
	c.send(`["1","5","room:b","small",{}]`)
	<-entered
	c.send(`["1","6","room:a","phx_leave","%s"]`, large) // there is room for this always
	open()
	for left := 4; left > 0; left-- { // two replies, and those to the leave
		c.receive()
	}
	const busy, ok = `["1","7","room:b","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`, `["1","7","room:b","phx_reply",{"status":"ok","response":{}}]`
	got := busy
	for got == busy { // the replies came, their handling may not be over
		c.send(`["1","7","room:b","large","%s"]`, strings.Repeat("x", 6000)) // alone it may be larger
		got = c.receive()
	}
	if got != ok {
		t.Errorf("got %s", got)
	}
}

// All frames that may be held fit into the queue: a client that reads is not closed.
func TestHeldFits(t *testing.T) {
	const pushes = 250 // of more than 200 bytes with their places: most of what may be held
	for _, transport := range []string{"WebSocket", "long-poll"} {
		t.Run(transport, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var held error
				site := startInBubble(t, Config{Timeout: time.Hour, Routes: routeTo(&fake{
					join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
						for range pushes {
							if held = s.Push("noise", strings.Repeat("x", 10)); held != nil {
								break
							}
						}
						return strings.Repeat("y", 60_000), nil
					},
				})})
				if transport == "long-poll" {
					p := site.poller()
					p.publish(`["1","1","room:a","phx_join",{}]`)
					synctest.Wait()
					if got := len(p.poll().Messages); got != pushes+1 {
						t.Errorf("got %d messages, want %d", got, pushes+1)
					}
					return
				}
				c := site.dial()
				c.send(`["1","1","room:a","phx_join",{}]`)
				for range pushes + 1 {
					c.receive()
				}
				if held != nil {
					t.Error(held)
				}
				c.Close()
			})
		})
	}
}

// In a binary message refs stand as text: it is for the channel all the same.
func TestNumericRefInBinaryMessage(t *testing.T) {
	site := start(t, Config{
		Routes: routeTo(&fake{in: func(context.Context, *Socket, Message) (any, error) { return OK, nil }}),
	})
	c := site.dial()
	c.send(`[1,1,"room:a","phx_join",{}]`)
	c.want(`[1,1,"room:a","phx_reply",{"status":"ok","response":{}}]`)
	c.WriteMessage(websocket.BinaryMessage, append([]byte{kindPush, 1, 1, 6, 4}, "12room:aecho"...))
	c.want(`[1,"2","room:a","phx_reply",{"status":"ok","response":{}}]`)
}

// A callback that ends its goroutine ends its channel.
func TestGoexitInACallback(t *testing.T) {
	terminated := make(chan error, 1)
	site := start(t, Config{Routes: routeTo(&fake{
		in:        func(context.Context, *Socket, Message) (any, error) { runtime.Goexit(); return nil, nil },
		terminate: func(_ context.Context, _ *Socket, reason error) { terminated <- reason },
	})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","exit",{}]`)
	c.want(`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`)
	if reason := <-terminated; reason != ErrCrashed {
		t.Errorf("terminated with %v", reason)
	}
	c.join("room:a")
}
