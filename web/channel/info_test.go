package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"sneakers23/replication/pubsub"
)

// host is a fake that takes messages from Go code and intercepts broadcasts, too.
type host struct {
	fake
	info       func(ctx context.Context, s *Socket, value any) error
	intercepts []string
	out        func(ctx context.Context, s *Socket, m *pubsub.Message) error
}

func (h *host) HandleInfo(ctx context.Context, s *Socket, value any) error {
	return h.info(ctx, s, value)
}

func (h *host) Intercepts() []string { return h.intercepts }

func (h *host) HandleOut(ctx context.Context, s *Socket, m *pubsub.Message) error {
	return h.out(ctx, s, m)
}

func routeToHost(h *host) []Route {
	return []Route{{Pattern: "room:*", New: func() Channel { c := *h; return &c }}}
}

// pushInfo pushes what it is told.
func pushInfo(_ context.Context, s *Socket, value any) error { return s.Push("info", value) }

// caught keeps the sockets of those who join.
type caught chan *Socket

func (c caught) join(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
	c <- s
	return nil, nil
}

func TestSend(t *testing.T) {
	sockets := make(caught, 1)
	site := start(t, Config{Routes: routeToHost(&host{info: pushInfo, fake: fake{
		in: func(_ context.Context, s *Socket, m Message) (any, error) {
			return m.Payload, errors.Join(s.Send("from HandleIn"), s.Push("first", nil))
		},
		join: func(ctx context.Context, s *Socket, params json.RawMessage) (any, error) {
			s.Send("from Join")
			return sockets.join(ctx, s, params)
		},
	}})})
	c := site.dial()
	c.join("room:a")
	c.want(`["1",null,"room:a","info","from Join"]`)
	s := <-sockets
	if err := s.Send("from elsewhere"); err != nil {
		t.Error(err)
	}
	c.want(`["1",null,"room:a","info","from elsewhere"]`)
	c.send(`["1","2","room:a","send",7]`)
	c.want(`["1",null,"room:a","first",{}]`,
		`["1","2","room:a","phx_reply",{"status":"ok","response":7}]`,
		`["1",null,"room:a","info","from HandleIn"]`)
	c.send(`["1","3","room:a","phx_leave",{}]`)
	c.want(`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`)
	if err := s.Send("late"); err != ErrLeft {
		t.Errorf("sending to a channel that has ended: %v, want %v", err, ErrLeft)
	}
	if s.Stop(); s.stopping {
		t.Error("a channel that has ended is stopped again")
	}
	c.wantNothing()
}

// Messages of Go code are bounded, those of the client are counted apart.
func TestSendIsBounded(t *testing.T) {
	sockets, entered := make(caught, 1), make(chan struct{})
	block, open := gate()
	defer open()
	site := start(t, Config{MaxInfos: 3, MaxMailbox: 2, Routes: routeToHost(&host{info: pushInfo, fake: fake{
		join: sockets.join,
		in: func(_ context.Context, _ *Socket, m Message) (any, error) {
			if m.Event == "block" {
				close(entered)
				<-block
			}
			return OK, nil
		},
	}})})
	c := site.dial()
	c.join("room:a")
	s := <-sockets
	c.send(`["1","2","room:a","block",{}]`)
	<-entered
	for i, want := range []error{nil, nil, nil, ErrTooBusy, ErrTooBusy} {
		if err := s.Send(i); err != want {
			t.Errorf("message %d: %v, want %v", i, err, want)
		}
	}
	c.send(`["1","3","room:a","event",{}]`)
	c.send(`["1","4","room:a","event",{}]`)
	c.send(`["1","5","room:a","event",{}]`)
	c.want(`["1","5","room:a","phx_reply",{"status":"error","response":{"reason":"too busy"}}]`)
	open()
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
	for i := range 3 {
		c.want(fmt.Sprintf(`["1",null,"room:a","info",%d]`, i))
	}
	c.want(`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`,
		`["1","4","room:a","phx_reply",{"status":"ok","response":{}}]`)
	if err := s.Send("again"); err != nil {
		t.Error(err)
	}
	c.want(`["1",null,"room:a","info","again"]`)
}

