package channel

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// dialVersion connects with a vsn; "none" leaves it out.
func (s *site) dialVersion(vsn string) *client {
	s.t.Helper()
	url := strings.Replace(s.url(), "2.0.0", vsn, 1)
	if vsn == "none" {
		url = strings.TrimSuffix(s.url(), "?vsn=2.0.0")
	}
	conn, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return newClient(s.t, conn)
}

// The frames of TestFrames, which are in version 2, in version 1.
func TestFramesV1(t *testing.T) {
	site := start(t, Config{MaxChannels: 2, Routes: routeTo(&fake{in: echo})})
	const joined = `{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`
	for _, test := range []struct {
		name   string
		joined bool
		frames []string // > is sent, < is wanted
	}{
		{"heartbeat", false, []string{
			`> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"7"}`,
			`< {"topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"7"}`}},
		{"fields in any order, refs of any type", false, []string{
			`>  {"ref": {"a": [1]} , "payload":null,"more":1, "event":"heartbeat","topic":"phoenix","join_ref":5}`,
			`< {"topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":{"a": [1]}}`,
			`> {"topic":"room:a","event":"phx_join","payload":{},"ref":1}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":1}`,
			`> {"topic":"room:a","event":"done","payload":{},"ref":null}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":null}`}},
		{"join without a route", false, []string{
			`> {"topic":"lobby","event":"phx_join","payload":{},"ref":"2"}`,
			`< {"topic":"lobby","event":"phx_reply","payload":{"status":"error","response":{"reason":"unmatched topic"}},"ref":"2"}`}},
		{"event on a topic not joined", false, []string{
			`> {"topic":"room:a","event":"echo","payload":{},"ref":"2"}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"error","response":{"reason":"unmatched topic"}},"ref":"2"}`}},
		{"leave", true, []string{
			`> {"topic":"room:a","event":"phx_leave","payload":{},"ref":"3"}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"3"}`,
			`< {"topic":"room:a","event":"phx_close","payload":{},"ref":null}`,
			`> {"topic":"room:a","event":"phx_leave","payload":{},"ref":"4"}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"4"}`}},
		{"join twice", true, []string{
			`> {"topic":"room:a","event":"phx_join","payload":{},"ref":"3"}`,
			`< {"topic":"room:a","event":"phx_close","payload":{},"ref":null}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"3"}`}},
		{"stale join_ref", true, []string{
			`> {"topic":"room:a","event":"done","payload":{},"ref":"3","join_ref":"0"}`}},
		{"too many channels", true, []string{
			`> {"topic":"room:b","event":"phx_join","payload":{},"ref":"3"}`,
			`< {"topic":"room:b","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"3"}`,
			`> {"topic":"room:c","event":"phx_join","payload":{},"ref":"4"}`,
			`< {"topic":"room:c","event":"phx_reply","payload":{"status":"error","response":{"reason":"too many channels joined"}},"ref":"4"}`}},
		{"reply", true, []string{
			`> {"topic":"room:a","event":"echo","payload":{"b": 1,"a":"<é>"},"ref":"3"}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{"b": 1,"a":"<é>"}},"ref":"3"}`}},
		{"unknown event", true, []string{
			`> {"topic":"room:a","event":"what?","payload":{},"ref":"3"}`,
			`< {"topic":"room:a","event":"phx_reply","payload":{"status":"error","response":{"reason":"unknown event"}},"ref":"3"}`}},
		{"push", true, []string{
			`> {"topic":"room:a","event":"push","payload":{"n":1},"ref":"3"}`,
			`< {"topic":"room:a","event":"pushed","payload":{"n":1},"ref":null}`}},
		{"broadcast", true, []string{
			`> {"topic":"room:a","event":"shout","payload":[],"ref":"3"}`,
			`< {"topic":"room:a","event":"shouted","payload":[],"ref":null}`}},
		{"panic", true, []string{
			`> {"topic":"room:a","event":"panic","payload":{},"ref":"3"}`,
			`< {"topic":"room:a","event":"phx_error","payload":{"reason":"channel_crash"},"ref":null}`}},
		{"odd topics", false, []string{
			`> {"topic":"room:\"\\\u0007é","event":"phx_join","payload":{},"ref":"\u0007"}`,
			`< {"topic":"room:\"\\\u0007é","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"\u0007"}`}},
	} {
		frames := test.frames
		if test.joined {
			frames = append([]string{`> {"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}`, "< " + joined},
				frames...)
		}
		frames = append(frames, `> {"topic":"phoenix","event":"heartbeat","payload":{},"ref":"hb"}`,
			`< {"topic":"phoenix","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"hb"}`)
		site.talk(t, test.name, "1.0.0", frames)
	}
}

