// Package pubsubtest holds registries of topics to what package pubsub promises, whatever links
// them.
package pubsubtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/replication/pubsub"
)

// patience is the deadline of every wait: far beyond what a slow machine needs.
const patience = 30 * time.Second

// Raw is a payload that has a codec of its own: link the registries with Codec.
type Raw []byte

// Codec carries Raw.
var Codec = pubsub.Codec{
	Encode: func(payload any) ([]byte, bool) {
		data, ok := payload.(Raw)
		return data, ok
	},
	Decode: func(data []byte) any { return Raw(data) },
}

// Registries makes registries that are linked with each other, for one test: a single one, or
// several with Codec.
type Registries func(t *testing.T) []*pubsub.PubSub

// Run runs the suite.
func Run(t *testing.T, registries Registries) {
	for name, test := range map[string]func(*testing.T, []*pubsub.PubSub){
		"everywhere": everywhere, "order": order, "from": from, "local": local, "payloads": payloads,
		"many at once": manyAtOnce, "unsubscribed": unsubscribed, "too large": tooLarge, "no JSON": noJSON,
		"encoded once": encodedOnce, "counted here": countedHere,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, registries(t))
		})
	}
}

// inbox hands what it gets to the test.
type inbox struct {
	t   *testing.T
	got chan *pubsub.Message // buffer: more than any test broadcasts
}

func (in *inbox) Deliver(m *pubsub.Message) { in.got <- m }

func subscribe(t *testing.T, ps *pubsub.PubSub, topic string) (*inbox, *pubsub.Subscription) {
	in := &inbox{t, make(chan *pubsub.Message, 10_000)}
	return in, ps.Subscribe(topic, in)
}

func (in *inbox) next() *pubsub.Message {
	in.t.Helper()
	select {
	case m := <-in.got:
		return m
	case <-time.After(patience):
		in.t.Fatal("a message did not come")
		return nil
	}
}

// text is a payload as text, also when it has crossed a line as JSON.
func text(m *pubsub.Message) string {
	if raw, ok := m.Payload.(json.RawMessage); ok {
		return string(raw)
	}
	b, err := json.Marshal(m.Payload)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (in *inbox) wants(event, payload string) {
	in.t.Helper()
	if m := in.next(); m.Event != event || text(m) != payload {
		in.t.Errorf("got %s %s, want %s %s", m.Event, text(m), event, payload)
	}
}

// everywhere broadcasts at each registry to subscribers at all, of this topic and no other.
func everywhere(t *testing.T, all []*pubsub.PubSub) {
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		other, _ := subscribe(t, ps, "room:2")
		boxes = append(boxes, in, other)
	}
	for i, ps := range all {
		ps.Broadcast("room:1", "shout", i)
		for n, in := range boxes {
			if n%2 == 0 {
				in.wants("shout", fmt.Sprint(i))
			}
		}
	}
	for _, ps := range all { // behind all that each has sent
		ps.Broadcast("room:1", "end", nil)
		ps.Broadcast("room:2", "end", nil)
	}
	for _, in := range boxes {
		for range all {
			in.wants("end", "null")
		}
	}
}

// order has each registry broadcast on two topics from one goroutine.
func order(t *testing.T, all []*pubsub.PubSub) {
	const messages = 500
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		ps.Subscribe("room:2", in)
		boxes = append(boxes, in)
	}
	var wg sync.WaitGroup
	for i, ps := range all {
		wg.Go(func() {
			for n := range messages {
				ps.Broadcast(fmt.Sprintf("room:%d", 1+n%2), fmt.Sprint(i), n)
			}
		})
	}
	wg.Wait()
	for _, in := range boxes {
		next := make(map[string]int) // by sender
		for range messages * len(all) {
			m := in.next()
			if text(m) != fmt.Sprint(next[m.Event]) {
				t.Fatalf("message %s of sender %s, want %d", text(m), m.Event, next[m.Event])
			}
			next[m.Event]++
		}
	}
}

// from leaves out only the sender.
func from(t *testing.T, all []*pubsub.PubSub) {
	speaker, _ := subscribe(t, all[0], "room:1")
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		boxes = append(boxes, in)
	}
	all[0].BroadcastFrom(speaker, "room:1", "shout", 1)
	for _, in := range boxes {
		in.wants("shout", "1")
	}
	all[0].Broadcast("room:1", "end", nil)
	speaker.wants("end", "null")
}

// local stays here.
func local(t *testing.T, all []*pubsub.PubSub) {
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		boxes = append(boxes, in)
	}
	all[0].LocalBroadcast("room:1", "shout", make(chan int)) // whatever it is
	all[0].Broadcast("room:1", "end", nil)
	if m := boxes[0].next(); m.Event != "shout" {
		t.Errorf("got %s here, want the shout", m.Event)
	}
	for _, in := range boxes {
		in.wants("end", "null")
	}
}

