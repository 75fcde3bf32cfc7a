package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// bytesChannel answers and sends bytes.
func bytesChannel(_ context.Context, s *Socket, m Message) (any, error) {
	if m.Binary == nil {
		return nil, ErrUnknownEvent
	}
	if string(m.Payload) != "null" {
		return nil, errors.New("a payload beside the bytes")
	}
	switch m.Event {
	case "echo":
		return m.Binary, nil
	case "json":
		return map[string]int{"bytes": len(m.Binary)}, nil
	case "refuse":
		return nil, Refuse(m.Binary)
	case "push":
		return nil, s.Push("pushed", m.Binary)
	case "shout":
		return nil, s.Broadcast("shouted", m.Binary)
	case "whisper":
		return OK, s.BroadcastFrom("whispered", m.Binary)
	}
	return nil, ErrUnknownEvent
}

// The bytes that phoenix.js sends and receives: kind, lengths, fields, payload.
func TestBinaryFrames(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{in: bytesChannel})})
	for _, test := range []struct{ name, sent, binary, text string }{
		{"reply", "\x00\x01\x02\x06\x04123room:aecho\x00\xffdata", "\x01\x01\x02\x06\x02123room:aok\x00\xffdata", ""},
		{"no bytes", "\x00\x01\x01\x06\x0413room:aecho", "\x01\x01\x01\x06\x0213room:aok", ""},
		{"no join_ref", "\x00\x00\x01\x06\x043room:aechoa", "\x01\x01\x01\x06\x0213room:aoka", ""},
		{"no ref", "\x00\x01\x00\x06\x041room:aechoa", "\x01\x01\x00\x06\x021room:aoka", ""},
		{"text reply", "\x00\x01\x01\x06\x0413room:ajson\x00\xffdata", "",
			`["1","3","room:a","phx_reply",{"status":"ok","response":{"bytes":6}}]`},
		{"text reply without refs", "\x00\x00\x00\x06\x04room:ajson", "",
			`["1",null,"room:a","phx_reply",{"status":"ok","response":{"bytes":0}}]`},
		{"an odd ref", "\x00\x01\x02\x06\x041\"\\room:ajson", "",
			`["1","\"\\","room:a","phx_reply",{"status":"ok","response":{"bytes":0}}]`},
		{"error reply", "\x00\x01\x01\x06\x0613room:arefuseno", "\x01\x01\x01\x06\x0513room:aerrorno", ""},
		{"push", "\x00\x01\x01\x06\x0413room:apush\x00\xff", "\x00\x01\x06\x061room:apushed\x00\xff", ""},
		{"broadcast", "\x00\x01\x01\x06\x0513room:ashout\x00\xff", "\x02\x06\x07room:ashouted\x00\xff", ""},
		{"broadcast from", "\x00\x01\x01\x06\x0713room:awhisper\x00\xff", "",
			`["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`},
		{"stale join_ref", "\x00\x01\x01\x06\x0403room:aecho", "", ""},
		{"not joined", "\x00\x01\x01\x06\x0413room:becho", "",
			`[null,"3","room:b","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`},
		{"join", "\x00\x01\x01\x06\x0813room:aphx_joinparams", "",
			`["1","3","room:a","phx_reply",{"status":"error","response":{"reason":"join params must be JSON"}}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := site.dial()
			c.t = t
			c.join("room:a")
			c.WriteMessage(websocket.BinaryMessage, []byte(test.sent))
			if test.binary != "" {
				kind, frame, err := c.ReadMessage()
				if err != nil || kind != websocket.BinaryMessage || string(frame) != test.binary {
					t.Errorf("got %d %q %v\nwant %q", kind, frame, err, test.binary)
				}
			}
			if test.text != "" {
				c.want(test.text)
			}
			c.wantNothing()
		})
	}
}

func TestBinaryGarbage(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	for name, frame := range map[string]string{
		"empty":          "",
		"only a kind":    "\x00",
		"no event":       "\x00\x00\x00\x00",
		"a reply":        "\x01\x01\x01\x01\x02112ok",
		"a broadcast":    "\x02\x01\x01ab",
		"unknown kind":   "\x03\x00\x00\x01\x01te",
		"short":          "\x00\x01\x01\x06\x0513room:aecho",
		"far too short":  "\x00\xff\xff\xff\xff",
		"topic no UTF-8": "\x00\x01\x01\x01\x0113\xffe",
		"ref no UTF-8":   "\x00\x01\x01\x01\x011\xc3te",
	} {
		t.Run(name, func(t *testing.T) {
			c := site.dial()
			c.t = t
			c.WriteMessage(websocket.BinaryMessage, []byte(frame))
			c.wantClose(1011)
		})
	}
}

// A client of version 1 is told clearly that there are no bytes for it, those of
// version 2 get theirs, and the log is not a stranger's to fill.
func TestBinaryOnV1(t *testing.T) {
	var pushed error
	answer := func(_ context.Context, s *Socket, m Message) (any, error) {
		switch m.Event {
		case "push":
			pushed = s.Push("pushed", Binary("x"))
			return OK, nil
		case "shout":
			return OK, s.Broadcast("shouted", Binary("x"))
		case "refuse":
			return nil, Refuse(Binary("x"))
		}
		return Binary("x"), nil
	}
	site := start(t, Config{Routes: routeTo(&fake{in: answer})})
	old, young := site.dialVersion("1.0.0"), site.dial()
	young.join("room:a")
	old.send(`{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}`)
	old.receive()
	for _, event := range []string{"reply", "refuse"} {
		old.send(`{"topic":"room:a","event":%q,"payload":{},"ref":"2"}`, event)
		old.want(`{"topic":"room:a","event":"phx_reply","payload":{"status":"error","response":{"reason":"binary payloads need vsn 2.0.0"}},"ref":"2"}`)
	}
	for _, event := range []string{"push", "shout"} {
		old.send(`{"topic":"room:a","event":%q,"payload":{},"ref":"2"}`, event)
		old.want(`{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"2"}`)
	}
	if !errors.Is(pushed, ErrNoBinary) {
		t.Errorf("Push returned %v, want %v", pushed, ErrNoBinary)
	}
	if got, want := young.receive(), "\x02\x06\x07room:ashoutedx"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A field that does not fit beside bytes is an error, and not another message.
func TestTooLongBesideBinary(t *testing.T) {
	long, longest := strings.Repeat("x", 256), strings.Repeat("x", 255)
	errs := make(chan [4]error, 1)
	site := start(t, Config{Routes: routeTo(&fake{in: func(_ context.Context, s *Socket, m Message) (any, error) {
		if m.Event == "reply" {
			return Binary("x"), nil
		}
		errs <- [4]error{
			s.Push(long, Binary("x")), s.Broadcast(long, Binary("x")), s.BroadcastFrom(long, Binary("x")),
			s.Push(longest, Binary("x")),
		}
		s.conn.srv.cfg.PubSub.Broadcast(s.Topic(), long, Binary("x"))
		return nil, nil
	}})})
	c := site.dial()
	c.join("room:a")
	c.send(`["1","2","room:a","try",{}]`)
	got := <-errs
	for i, err := range got[:3] {
		if !errors.Is(err, errTooLong) {
			t.Errorf("%d: got %v, want %v", i, err, errTooLong)
		}
	}
	if got[3] != nil {
		t.Errorf("255 bytes: %v", got[3])
	}
	if got, want := c.receive(), "\x00\x01\x06\xff1room:a"+longest+"x"; got != want {
		t.Errorf("got %q", got)
	}
	c.send(`["1",%q,"room:a","reply",{}]`, long)
	c.want(`["1","` + long + `","room:a","phx_reply",{"status":"error","response":{"reason":"internal error"}}]`)
	c.send(`["1",[7],"room:a","reply",{}]`) // a ref that is no string
	c.want("\x01\x01\x03\x06\x021[7]room:aokx")
	c.wantNothing()
}

// FuzzDecodeBinary holds the decoder against the encoding that phoenix.js uses.
func FuzzDecodeBinary(f *testing.F) {
	for _, seed := range []string{
		"\x00\x01\x02\x06\x04123room:aecho\x00\xffdata", "\x00\x00\x00\x00\x00", "\x00\xff\xff\xff\xff", "\x01", "",
		"\x00\x01\x00\x00\x00\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := v2{}.decode(websocket.BinaryMessage, data)
		if err != nil {
			if !errors.Is(err, errNoMessage) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if m.binary == nil || string(m.payload) != "null" || !json.Valid(m.ref) || !json.Valid(m.joinRef) ||
			!utf8.ValidString(m.topic+m.event) {
			t.Fatalf("%q became %+v", data, m)
		}
		frame, err := binaryFrame(kindPush, m.binary, appendRef(nil, m.joinRef), appendRef(nil, m.ref), []byte(m.topic),
			[]byte(m.event))
		if err != nil {
			t.Fatal(err)
		}
		if opcode, again := ws.Open(frame); opcode != websocket.BinaryMessage || !bytes.Equal(again, data) {
			t.Fatalf("sent %q, understood %q", data, again)
		}
	})
}

// A message keeps nothing of the buffer that it was read from: others read theirs
// into it while the channel has not come to it yet.
func TestDecodedMessageKeepsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		speaks serializer
		opcode int
		frame  string
	}{
		"v1":     {v1{}, websocket.TextMessage, `{"topic":"t","event":"e","payload":{"a":1},"ref":"2","join_ref":"1"}`},
		"v2":     {v2{}, websocket.TextMessage, `["1","2","t","e",{"a":1}]`},
		"binary": {v2{}, websocket.BinaryMessage, "\x00\x01\x01\x01\x0112tedata"},
	} {
		data := []byte(test.frame)
		m, err := test.speaks.decode(test.opcode, data)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("%s %s %s %s %s %q", m.joinRef, m.ref, m.topic, m.event, m.payload, m.binary)
		clear(data)
		if got := fmt.Sprintf("%s %s %s %s %s %q",
			m.joinRef, m.ref, m.topic, m.event, m.payload, m.binary); got != want {
			t.Errorf("%s: it was %s, and became %s", name, want, got)
		}
	}
}
