package shop

import (
	"flag"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel/channeltest"
)

// full is what make test-long asks for.
var full = flag.Bool("full", false, "run at full size what proves something by mass")

// wire carries the news of one cart between two nodes: late, in any order, and some never.
type wire struct {
	to   *wire // the other direction
	into *pubsub.PubSub
	lag  func() (late time.Duration, lost bool)
}

// connect makes a wire each way.
func connect(a, b *counter, topic string, lag func() (time.Duration, bool)) {
	there, back := &wire{into: b.topics, lag: lag}, &wire{into: a.topics, lag: lag}
	there.to, back.to = back, there
	a.topics.Subscribe(topic, there)
	b.topics.Subscribe(topic, back)
}

func (w *wire) Deliver(m *pubsub.Message) {
	late, lost := w.lag()
	if !lost {
		time.AfterFunc(late, func() { w.into.BroadcastFrom(w.to, m.Topic, m.Event, m.Payload) })
	}
}

// Two tabs add at the same instant: different shoes, and both always end with both; two sizes of
// the same shoe, and both end with the same one. On one node, on two, and on two that lose messages
// until they hear each other again.
func TestTwoTabsAtTheSameInstant(t *testing.T) {
	rounds := 150
	if *full {
		rounds = 1000
	}
	late := func() time.Duration { return rand.N(10 * time.Millisecond) }
	for name, tt := range map[string]struct {
		lag   func() (time.Duration, bool) // nil: one node
		again int                          // how often they hear each other again
	}{
		"one node":              {nil, 0},
		"two nodes":             {func() (time.Duration, bool) { return late(), false }, 0},
		"two nodes that forget": {func() (time.Duration, bool) { return late(), rand.N(3) == 0 }, 12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				here := newCounter(t)
				there := here
				if tt.lag != nil {
					there = newCounter(t)
				}
				sockets := [2]*channeltest.Socket{here.Connect(nil), there.Connect(nil)}
				for range rounds {
					id := newCartID()
					if tt.lag != nil {
						connect(here, there, cartTopics+id, tt.lag)
					}
					a, _ := tabOn(t, sockets[0], id, nil)
					b, _ := tabOn(t, sockets[1], id, nil)
					items := [2]int{2, 5}
					if rand.N(2) == 0 {
						items = [2]int{2, 3}
					}
					replies := addAtOnce(a, b, items)
					time.Sleep(time.Second)
					for range tt.again {
						here.carts.Exchange()
						there.carts.Exchange()
						time.Sleep(time.Second)
					}
					checkBoth(t, here, there, id, items, [2]*channeltest.Client{a, b}, replies)
					a.Leave()
					b.Leave()
				}
			})
		})
	}
}

// addAtOnce lets both tabs put in their item, in any order and nearly at once.
func addAtOnce(a, b *channeltest.Client, items [2]int) (replies [2]*channeltest.Reply) {
	tabs := [2]*channeltest.Client{a, b}
	for _, i := range rand.Perm(2) {
		time.Sleep(rand.N(3 * time.Millisecond))
		replies[i] = tabs[i].Push("add_item", object{"item_id": items[i], "replace": true})
	}
	return replies
}

func checkBoth(
	t *testing.T, here, there *counter, id string, items [2]int,
	tabs [2]*channeltest.Client, replies [2]*channeltest.Reply,
) {
	t.Helper()
	mine, _ := here.carts.of(id)
	theirs, _ := there.carts.of(id)
	want := 2
	if items[1] == 3 {
		want = 1
	}
	if !mine.Equal(theirs.Cart) || mine.Len() != want {
		t.Fatalf("added %v at once, and have %v and %v", items, mine.Lines(), theirs.Lines())
	}
	for i, tab := range tabs {
		_, response := replies[i].Receive()
		last := seen(t, response)
		for !here.carts.tokens.OpenForm(last.Serialized).Equal(mine.Cart) {
			last = seen(t, tab.Receive("cart")) // carts only grow: what comes after the last one is the same
		}
	}
}
