package shop

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/webtest"
)

// counter is a node with a cart channel, and a shelf to change.
type counter struct {
	*channeltest.Server
	*rig
	carts    *Carts
	tracker  *presence.Tracker
	shoppers *Shoppers
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	tracker := newTracker(t)
	serveTracker(t, tracker)
	return newCounterWith(t, tracker)
}

// newCounterWith is newCounter with a tracker that the caller serves, or leaves unserved.
func newCounterWith(t *testing.T, tracker *presence.Tracker) *counter {
	t.Helper()
	c := &counter{rig: newRig(t)}
	c.rows.Products = append(c.rows.Products, inventory.ProductRow{
		ID: 3, SKU: "SHU6200", Order: 3, Name: "Third", Price: 5000, Revision: 1,
	})
	c.rows.Items = append(c.rows.Items, inventory.ItemRow{
		ID: 9, ProductID: 3, SKU: "SHU6200-9", Size: "9", Available: 1, Revision: 1,
	})
	c.all()
	c.carts = c.pages.carts
	c.tracker = tracker
	c.shoppers = NewShoppers(c.tracker, "shoppers", slog.New(slog.DiscardHandler))
	c.Server = channeltest.Start(t, channel.Config{
		PubSub: c.topics, Routes: []channel.Route{CartRoute(c.pusher, c.carts, c.shoppers)},
	})
	return c
}

func newTracker(t *testing.T) *presence.Tracker {
	t.Helper()
	tracker, err := presence.New(presence.Options{Name: "node"})
	if err != nil {
		t.Fatal(err)
	}
	return tracker
}

// serveTracker tracks until the test ends.
func serveTracker(t *testing.T, tracker *presence.Tracker) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = tracker.Serve(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-served
	})
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
	Missing    int
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
	for _, bad := range []string{
		"", "x", newCartID()[1:], newCartID() + "A", "!" + newCartID()[1:], newCartID()[1:] + "=",
		newCartID()[1:] + "\n",
	} {
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
		changed(t, b, "add_item", object{"item_id": 5}) // the other tab is not slowed
		time.Sleep(time.Second / 20)
		changed(t, a, "add_item", object{"item_id": 2})
		a.Push("remove_item", object{"item_id": 2}).AssertError(object{"error": "too_fast"})
	})
}

// The channel follows exactly the items in the cart, and shows what becomes of them.
func TestCartFollowsItsItems(t *testing.T) { synctest.Test(t, cartFollowsItsItems) }

func cartFollowsItsItems(t *testing.T) {
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
	synctest.Wait() // the channel terminates a moment after it is closed
	followed()
	if n := c.carts.count(); n != 0 {
		t.Errorf("%d carts are open, want none", n)
	}
}

// An item that changes while the tab is being told the cart is not missed.
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