func TestBadFramesV1(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	for name, test := range map[string]struct {
		opcode int
		frame  string
		code   int
	}{
		"no JSON":        {websocket.TextMessage, `hello`, 1011},
		"version 2":      {websocket.TextMessage, `[null,"1","phoenix","heartbeat",{}]`, 1011},
		"null":           {websocket.TextMessage, `null`, 1011},
		"no topic":       {websocket.TextMessage, `{"event":"e","payload":{},"ref":"1"}`, 1011},
		"no event":       {websocket.TextMessage, `{"topic":"t","payload":{},"ref":"1"}`, 1011},
		"no payload":     {websocket.TextMessage, `{"topic":"t","event":"e","ref":"1"}`, 1011},
		"no ref":         {websocket.TextMessage, `{"topic":"t","event":"e","payload":{}}`, 1011},
		"Topic":          {websocket.TextMessage, `{"Topic":"t","event":"e","payload":{},"ref":"1"}`, 1011},
		"topic null":     {websocket.TextMessage, `{"topic":null,"event":"e","payload":{},"ref":"1"}`, 1011},
		"event a number": {websocket.TextMessage, `{"topic":"t","event":1,"payload":{},"ref":"1"}`, 1011},
		"binary":         {websocket.BinaryMessage, "\x00\x00\x00\x00\x00", 1011},
		"text in binary": {websocket.BinaryMessage, `{"topic":"t","event":"e","payload":{},"ref":"1"}`, 1011},
		"not UTF-8": {
			websocket.TextMessage, "{\"topic\":\"\xff\",\"event\":\"e\",\"payload\":{},\"ref\":\"1\"}", 1007,
		},
		"two objects":     {websocket.TextMessage, `{"topic":"t","event":"e","payload":{},"ref":"1"}{}`, 1011},
		"nothing but {}":  {websocket.TextMessage, `{}`, 1011},
		"an array of two": {websocket.TextMessage, `[{},{}]`, 1011},
	} {
		t.Run(name, func(t *testing.T) {
			c := site.dialVersion("1.0.0")
			c.t = t
			c.WriteMessage(test.opcode, []byte(test.frame))
			c.wantClose(test.code)
		})
	}
}

// Sockets of both versions hear a broadcast, each in its own words.
func TestBroadcastToBothVersions(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	old, young := site.dialVersion("none"), site.dialVersion("2.0.0")
	old.send(`{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}`)
	old.receive()
	young.join("room:a")
	site.cfg.PubSub.Broadcast("room:a", "shouted", map[string]int{"n": 1})
	old.want(`{"topic":"room:a","event":"shouted","payload":{"n":1},"ref":null}`)
	young.want(`[null,null,"room:a","shouted",{"n":1}]`)
}

// FuzzDecodeV1 holds the decoder against the plain reading of the protocol: an
// object with two strings; ref and payload come back as they were sent.
func FuzzDecodeV1(f *testing.F) {
	for _, seed := range []string{
		`{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}`,
		` { "ref":1.50,"payload":[1],"join_ref":{},"event":"e\"v","topic":"room:\u00e9" , "topic":"twice" } `,
		`{"topic":null,"event":"e","payload":{},"ref":"1"}`, `{}`, `[]`, `{`, ``, `null`, "{\"topic\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := v1{}.decode(websocket.TextMessage, data)
		if err != nil {
			if !errors.Is(err, errNoMessage) && !errors.Is(err, errNotUTF8) ||
				errors.Is(err, errNotUTF8) == utf8.Valid(data) {
				t.Fatalf("%v for %q", err, data)
			}
			return
		}
		var sent map[string]any
		if !utf8.Valid(data) || json.Unmarshal(data, &sent) != nil {
			t.Fatalf("took %q", data)
		}
		if sent["topic"] != m.topic || sent["event"] != m.event {
			t.Fatalf("sent %q, understood topic %q, event %q", data, m.topic, m.event)
		}
		for field, got := range map[string]json.RawMessage{"ref": m.ref, "payload": m.payload, "join_ref": m.joinRef} {
			want, _ := json.Marshal(sent[field])
			if !sameJSON(want, got) {
				t.Fatalf("sent %q, understood %s %s", data, field, got)
			}
		}
		reply := payloadOf(t, v1{}.reply(null, m.ref, m.topic, statusOK, m.payload))
		topic, _ := json.Marshal(m.topic)
		want := fmt.Sprintf(`{"topic":%s,"event":"phx_reply","payload":{"status":"ok","response":%s},"ref":%s}`,
			topic, m.payload, m.ref)
		if !sameJSON(reply, []byte(want)) {
			t.Fatalf("the reply to %q is %q", data, reply)
		}
	})
}
