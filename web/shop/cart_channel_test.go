package shop

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/webtest"
)

// counter is a node with a cart channel, and a shelf to change.
type counter struct {
	*channeltest.Server
	*rig
	carts *Carts
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{rig: newRig(t)}
	c.rows.Products = append(c.rows.Products, inventory.ProductRow{ID: 3, SKU: "SHU6200", Order: 3, Name: "Third", Price: 5000, Revision: 1})
	c.rows.Items = append(c.rows.Items, inventory.ItemRow{ID: 9, ProductID: 3, SKU: "SHU6200-9", Size: "9", Available: 1, Revision: 1})
	c.all()
	c.carts = c.pages.carts
	c.Server = channeltest.Start(t, channel.Config{PubSub: c.topics, Routes: []channel.Route{CartRoute(c.pusher, c.carts)}})
	return c
}

func newCarts(t testing.TB, topics *pubsub.PubSub, maxLines int) *Carts {
	t.Helper()
	tokens, err := checkout.NewTokens([]string{"secret"})
	if err != nil {
		t.Fatal(err)
	}
	return NewCarts(CartsConfig{Tokens: tokens, PubSub: topics, MaxLines: maxLines})
}

// tab opens a tab of a cart, on a socket of its own, and returns what it was shown first.
func (c *counter) tab(id string, params any) (*channeltest.Client, cartSeen) {
	c.t.Helper()
	return tabOn(c.t, c.Connect(nil), id, params)
}

func tabOn(t testing.TB, socket *channeltest.Socket, id string, params any) (*channeltest.Client, cartSeen) {
	t.Helper()
	client := socket.Join(cartTopics+id, params)
	return client, seen(t, client.Receive("cart"))
}

// cartSeen is a cart as a browser gets it.
type cartSeen struct {
	Items      []map[string]any
	Serialized string
}

func seen(t testing.TB, payload json.RawMessage) (s cartSeen) {
	t.Helper()
	if err := json.Unmarshal(payload, &s); err != nil || s.Items == nil || s.Serialized == "" {
		t.Fatalf("not a cart: %s", payload)
	}
	return s
}

func (s cartSeen) ids() []int {
	ids := []int{}
	for _, it := range s.Items {
		ids = append(ids, int(it["id"].(float64)))
	}
	return ids
}

// changed pushes an event that must be answered with the new cart.
func changed(t testing.TB, c *channeltest.Client, event string, payload any) cartSeen {
	t.Helper()
	status, response := c.Push(event, payload).Receive()
	if status != "ok" {
		t.Fatalf("%s %v: %s", event, payload, response)
	}
	return seen(t, response)
}

func wantIDs(t testing.TB, s cartSeen, want ...int) {
	t.Helper()
	if !slices.Equal(s.ids(), want) {
		t.Errorf("the cart has %v, want %v", s.ids(), want)
	}
}

type object = map[string]any

func TestCartChannel(t *testing.T) {
	c := newCounter(t)
	id := newCartID()
	a, first := c.tab(id, object{"serialized": nil, "page": "/"})
	b, _ := c.tab(id, nil)
	wantIDs(t, first)

	wantIDs(t, changed(t, a, "add_item", object{"item_id": 2}), 2)
	wantIDs(t, seen(t, b.Receive("cart")), 2)
	wantIDs(t, changed(t, b, "add_item", object{"item_id": "5"}), 2, 5)
	wantIDs(t, seen(t, a.Receive("cart")), 2, 5)

	a.Push("add_item", object{"item_id": 2}).AssertError(object{"error": "duplicate_item"})
	a.Push("add_item", object{"item_id": 2, "replace": true}).AssertError(object{"error": "duplicate_item"})
	a.Push("add_item", object{"item_id": 3}).AssertError(object{"error": "duplicate_product", "item_id": 2})
	a.Push("add_item", object{"item_id": 9}).AssertError(object{"error": "cart_full"})
	for _, bad := range []any{99, "99", "two", -1, 0, 2.5, 1e30, "", nil, object{}, "99999999999999999999", []int{2}} {
		a.Push("add_item", object{"item_id": bad}).AssertError(object{"error": "not_found"})
	}
	a.Push("add_item", nil).AssertError(object{"error": "not_found"})
	a.Push("empty", nil).AssertError(object{"reason": "unknown event"})
	b.RefutePush("cart")

	wantIDs(t, changed(t, a, "add_item", object{"item_id": 3, "replace": true}), 3, 5)
	wantIDs(t, seen(t, b.Receive("cart")), 3, 5)
	b.Push("remove_item", object{"item_id": 2}).AssertError(object{"error": "not_found"})
	wantIDs(t, changed(t, b, "remove_item", object{"item_id": "3"}), 5)
	wantIDs(t, seen(t, a.Receive("cart")), 5)
	a.RefutePush("cart_news")
}

