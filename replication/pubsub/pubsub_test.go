package pubsub

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// inbox is a subscriber that remembers what it got.
type inbox struct {
	mu  sync.Mutex
	got []*Message
}

func (i *inbox) Deliver(m *Message) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, m)
}

// payloads returns what arrived, in order.
func (i *inbox) payloads() []int {
	i.mu.Lock()
	defer i.mu.Unlock()
	var ns []int
	for _, m := range i.got {
		ns = append(ns, m.Payload.(int))
	}
	return ns
}

// counter is a subscriber that only counts.
type counter struct{ n atomic.Int64 }

func (c *counter) Deliver(*Message) { c.n.Add(1) }

func TestBroadcastReachesItsTopicOnly(t *testing.T) {
	ps := New()
	var a, b, other inbox
	ps.Subscribe("room:1", &a)
	ps.Subscribe("room:1", &b)
	ps.Subscribe("room:2", &other)

	ps.Broadcast("room:1", "shout", 7)

	for name, in := range map[string]*inbox{"a": &a, "b": &b} {
		if len(in.got) != 1 {
			t.Fatalf("%s got %d messages, want 1", name, len(in.got))
		}
		m := in.got[0]
		if m.Topic != "room:1" || m.Event != "shout" || m.Payload != 7 {
			t.Errorf("%s got %q %q %v", name, m.Topic, m.Event, m.Payload)
		}
	}
	if len(other.got) != 0 {
		t.Errorf("a subscriber of another topic got %d messages", len(other.got))
	}
	if a.got[0] != b.got[0] {
		t.Error("receivers got different copies of the message")
	}
}

func TestBroadcastFromSkipsTheSender(t *testing.T) {
	ps := New()
	var from, to inbox
	ps.Subscribe("room:1", &from)
	ps.Subscribe("room:1", &to)
	ps.BroadcastFrom(&from, "room:1", "shout", 1)
	if len(from.got) != 0 || len(to.got) != 1 {
		t.Errorf("sender got %d and the other %d messages, want 0 and 1", len(from.got), len(to.got))
	}
}

func TestSubscribedTwiceGetsTwice(t *testing.T) {
	ps := New()
	var in inbox
	first := ps.Subscribe("room:1", &in)
	ps.Subscribe("room:1", &in)
	ps.Broadcast("room:1", "shout", 1)
	first.Unsubscribe()
	ps.Broadcast("room:1", "shout", 2)
	if got, want := in.payloads(), []int{1, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnsubscribe(t *testing.T) {
	ps := New()
	var gone, stays inbox
	sub := ps.Subscribe("room:1", &gone)
	ps.Subscribe("room:1", &stays)
	sub.Unsubscribe()
	sub.Unsubscribe() // again: nothing
	ps.Broadcast("room:1", "shout", 1)
	if len(gone.got) != 0 {
		t.Errorf("got %d messages after Unsubscribe", len(gone.got))
	}
	if len(stays.got) != 1 {
		t.Errorf("the other subscriber got %d messages, want 1", len(stays.got))
	}
	if n := ps.Count("room:1"); n != 1 {
		t.Errorf("Count = %d, want 1", n)
	}
}

// A topic must not outlive its subscribers: clients choose names of topics.
func TestTopicEndsWithItsLastSubscriber(t *testing.T) {
	ps := New()
	var in inbox
	for i := range 1000 {
		ps.Subscribe(fmt.Sprint("room:", i), &in).Unsubscribe()
	}
	for i := range ps.shards {
		if n := len(ps.shards[i].topics); n != 0 {
			t.Fatalf("shard %d still holds %d topics", i, n)
		}
	}
}

func TestPlacesAreUsedAgain(t *testing.T) {
	ps := New()
	var c counter
	var subs []*Subscription
	for range 1000 {
		subs = append(subs, ps.Subscribe("room:1", &c))
	}
	for round := range 10 {
		for i := round; i < 1000; i += 3 {
			subs[i].Unsubscribe()
		}
		for i := round; i < 1000; i += 3 {
			subs[i] = ps.Subscribe("room:1", &c)
		}
	}
	if n := ps.Count("room:1"); n != 1000 {
		t.Errorf("Count = %d, want 1000", n)
	}
	chunks, _ := ps.chunks("room:1")
	if want := (1000 + chunkSize - 1) / chunkSize; len(chunks) != want {
		t.Errorf("%d chunks, want %d", len(chunks), want)
	}
	ps.Broadcast("room:1", "shout", nil)
	if n := c.n.Load(); n != 1000 {
		t.Errorf("delivered %d times, want 1000", n)
	}
}

func TestDeliverMaySubscribeAndBroadcast(t *testing.T) {
	ps := New()
	var late inbox
	var sub *Subscription
	sub = ps.Subscribe("room:1", deliver(func(m *Message) {
		sub.Unsubscribe()
		ps.Subscribe("room:1", &late)
		ps.Broadcast("room:1", "echo", 2)
	}))
	ps.Broadcast("room:1", "shout", 1)
	if got := late.payloads(); !slices.Contains(got, 2) {
		t.Errorf("the late subscriber got %v, want a 2 in it", got)
	}
}

type deliver func(*Message)

func (d deliver) Deliver(m *Message) { d(m) }

func TestBroadcastAllocatesTheSameForMany(t *testing.T) {
	allocs := func(subscribers int) float64 {
		ps := New()
		var c counter
		for range subscribers {
			ps.Subscribe("room:1", &c)
		}
		return testing.AllocsPerRun(50, func() { ps.Broadcast("room:1", "shout", nil) })
	}
	few, many := allocs(4*perHelper), allocs(32*perHelper)
	if many > few+2 { // a goroutine may or may not be reused
		t.Errorf("%v allocations for %d subscribers, %v for %d", few, 4*perHelper, many, 32*perHelper)
	}
	if one := allocs(1); one > 3 {
		t.Errorf("%v allocations for one subscriber, want 3 at most", one)
	}
}