func TestInfoFails(t *testing.T) {
	var j journal
	sockets := make(caught, 2)
	site := start(t, Config{
		Log: slog.New(slog.NewTextHandler(&j, nil)),
		Routes: routeToHost(&host{fake: fake{join: sockets.join, in: echo},
			info: func(_ context.Context, _ *Socket, value any) error {
				if value == "panic" {
					panic("on purpose")
				}
				return errors.New("the cause")
			}}),
	})
	c := site.dial()
	c.join("room:a")
	s := <-sockets
	s.Send("fail")
	s.Send("panic")
	c.want(`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`)
	c.join("room:a")
	for _, want := range []string{
		`msg="a callback failed" topic=room:* event=info err="the cause"`,
		`msg="a channel panicked" topic=room:* event=info panic="on purpose"`,
	} {
		if log := j.b.String(); !strings.Contains(log, want) {
			t.Errorf("not in the log: %s", want)
		}
	}
}

func TestSendToAChannelWithoutHandleInfo(t *testing.T) {
	var j journal
	sockets := make(caught, 1)
	site := start(t, Config{
		Log: slog.New(slog.NewTextHandler(&j, nil)), Routes: routeTo(&fake{join: sockets.join, in: echo}),
	})
	c := site.dial()
	c.join("room:a")
	(<-sockets).Send("hello?")
	c.send(`["1","2","room:a","done",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
	if !strings.Contains(j.b.String(), "a channel without HandleInfo got a message") {
		t.Error("nothing is logged")
	}
}

func TestStop(t *testing.T) {
	sockets, reasons := make(caught, 1), make(chan error, 1)
	site := start(t, Config{Routes: routeToHost(&host{
		fake: fake{
			join: func(ctx context.Context, s *Socket, params json.RawMessage) (any, error) {
				if string(params) == `"stop"` {
					s.Stop()
				}
				return sockets.join(ctx, s, params)
			},
			in: func(_ context.Context, s *Socket, m Message) (any, error) {
				s.Stop()
				s.Push("bye", nil)
				if m.Event == "refuse" {
					return nil, Refuse(m.Payload)
				}
				return m.Payload, nil
			},
			terminate: func(_ context.Context, _ *Socket, reason error) { reasons <- reason },
		},
		info: func(_ context.Context, s *Socket, value any) error {
			s.Stop()
			s.Stop()
			return s.Push("info", value)
		},
	})})
	c := site.dial()
	const okay = `["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`
	for name, test := range map[string]struct {
		join string
		stop func(s *Socket)
		want []string
	}{
		"in Join": {`"stop"`, func(*Socket) {}, []string{okay}},
		"in HandleIn": {`{}`, func(*Socket) { c.send(`["1","2","room:a","dong",7]`) }, []string{okay,
			`["1",null,"room:a","bye",{}]`,
			`["1","2","room:a","phx_reply",{"status":"ok","response":7}]`}},
		"in HandleIn, refusing": {`{}`, func(*Socket) { c.send(`["1","2","room:a","refuse",7]`) }, []string{okay,
			`["1",null,"room:a","bye",{}]`,
			`["1","2","room:a","phx_reply",{"status":"error","response":7}]`}},
		"in HandleInfo": {
			`{}`, func(s *Socket) { s.Send("x"); s.Send("y") }, []string{okay, `["1",null,"room:a","info","x"]`},
		},
		"elsewhere": {`{}`, (*Socket).Stop, []string{okay}},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.send(`["1","1","room:a","phx_join",%s]`, test.join)
			s := <-sockets
			test.stop(s)
			c.want(test.want...)
			c.want(`["1","1","room:a","phx_close",{}]`)
			if reason := <-reasons; reason != ErrStopped {
				t.Errorf("terminated with %v, want %v", reason, ErrStopped)
			}
			s.Stop()
			c.wantNothing()
		})
	}
	if n := site.cfg.PubSub.Count("room:a"); n != 0 {
		t.Errorf("%d are still subscribed", n)
	}
}