func TestCartIDs(t *testing.T) {
	socket := newCounter(t).Connect(nil)
	for _, bad := range []string{"", "x", newCartID()[1:], newCartID() + "A", "!" + newCartID()[1:], newCartID()[1:] + "=", newCartID()[1:] + "\n"} {
		socket.AssertRefused(cartTopics+bad, nil, object{"reason": "bad cart id"})
	}
}

func TestCartLine(t *testing.T) {
	c := newCounter(t)
	a, _ := c.tab(newCartID(), nil)
	changed(t, a, "add_item", object{"item_id": 1})
	got := changed(t, a, "add_item", object{"item_id": 6})
	got.Serialized = ""
	b, err := json.MarshalIndent(got.Items, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	webtest.Golden(t, "cart_lines.json", append(b, '\n'))
}

// Any node with the same secret restores a cart from its token, whatever the cart's id; what is no token is no cart.
func TestCartToken(t *testing.T) {
	here, there := newCounter(t), newCounter(t)
	a, _ := here.tab(newCartID(), nil)
	token := changed(t, a, "add_item", object{"item_id": 2}).Serialized
	_, restored := there.tab(newCartID(), object{"serialized": token})
	wantIDs(t, restored, 2)
	for _, bad := range []any{object{"serialized": token[1:]}, object{"serialized": 7}, "x", []int{}, object{"serialized": strings.Repeat("x", 50_000)}} {
		_, restored := there.tab(newCartID(), bad)
		wantIDs(t, restored)
	}
}

// Joining merges what the tab brings with what the others know, both ways.
func TestJoinMergesBothWays(t *testing.T) {
	c := newCounter(t)
	other, _ := c.tab(newCartID(), nil)
	token := changed(t, other, "add_item", object{"item_id": 5}).Serialized

	id := newCartID()
	a, _ := c.tab(id, nil)
	changed(t, a, "add_item", object{"item_id": 2})
	_, joined := c.tab(id, object{"serialized": token})
	wantIDs(t, joined, 2, 5)
	wantIDs(t, seen(t, a.Receive("cart")), 2, 5)
}

func TestTooFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		id := newCartID()
		a, _ := c.tab(id, nil)
		b, _ := c.tab(id, nil)
		for range 10 {
			changed(t, a, "add_item", object{"item_id": 2})
			changed(t, a, "remove_item", object{"item_id": 2})
		}
		for range 80 {
			a.Push("add_item", object{"item_id": 2}).AssertError(object{"error": "too_fast"})
		}
		changed(t, b, "add_item", object{"item_id": 5}) // nobody else is slowed
		time.Sleep(time.Second / 20)
		changed(t, a, "add_item", object{"item_id": 2})
		a.Push("remove_item", object{"item_id": 2}).AssertError(object{"error": "too_fast"})
	})
}

// The channel follows exactly the items in the cart, and shows what becomes of them.
func TestCartFollowsItsItems(t *testing.T) {
	c := newCounter(t)
	a, _ := c.tab(newCartID(), nil)
	followed := func(want ...inventory.ItemID) {
		t.Helper()
		for id := range inventory.ItemID(10) {
			n := 0
			if slices.Contains(want, id) {
				n = 1
			}
			if got := c.topics.Count(itemOutTopic(id)); got != n {
				t.Errorf("item %d is followed %d times, want %d", id, got, n)
			}
		}
	}
	changed(t, a, "add_item", object{"item_id": 2})
	followed(2)
	changed(t, a, "add_item", object{"item_id": 3, "replace": true})
	followed(3)
	changed(t, a, "add_item", object{"item_id": 6})
	followed(3, 6)

	item := &c.rows.Items[2]
	item.Available = 0
	c.notice(nil, 3)
	got := seen(t, a.Receive("cart"))
	if got.Items[0]["out_of_stock"] != true || len(got.Items[0]["sizes"].([]any)) != 4 || got.Items[1]["sizes"] != nil {
		t.Errorf("sold out, and the cart has %v", got.Items)
	}
	c.rows.Items[1].Available = 0
	c.notice(nil, 2)
	got = seen(t, a.Receive("cart"))
	if level := got.Items[0]["sizes"].([]any)[1].(object)["level"]; level != "out" {
		t.Errorf("another size sold out, and the cart offers it: %v", level)
	}
	item.Available = 3
	c.notice(nil, 3)
	if got := seen(t, a.Receive("cart")); got.Items[0]["out_of_stock"] != false {
		t.Errorf("back in stock, and the cart has %v", got.Items[0])
	}
	c.rows.Products[1].Released = true
	c.notice([]inventory.ProductID{2})
	if got := seen(t, a.Receive("cart")); got.Items[1]["released"] != true {
		t.Errorf("released, and the cart has %v", got.Items[1])
	}
	item.Available = 2
	c.notice(nil, 3)
	a.RefutePush("cart")

	a.Leave()
	followed()
	if n := c.carts.count(); n != 0 {
		t.Errorf("%d carts are open, want none", n)
	}
}

