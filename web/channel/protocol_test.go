package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// echo knows the events that the tests of the protocol need.
func echo(_ context.Context, s *Socket, m Message) (any, error) {
	switch m.Event {
	case "echo":
		return m.Payload, nil
	case "quiet":
		return nil, nil
	case "done":
		return OK, nil
	case "refuse":
		return nil, Refuse(map[string]string{"error": "duplicate_item"})
	case "fail":
		return nil, errors.New("the cause, which is ours")
	case "push":
		return nil, s.Push("pushed", m.Payload)
	case "shout":
		return nil, s.Broadcast("shouted", m.Payload)
	case "whisper":
		return nil, s.BroadcastFrom("whispered", m.Payload)
	case "panic":
		panic("on purpose")
	}
	return nil, ErrUnknownEvent
}

// Every line of the contract's part on frames: what the client sends, what it gets.
func TestFrames(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{in: echo})})
	join := []string{`["1","2","room:a","phx_join",{}]`, `["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`}
	for _, test := range []struct {
		name   string
		joined bool
		frames []string // > is sent, < is wanted
	}{
		{"heartbeat", false, []string{
			`> [null,"7","phoenix","heartbeat",{}]`,
			`< [null,"7","phoenix","phx_reply",{"status":"ok","response":{}}]`}},
		{"refs of any type", false, []string{
			`> [ null , {"a": [1, "é"]} ,"phoenix","heartbeat",null]`,
			`< [null,{"a": [1, "é"]},"phoenix","phx_reply",{"status":"ok","response":{}}]`,
			`> [1.50,-0,"room:a","phx_join",{}]`,
			`< [1.50,-0,"room:a","phx_reply",{"status":"ok","response":{}}]`,
			`> [1.50,null,"room:a","done",{}]`,
			`< [1.50,null,"room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"join without a route", false, []string{
			`> ["1","2","lobby","phx_join",{}]`,
			`< [null,"2","lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`}},
		{"join without a join_ref", false, []string{
			`> [null,"2","room:a","phx_join",{}]`,
			`< [null,"2","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`> [null,"3","room:a","push",{"n":1}]`,
			`< ["2",null,"room:a","pushed",{"n":1}]`,
			`> ["2","4","room:a","done",{}]`,
			`< ["2","4","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`> [null,"5","room:a","phx_leave",{}]`,
			`< ["2","5","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`< ["2","2","room:a","phx_close",{}]`}},
		{"join twice", true, []string{
			`> ["9","9","room:a","phx_join",{}]`,
			`< ["1","1","room:a","phx_close",{}]`,
			`< ["9","9","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`> ["9","10","room:a","done",{}]`,
			`< ["9","10","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"stale join_ref", true, []string{
			`> ["0","3","room:a","done",{}]`,
			`> ["0","4","room:a","phx_leave",{}]`,
			`> [null,"5","room:a","done",{}]`,
			`< ["1","5","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"leave", true, []string{
			`> ["1","3","room:a","phx_leave",{}]`,
			`< ["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`< ["1","1","room:a","phx_close",{}]`,
			`> ["1","4","room:a","done",{}]`,
			`< [null,"4","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`}},
		{"leave what was not joined", false, []string{
			`> ["1","3","room:a","phx_leave",{}]`,
			`< ["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`> [null,"4","lobby","phx_leave",{}]`,
			`< [null,"4","lobby","phx_reply",{"status":"ok","response":{}}]`}},
		{"leave and join at once", true, []string{
			`> ["1","3","room:a","phx_leave",{}]`,
			`> ["4","4","room:a","phx_join",{}]`,
			`< ["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`,
			`< ["1","1","room:a","phx_close",{}]`,
			`< ["4","4","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"event on a topic not joined", false, []string{
			`> ["1","3","room:a","echo",{}]`,
			`< [null,"3","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`,
			`> [null,"4","phoenix","echo",{}]`,
			`< [null,"4","phoenix","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`}},
		{"reply", true, []string{
			`> ["1","3","room:a","echo",{"b": 1,"a":"<é>"}]`,
			`< ["1","3","room:a","phx_reply",{"status":"ok","response":{"b": 1,"a":"<é>"}}]`}},
		{"no reply", true, []string{
			`> ["1","3","room:a","quiet",{}]`,
			`> ["1","4","room:a","done",[]]`,
			`< ["1","4","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"error reply", true, []string{
			`> ["1","3","room:a","refuse",{}]`,
			`< ["1","3","room:a","phx_reply",{"status":"error","response":{"error":"duplicate_item"}}]`}},
		{"unforeseen error", true, []string{
			`> ["1","3","room:a","fail",{}]`,
			`< ["1","3","room:a","phx_reply",{"status":"error","response":{"reason":"internal error"}}]`}},
		{"unknown event", true, []string{
			`> ["1","3","room:a","what?",{}]`,
			`< ["1","3","room:a","phx_reply",{"status":"error","response":{"reason":"unknown event"}}]`,
			`> ["1","4","room:a","done",{}]`,
			`< ["1","4","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"push", true, []string{
			`> ["1","3","room:a","push",{"n":1}]`,
			`< ["1",null,"room:a","pushed",{"n":1}]`}},
		{"broadcast", true, []string{
			`> ["1","3","room:a","shout",{"n":1}]`,
			`< [null,null,"room:a","shouted",{"n":1}]`}},
		{"broadcast from", true, []string{
			`> ["1","3","room:a","whisper",{"n":1}]`,
			`> ["1","4","room:a","done",{}]`,
			`< ["1","4","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"panic", true, []string{
			`> ["5","5","room:b","phx_join",{}]`,
			`< ["5","5","room:b","phx_reply",{"status":"ok","response":{}}]`,
			`> ["1","6","room:a","panic",{}]`,
			`< ["1","1","room:a","phx_error",{"reason":"channel_crash"}]`,
			`> ["1","7","room:a","done",{}]`,
			`< [null,"7","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`,
			`> ["5","8","room:b","done",{}]`,
			`< ["5","8","room:b","phx_reply",{"status":"ok","response":{}}]`,
			`> ["9","9","room:a","phx_join",{}]`,
			`< ["9","9","room:a","phx_reply",{"status":"ok","response":{}}]`}},
		{"odd topics", false, []string{
			`> ["1","2","room:\u0007","phx_join",{}]`,
			`< ["1","2","room:\u0007","phx_reply",{"status":"ok","response":{}}]`,
			`> ["1","2","room:\"\\\u0007é\u2028<","phx_join",{}]`,
			`< ["1","2","room:\"\\\u0007é\u2028<","phx_reply",{"status":"ok","response":{}}]`}},
	} {
		frames := test.frames
		if test.joined {
			frames = append([]string{
				"> " + strings.Replace(join[0], `"2"`, `"1"`, 1),
				"< " + strings.Replace(join[1], `"2"`, `"1"`, 1),
			}, frames...)
		}
		frames = append(frames, `> [null,"hb","phoenix","heartbeat",{}]`,
			`< [null,"hb","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		site.talk(t, test.name, "2.0.0", frames)
	}
}

// talk runs a dialogue on both transports: > is sent, < is wanted.
func (s *site) talk(t *testing.T, name, vsn string, frames []string) {
	t.Run(name+", WebSocket", func(t *testing.T) {
		c := s.dialVersion(vsn)
		c.t = t
		for _, frame := range frames {
			if text, sent := strings.CutPrefix(frame, "> "); sent {
				c.send("%s", text)
			} else {
				c.want(frame[2:])
			}
		}
	})
	t.Run(name+", long-poll", func(t *testing.T) {
		c := s.poller(t, vsn)
		for _, frame := range frames {
			if text, sent := strings.CutPrefix(frame, "> "); sent {
				c.publish(text)
			} else {
				c.want(frame[2:])
			}
		}
	})
}

func TestJoinRefused(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
			switch s.Topic() {
			case "room:gone":
				return nil, Refuse(map[string]string{"reason": "not_found"})
			case "room:panic":
				panic("on purpose")
			case "room:broken":
				return nil, errors.New("the cause, which is ours")
			}
			return params, nil
		},
		terminate: func(_ context.Context, s *Socket, _ error) {
			if s.Topic() != "room:fine" {
				t.Errorf("Terminate was called for %s", s.Topic())
			}
		},
	})})
	c := site.dial()
	for topic, reply := range map[string]string{
		"room:gone":   `{"status":"error","response":{"reason":"not_found"}}`,
		"room:panic":  `{"status":"error","response":{"reason":"join crashed"}}`,
		"room:broken": `{"status":"error","response":{"reason":"internal error"}}`,
		"room:fine":   `{"status":"ok","response":{"released":false}}`,
	} {
		c.send(`["1","2",%q,"phx_join",{"released":false}]`, topic)
		c.want(fmt.Sprintf(`["1","2",%q,"phx_reply",%s]`, topic, reply))
	}
	c.send(`["1","3","room:gone","echo",{}]`)
	c.want(`[null,"3","room:gone","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
	if n := site.cfg.PubSub.Count("room:gone"); n != 0 {
		t.Errorf("a refused channel is still subscribed")
	}
}

// A panic in what finds the words for an error is one of the channel.
func TestErrorResponsePanics(t *testing.T) {
	site := start(t, Config{
		Routes:        routeTo(&fake{in: echo}),
		ErrorResponse: func(error) any { panic("on purpose") },
	})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","fail",{}]`)
	c.want(`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`)
}

func TestErrorResponse(t *testing.T) {
	soldOut := errors.New("sold out")
	site := start(t, Config{
		Routes: routeTo(&fake{in: func(context.Context, *Socket, Message) (any, error) {
			return nil, fmt.Errorf("sell: %w", soldOut)
		}}),
		ErrorResponse: func(err error) any {
			if errors.Is(err, soldOut) {
				return map[string]string{"error": "sold_out"}
			}
			return nil
		},
	})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","buy",{}]`)
	c.want(`["1","2","room:a","phx_reply",{"status":"error","response":{"error":"sold_out"}}]`)
}

func TestTooManyChannels(t *testing.T) {
	site := start(t, Config{MaxChannels: 2, Routes: routeTo(&fake{})})
	c := site.dial()
	c.join("room:1")
	c.join("room:2")
	c.send(`["1","2","room:3","phx_join",{}]`)
	c.want(`["1","2","room:3","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]`)
	c.send(`["1","2","lobby","phx_join",{}]`)
	c.want(`[null,"2","lobby","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`)
	c.send(`["3","3","room:2","phx_join",{}]`) // a rejoin needs no more room
	c.want(`["1","1","room:2","phx_close",{}]`, `["3","3","room:2","phx_reply",{"status":"ok","response":{}}]`)
	c.send(`["1","4","room:1","phx_leave",{}]`)
	c.want(`["1","4","room:1","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:1","phx_close",{}]`)
	c.send(`["5","5","room:3","phx_join",{}]`)
	c.want(`["5","5","room:3","phx_reply",{"status":"ok","response":{}}]`)
}