// Events that wait behind the callback that stops are answered as if they came later.
func TestStopLeavesWhatWaits(t *testing.T) {
	entered := make(chan struct{})
	block, open := gate()
	defer open()
	site := start(t, Config{Routes: routeTo(&fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
		close(entered)
		<-block
		s.Stop()
		return OK, nil
	}})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","dong",{}]`)
	<-entered
	c.send(`["1","3","room:a","ping",{}]`)
	c.wantNothing()
	open()
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`,
		`["1","1","room:a","phx_close",{}]`,
		`[null,"3","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
}

func TestIntercept(t *testing.T) {
	ps := pubsub.New()
	site := start(t, Config{
		PubSub:  ps,
		Connect: func(info ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		Routes: routeToHost(&host{
			intercepts: []string{"changed", "dropped", "panic", "refused"},
			fake: fake{in: echo, join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
				return nil, s.Broadcast("changed", map[string]int{"n": 0})
			}},
			out: func(_ context.Context, s *Socket, m *pubsub.Message) error {
				switch m.Event {
				case "dropped":
					return nil
				case "panic":
					panic("on purpose")
				case "refused":
					s.Stop()
				}
				return s.Push(m.Event, []any{Assigns[string](s), m.Topic, m.Payload})
			},
		}),
	})
	ann := site.dialAs("ann")
	ann.join("room:a")
	ann.want(`["1",null,"room:a","changed",["ann","room:a",{"n":0}]]`) // after the reply, as all
	bob := site.dialAs("bob")
	bob.join("room:a")
	bob.want(`["1",null,"room:a","changed",["bob","room:a",{"n":0}]]`)
	ann.want(`["1",null,"room:a","changed",["ann","room:a",{"n":0}]]`)

	ann.send(`["1","2","room:a","whisper",{}]`)
	bob.want(`[null,null,"room:a","whispered",{}]`) // not intercepted: the frame that all share
	ps.Broadcast("room:a", "dropped", nil)
	ps.Broadcast("room:a", "changed", 1)
	ann.want(`["1",null,"room:a","changed",["ann","room:a",1]]`)
	bob.want(`["1",null,"room:a","changed",["bob","room:a",1]]`)
	ann.wantNothing()

	ps.Broadcast("room:a", "refused", 2)
	ann.want(`["1",null,"room:a","refused",["ann","room:a",2]]`, `["1","1","room:a","phx_close",{}]`)
	bob.want(`["1",null,"room:a","refused",["bob","room:a",2]]`, `["1","1","room:a","phx_close",{}]`)
	bob.join("room:a")
	bob.want(`["1",null,"room:a","changed",["bob","room:a",{"n":0}]]`)
	ps.Broadcast("room:a", "panic", nil)
	bob.want(`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`)
	ann.wantNothing()
}

// A channel that does not keep up with what it intercepts is ended, and its client told to join
// again; the others do not notice.
func TestInterceptingTooMuch(t *testing.T) {
	reasons := make(chan error, 1)
	block, open := gate()
	defer open()
	site := start(t, Config{MaxInfos: 3, Routes: routeToHost(&host{
		intercepts: []string{"noise"},
		fake: fake{in: echo, terminate: func(_ context.Context, _ *Socket, reason error) {
			select {
			case reasons <- reason:
			default:
			}
		}},
		out: func(_ context.Context, s *Socket, m *pubsub.Message) error {
			if s.Topic() == "room:slow" {
				<-block
			}
			return s.Push(m.Event, m.Payload)
		},
	})})
	c := site.dial()
	c.join("room:slow")
	c.join("room:a")
	for i := range 6 { // one is handled, three wait, there may be no more
		site.cfg.PubSub.Broadcast("room:slow", "noise", i)
	}
	c.want(`["1","1","room:slow","phx_error",{"reason":"too busy"}]`)
	c.send(`["1","2","room:a","done",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`)
	open()
	if reason := <-reasons; reason != ErrFellBehind {
		t.Errorf("terminated with %v, want %v", reason, ErrFellBehind)
	}
	c.join("room:slow")
	c.wantNothing()
}

func TestAssigns(t *testing.T) {
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { return info.Params.Get("user"), nil },
		Routes: routeTo(&fake{join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
			if string(params) == `"wrong"` {
				return Assigns[int](s), nil
			}
			return Assigns[string](s), nil
		}}),
	})
	c := site.dialAs("ann")
	c.send(`["1","1","room:a","phx_join",{}]`)
	c.want(`["1","1","room:a","phx_reply",{"status":"ok","response":"ann"}]`)
	c.send(`["2","2","room:b","phx_join","wrong"]`)
	c.want(`["2","2","room:b","phx_reply",{"status":"error","response":{"reason":"join crashed"}}]`)
}