func payloads(t *testing.T, all []*pubsub.PubSub) {
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		boxes = append(boxes, in)
	}
	long := strings.Repeat("x", 100_000)
	for _, tt := range []struct {
		payload any
		want    string
	}{
		{map[string]any{"a": []int{1, 2}}, `{"a":[1,2]}`},
		{json.RawMessage(`{"as":"it is"}`), `{"as":"it is"}`},
		{"schön <b>\n", ""},
		{long, `"` + long + `"`},
		{nil, "null"},
		{json.RawMessage(nil), "null"},
		{json.RawMessage{}, ""},
		{struct{}{}, "{}"},
	} {
		all[0].Broadcast("room:1", "shout", tt.payload)
		for _, in := range boxes {
			m := in.next()
			if raw, ok := tt.payload.(json.RawMessage); ok && len(raw) == 0 {
				empty(t, m)
			} else if s, ok := tt.payload.(string); ok && tt.want == "" {
				var got string
				if err := json.Unmarshal([]byte(text(m)), &got); err != nil || got != s {
					t.Errorf("got %q, %v, want %q", got, err, s)
				}
			} else if got := text(m); got != tt.want {
				t.Errorf("got %.100s, want %.100s", got, tt.want)
			}
		}
	}
	all[0].Broadcast("room:1", "raw", Raw{0, 255, '{'})
	for _, in := range boxes {
		if got, ok := in.next().Payload.(Raw); !ok || string(got) != "\x00\xff{" {
			t.Errorf("got %v, want the bytes as they were", got)
		}
	}
}

// empty is a payload that says nothing, here as it was given, elsewhere nil.
func empty(t *testing.T, m *pubsub.Message) {
	t.Helper()
	if raw, ok := m.Payload.(json.RawMessage); m.Payload != nil && (!ok || len(raw) > 0) {
		t.Errorf("got %v, want nothing", m.Payload)
	}
}

// manyAtOnce has several goroutines broadcast at every registry: nothing is lost or repeated.
func manyAtOnce(t *testing.T, all []*pubsub.PubSub) {
	const senders, messages = 8, 100
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		boxes = append(boxes, in)
	}
	var wg sync.WaitGroup
	for i, ps := range all {
		for s := range senders {
			wg.Go(func() {
				for n := range messages {
					ps.Broadcast("room:1", "shout", []int{i, s, n})
				}
			})
		}
	}
	wg.Wait()
	for _, in := range boxes {
		seen := make(map[string]bool)
		for range len(all) * senders * messages {
			m := in.next()
			if seen[text(m)] {
				t.Fatalf("%s came twice", text(m))
			}
			seen[text(m)] = true
		}
	}
}

func unsubscribed(t *testing.T, all []*pubsub.PubSub) {
	for i, ps := range all {
		topic := fmt.Sprint("room:", i) // what is still on its way from the round before is none of this one's
		gone, sub := subscribe(t, ps, topic)
		in, _ := subscribe(t, ps, topic)
		sub.Unsubscribe()
		all[0].Broadcast(topic, "shout", 1)
		in.wants("shout", "1")
		if len(gone.got) != 0 {
			t.Error("one who left got a message")
		}
	}
}

// tooLarge stays at its node, and does no harm.
func tooLarge(t *testing.T, all []*pubsub.PubSub) {
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		boxes = append(boxes, in)
	}
	all[0].Broadcast("room:1", "shout", strings.Repeat("x", pubsub.MaxMessage))
	all[0].Broadcast("room:1", "end", nil)
	if m := boxes[0].next(); m.Event != "shout" {
		t.Errorf("got %s here, want the shout", m.Event)
	}
	for _, in := range boxes {
		in.wants("end", "null")
	}
}

// panics is a payload whose encoding does.
type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("no form") }

// noJSON stays at its node, whatever is wrong with it, and does no harm there.
func noJSON(t *testing.T, all []*pubsub.PubSub) {
	var boxes []*inbox
	for _, ps := range all {
		in, _ := subscribe(t, ps, "room:1")
		boxes = append(boxes, in)
	}
	for _, payload := range []any{make(chan int), panics{}, json.RawMessage(`{"half":`)} {
		all[0].Broadcast("room:1", "shout", payload)
		if m := boxes[0].next(); m.Event != "shout" {
			t.Errorf("got %s here, want the shout", m.Event)
		}
	}
	all[0].Broadcast("room:1", "end", nil)
	for _, in := range boxes {
		in.wants("end", "null")
	}
}

// reader is one of many who want a message in the same form.
type reader struct {
	form *pubsub.Encoding
	got  chan<- string
}

func (r *reader) Deliver(m *pubsub.Message) {
	b, err := m.Encoded(r.form)
	r.got <- fmt.Sprint(string(b), err)
}

// encodedOnce has many at each registry who want the same form: it is made once there.
func encodedOnce(t *testing.T, all []*pubsub.PubSub) {
	const readers = 100
	var made atomic.Int64
	form := pubsub.NewEncoding(func(m *pubsub.Message) ([]byte, error) {
		made.Add(1)
		return json.Marshal(m.Payload)
	})
	got := make(chan string, readers*len(all)) // all there will be
	for _, ps := range all {
		for range readers {
			ps.Subscribe("room:1", &reader{form, got})
		}
	}
	all[0].Broadcast("room:1", "shout", map[string]int{"a": 1})
	for range cap(got) {
		select {
		case text := <-got:
			if text != `{"a":1}<nil>` {
				t.Fatalf("got %s", text)
			}
		case <-time.After(patience):
			t.Fatal("a message did not come")
		}
	}
	if n := made.Load(); n != int64(len(all)) {
		t.Errorf("encoded %d times, want once at each of %d", n, len(all))
	}
}

// countedHere counts those of this node.
func countedHere(t *testing.T, all []*pubsub.PubSub) {
	for i, ps := range all {
		for range i + 1 {
			subscribe(t, ps, "room:1")
		}
	}
	for i, ps := range all {
		if n := ps.Count("room:1"); n != i+1 {
			t.Errorf("registry %d counts %d, want %d", i, n, i+1)
		}
	}
}
