package channel

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// later hands out the refs of the events.
func answersLater(refs chan *Ref) *fake {
	return &fake{in: func(_ context.Context, _ *Socket, m Message) (any, error) {
		refs <- m.Ref
		if m.Event == "now" {
			return OK, nil
		}
		return nil, nil
	}}
}

func TestReplyLater(t *testing.T) {
	refs := make(chan *Ref, 9)
	site := start(t, Config{
		ErrorResponse: func(error) any { return "known" },
		Routes:        routeTo(answersLater(refs)),
	})
	c := site.dial()
	c.join("room:a")
	for i := range 4 {
		c.send(`["1",%d,"room:a","later",{}]`, i)
	}
	c.wantNothing()
	for i, answer := range []func(*Ref) error{
		func(r *Ref) error { return r.Reply(nil) },
		func(r *Ref) error { return r.Reply(brokenPayload{}) },
		func(r *Ref) error { return r.Refuse("no") },
		func(r *Ref) error { return r.Fail(fmt.Errorf("the cause")) },
	} {
		ref := <-refs
		if err := answer(ref); err != nil {
			t.Error(err)
		}
		if err := ref.Reply("again"); err != ErrReplied {
			t.Errorf("answering again: %v, want %v", err, ErrReplied)
		}
		c.want(fmt.Sprintf(`["1",%d,"room:a","phx_reply",%s]`, i, []string{
			`{"status":"ok","response":{}}`,
			`{"status":"error","response":{"reason":"internal error"}}`,
			`{"status":"error","response":"no"}`,
			`{"status":"error","response":"known"}`,
		}[i]))
	}
	c.wantNothing()
}

func TestReplyOutOfOrder(t *testing.T) {
	refs := make(chan *Ref, 9)
	site := start(t, Config{Routes: routeTo(answersLater(refs))})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","later",{}]`)
	c.send(`["1","3","room:a","later",{}]`)
	first, second := <-refs, <-refs
	second.Reply(2)
	first.Reply(1)
	c.want(`["1","3","room:a","phx_reply",{"status":"ok","response":2}]`,
		`["1","2","room:a","phx_reply",{"status":"ok","response":1}]`)
}

// An answer given now leaves nothing for later, and the other way round.
func TestReplyTwice(t *testing.T) {
	var j journal
	refs := make(chan *Ref, 9)
	site := start(t, Config{Log: slog.New(slog.NewTextHandler(&j, nil)), Routes: []Route{
		{Pattern: "room:now", New: func() Channel { return answersLater(refs) }},
		{Pattern: "room:both", New: func() Channel {
			return &fake{in: func(_ context.Context, _ *Socket, m Message) (any, error) { return 2, m.Ref.Reply(1) }}
		}},
	}})
	c := site.dial()
	c.join("room:now")
	c.send(`["1","2","room:now","now",{}]`)
	c.want(`["1","2","room:now","phx_reply",{"status":"ok","response":{}}]`)
	if err := (<-refs).Reply(nil); err != ErrReplied {
		t.Errorf("got %v, want %v", err, ErrReplied)
	}
	c.join("room:both")
	c.send(`["1","2","room:both","both",{}]`)
	c.want(`["1","2","room:both","phx_reply",{"status":"ok","response":1}]`)
	c.wantNothing()
	c.Close()
	site.Close()
	if !strings.Contains(j.b.String(), `msg="an event is answered twice" topic=room:both event=both`) {
		t.Errorf("the log has %s", j.b.String())
	}
}

func TestReplyTooLate(t *testing.T) {
	refs := make(chan *Ref, 9)
	site := start(t, Config{Routes: routeTo(answersLater(refs))})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","later",{}]`)
	ref := <-refs
	c.join2("room:a")
	if err := ref.Reply("late"); err != ErrReplaced {
		t.Errorf("got %v, want %v", err, ErrReplaced)
	}
	c.wantNothing()
}

// join2 joins a topic again, with the refs "2" and "2".
func (c *client) join2(topic string) {
	c.t.Helper()
	c.send(`["2","2",%q,"phx_join",{}]`, topic)
	c.want(fmt.Sprintf(`["1","1",%q,"phx_close",{}]`, topic),
		fmt.Sprintf(`["2","2",%q,"phx_reply",{"status":"ok","response":{}}]`, topic))
}