// What happens to an item while the tab is being told what is in the cart is not missed.
func TestCartMissesNothing(t *testing.T) {
	c := newCounter(t)
	a, _ := c.tab(newCartID(), nil)
	item := &c.rows.Items[1]
	asset := c.pages.asset
	c.pages.asset = func(name string) (string, error) { // asked for each line that is shown
		if item.Available > 0 {
			item.Available = 0
			c.notice(nil, item.ID)
		}
		return asset(name)
	}
	if got := changed(t, a, "add_item", object{"item_id": 2}); got.Items[0]["out_of_stock"] != false {
		t.Fatal("this test is too early")
	}
	if got := seen(t, a.Receive("cart")); got.Items[0]["out_of_stock"] != true {
		t.Errorf("it sold out, and the cart has %v", got.Items)
	}
}

// count is the number of carts that are open.
func (c *Carts) count() (n int) {
	for i := range c.shards {
		n += len(c.shards[i].all())
	}
	return n
}

// What is put into a cart while it is sold out carries when that was.
func TestOutAt(t *testing.T) {
	c := newCounter(t)
	a, _ := c.tab(newCartID(), nil)
	changed(t, a, "add_item", object{"item_id": 1})
	token := changed(t, a, "add_item", object{"item_id": 5, "replace": true}).Serialized
	for i, l := range c.carts.tokens.Open(token).Lines() {
		if want := c.rows.Items[4*i].Revision; l.OutAt != want {
			t.Errorf("item %d was seen out at %d, want %d", l.Item, l.OutAt, want)
		}
	}
	token = changed(t, a, "add_item", object{"item_id": 2, "replace": true}).Serialized
	if l := c.carts.tokens.Open(token).Lines()[0]; l.OutAt != 0 {
		t.Errorf("item %d was there, and seen out at %d", l.Item, l.OutAt)
	}
}

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

// Two tabs add at the same instant: different shoes, and both always end with both; two sizes of the same shoe, and
// both end with the same one. On one node, on two, and on two that lose messages until they hear each other again.
func TestTwoTabsAtTheSameInstant(t *testing.T) {
	late := func() time.Duration { return rand.N(10 * time.Millisecond) }
	for name, tt := range map[string]struct {
		lag    func() (time.Duration, bool) // nil: one node
		rounds int                          // of hearing each other again
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
				for range 1000 {
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
					for range tt.rounds {
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
	t *testing.T, here, there *counter, id string, items [2]int, tabs [2]*channeltest.Client, replies [2]*channeltest.Reply,
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
		for !here.carts.tokens.Open(last.Serialized).Equal(mine.Cart) {
			last = seen(t, tab.Receive("cart")) // carts only grow: what comes after the last one is the same
		}
	}
}

// A cart that is as the tab has it comes with the token that the tab has; another one, with the same shoes or not, with
// another token. So the tab knows what it has to keep.
func TestTokensTellCartsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounter(t)
		id := newCartID()
		a, first := c.tab(id, nil)
		token := changed(t, a, "add_item", object{"item_id": 2}).Serialized
		time.Sleep(2 * time.Second) // tokens say when they were signed
		b, again := c.tab(id, object{"serialized": token})
		if again.Serialized != token {
			t.Error("the tab has the cart, and gets another token")
		}
		time.Sleep(2 * time.Second)
		c.rows.Items[1].Available = 0
		c.notice(nil, 2)
		if got := seen(t, b.Receive("cart")); got.Serialized != token || got.Items[0]["out_of_stock"] != true {
			t.Error("a shoe is sold out, and the cart has another token")
		}
		time.Sleep(2 * time.Second)
		changed(t, b, "remove_item", object{"item_id": 2})
		same := changed(t, b, "add_item", object{"item_id": 2}) // another line
		wantIDs(t, same, 2)
		if same.Serialized == token {
			t.Error("another line of the same shoe has the token of the one before")
		}
		if _, empty := c.tab(newCartID(), object{"serialized": "expired"}); empty.Serialized == "expired" || first.Serialized == "" {
			t.Error("a token that is none comes back")
		}
		if _, joined := c.tab(id, object{"serialized": token}); joined.Serialized == token {
			t.Error("the cart knows more than the tab, and the tab gets its own token")
		}
	})
}
