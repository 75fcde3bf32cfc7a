package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// FuzzDecodeV2 holds the decoder against the plain reading of the protocol: an array
// of five with two strings; refs and payload come back as they were sent.
// isMessage asks encoding/json whether this is an array of five with a topic and an
// event.
func isMessage(data []byte) bool {
	var parts []any
	if json.Unmarshal(data, &parts) != nil || len(parts) != 5 {
		return false
	}
	_, topic := parts[2].(string)
	_, event := parts[3].(string)
	return topic && event
}

func FuzzDecodeV2(f *testing.F) {
	for _, seed := range []string{
		`[null,"1","phoenix","heartbeat",{}]`,
		`["1","2","room:a","phx_join",{"released":false}]`,
		` [ 1.50 , {"a":[]} , "room:\u00e9\ud83d\ude00" , "e\"v\\" , [ 1 , 2 ] ] `,
		`["1","2",null,"echo",{}]`, `["1","2","t","e"]`, `["1","2","t","e",{},{}]`, `{}`, `[`, ``, `null`, "[\"\xff\"]",
		`[,,,,]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := v2{}.decode(websocket.TextMessage, data)
		if err != nil {
			if !errors.Is(err, errNoMessage) && !errors.Is(err, errNotUTF8) {
				t.Fatalf("unknown error %v", err)
			}
			if errors.Is(err, errNotUTF8) == utf8.Valid(data) || isMessage(data) && utf8.Valid(data) {
				t.Fatalf("%v for %q", err, data)
			}
			return
		}
		if !utf8.Valid(data) || !json.Valid(data) {
			t.Fatalf("took %q", data)
		}
		topic, _ := json.Marshal(m.topic)
		event, _ := json.Marshal(m.event)
		again := fmt.Sprintf("[%s,%s,%s,%s,%s]", m.joinRef, m.ref, topic, event, m.payload)
		if !sameJSON(data, []byte(again)) {
			t.Fatalf("sent %s, understood %s", data, again)
		}
		reply := v2{}.reply(m.joinRef, m.ref, m.topic, statusOK, m.payload)
		if text := payloadOf(t, reply); !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("the reply to %q is %q", data, text)
		}
	})
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	a, _ = json.Marshal(x)
	b, _ = json.Marshal(y)
	return string(a) == string(b)
}

// payloadOf takes a server's frame apart.
func payloadOf(t testing.TB, frame []byte) []byte {
	t.Helper()
	header, n := 2, int(frame[1])
	switch n {
	case 126:
		header, n = 4, int(frame[2])<<8|int(frame[3])
	case 127:
		header, n = 10, 0
		for _, b := range frame[2:10] {
			n = n<<8 | int(b)
		}
	}
	if len(frame) != header+n || frame[0] != 0x81 {
		t.Fatalf("a frame of %d bytes begins with % x", len(frame), frame[:header])
	}
	return frame[header:]
}

// Frames of every form of header arrive as they were sent.
func TestFrameSizes(t *testing.T) {
	site := start(t, Config{MaxFrame: 1 << 20, MaxQueue: 1 << 20, Routes: routeTo(&fake{in: echo})})
	c := site.dial()
	c.join("room:a")
	const around = len(`["1","2","room:a","phx_reply",{"status":"ok","response":""}]`)
	for _, size := range []int{around, 125, 126, 127, 65535, 65536, 200_000} {
		payload := `"` + strings.Repeat("x", size-around) + `"`
		c.send(`["1","2","room:a","echo",%s]`, payload)
		want := `["1","2","room:a","phx_reply",{"status":"ok","response":` + payload + `}]`
		if got := c.receive(); got != want {
			t.Errorf("size %d: got %d bytes, %.80s", size, len(got), got)
		}
	}
}

// brokenPayload cannot be encoded; the other one panics over it.
type (
	brokenPayload    struct{ C chan int }
	panickingPayload struct{}
)

func (panickingPayload) MarshalJSON() ([]byte, error) { panic("on purpose") }

func TestPayloadThatCannotBeEncoded(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{
		in: func(_ context.Context, s *Socket, m Message) (any, error) {
			var payload any = brokenPayload{}
			if m.Event == "panic" {
				payload = panickingPayload{}
			}
			if s.Push("pushed", payload) == nil || s.Broadcast("shouted", payload) == nil ||
				s.BroadcastFrom("whispered", payload) == nil {
				t.Error("no error")
			}
			s.conn.srv.cfg.PubSub.Broadcast("room:a", "shouted", payload)
			if m.Event == "refuse" {
				return nil, Refuse(payload)
			}
			return payload, nil
		},
	})})
	c := site.dial()
	c.join("room:a")
	for _, event := range []string{"reply", "refuse", "panic"} {
		c.send(`["1","2","room:a",%q,{}]`, event)
		c.want(`["1","2","room:a","phx_reply",{"status":"error","response":{"reason":"internal error"}}]`)
	}
	c.wantNothing()
}

func BenchmarkDecodeV2(b *testing.B) {
	frame := []byte(`["12","34","cart:0123456789012345678901234567890123456789012345678901234567890123","add_item",{"item_id":"17"}]`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (v2{}).decode(websocket.TextMessage, frame); err != nil {
			b.Fatal(err)
		}
	}
}
