package channel

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// elapsed pushes how much of the bubble's time has passed since the join.
func elapsed() *host {
	var began time.Time
	return &host{
		fake: fake{in: echo, join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
			began = time.Now()
			var first time.Duration
			json.Unmarshal(params, &first)
			s.After(first, "joined")
			return nil, nil
		}},
		info: func(_ context.Context, s *Socket, value any) error {
			return s.Push("info", []any{value, time.Since(began).String()})
		},
	}
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sockets := make(caught, 1)
		h := elapsed()
		join := h.join
		h.join = func(ctx context.Context, s *Socket, params json.RawMessage) (any, error) {
			sockets.join(ctx, s, params)
			return join(ctx, s, params)
		}
		site := startInBubble(t, Config{Timeout: time.Hour, Routes: routeToHost(h)})
		c := site.dial()
		c.send(`["1","1","room:a","phx_join",1000000000]`)
		c.want(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`)
		s := <-sockets
		every := s.Every(2*time.Second, "tick")
		once := s.After(5*time.Second, "once")
		s.After(time.Minute, "stopped").Stop()
		if n := goroutines("channel.(*Socket).run") + goroutines("channel.(*Timer).fire"); n != 0 {
			t.Errorf("%d goroutines wait for timers", n)
		}
		c.want(`["1",null,"room:a","info",["joined","1s"]]`,
			`["1",null,"room:a","info",["tick","2s"]]`,
			`["1",null,"room:a","info",["tick","4s"]]`,
			`["1",null,"room:a","info",["once","5s"]]`,
			`["1",null,"room:a","info",["tick","6s"]]`)
		every.Stop()
		every.Stop()
		once.Stop()
		time.Sleep(10 * time.Minute)
		c.wantNothing()
		if n := len(s.own.timers); n != 0 {
			t.Errorf("%d timers are kept", n)
		}
		c.Close()
	})
}

func TestTimersEndWithTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sockets := make(caught, 1)
		site := startInBubble(t, Config{Timeout: time.Hour, Routes: routeToHost(&host{fake: fake{join: sockets.join},
			info: func(context.Context, *Socket, any) error {
				t.Error("a timer goes on")
				return nil
			}})})
		c := site.dial()
		c.join("room:a")
		s := <-sockets
		every := s.Every(time.Second, "tick")
		once := s.After(time.Second, "once")
		c.send(`["1","2","room:a","phx_leave",{}]`)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`)
		if every.timer.Stop() {
			t.Error("a timer of a channel that has ended runs")
		}
		once.Stop()
		s.Every(time.Second, "late").Stop()
		if late := s.After(time.Second, "late"); late.timer != nil {
			t.Error("a timer of a channel that has ended runs")
		}
		time.Sleep(time.Minute)
		c.wantNothing()
		c.Close()
	})
}

// A channel that is behind gets a tick once, and a timer stopped by a callback is
// silent from then on.
func TestTimerOfABusyChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var every *Timer
		site := startInBubble(t, Config{Timeout: time.Hour, MaxInfos: 1, Routes: routeToHost(&host{
			info: pushInfo,
			fake: fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
				switch m.Event {
				case "start":
					every = s.Every(time.Second, "tick")
					time.Sleep(10*time.Second + time.Millisecond)
				case "stop":
					time.Sleep(3 * time.Second) // one is on its way
					every.Stop()
					if first, second := s.Send("first"), s.Send("second"); first != nil || second != ErrTooBusy {
						t.Errorf("after many ticks: %v, then %v; want none, then %v", first, second, ErrTooBusy)
					}
				}
				return OK, nil
			}},
		})})
		c := site.dial()
		c.join("room:a")
		c.send(`["1","2","room:a","start",{}]`)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`["1",null,"room:a","info","tick"]`)
		began := time.Now()
		c.want(`["1",null,"room:a","info","tick"]`)
		if wait := time.Since(began); wait != time.Second-time.Millisecond {
			t.Errorf("the next tick came after %v: not in step", wait)
		}
		c.send(`["1","3","room:a","stop",{}]`)
		c.want(`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1",null,"room:a","info","first"]`)
		time.Sleep(time.Minute)
		c.wantNothing()
		c.Close()
	})
}

// When the whole process was asleep, the ticks of that time do not come in a row.
func TestTimerAfterASleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var every *Timer
		var ticks atomic.Int64
		site := startInBubble(t, Config{Timeout: time.Hour, Routes: routeToHost(&host{
			fake: fake{join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
				every = s.Every(time.Second, "tick")
				return nil, nil
			}},
			info: func(context.Context, *Socket, any) error { ticks.Add(1); return nil },
		})})
		c := site.dial()
		c.join("room:a")
		every.s.mu.Lock()
		every.due = every.due.Add(-time.Hour)
		every.s.mu.Unlock()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := ticks.Load(); n != 10 {
			t.Errorf("%d ticks in 10 s, want 10", n)
		}
		c.Close()
	})
}

func TestEveryWantsADuration(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	(&Socket{}).Every(0, nil)
}
