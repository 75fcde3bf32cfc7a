package admin

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"sneakers23/inventory"
)

// TestChanges merges changes into the state before, as a dashboard does, and must get the state
// now.
func TestChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := anyState(t)
		shown := decoded(t, before)
		for range 5 {
			now := anyState(t)
			merge(shown, decoded(t, now.changes(&before)))
			clean(shown)
			want := decoded(t, now)
			if !reflect.DeepEqual(shown, want) {
				t.Fatalf("merged\n%v\nwant\n%v", shown, want)
			}
			if again := now.changes(&now); len(again) != 0 {
				t.Fatalf("from a state to itself: %v", again)
			}
			before = now
		}
	})
}

func anyState(t *rapid.T) state {
	n := rapid.IntRange(0, 2)
	s := state{
		Shoppers: n.Draw(t, "shoppers"), Tabs: n.Draw(t, "tabs"), Pages: make(map[string]int),
		Items: make(map[inventory.ItemID]itemState), Products: make(map[inventory.ProductID]productState),
		Nodes: []NodeState{}, Events: []Event{},
	}
	for _, page := range []string{"/", "/checkout"} {
		if v := n.Draw(t, "page"); v > 0 {
			s.Pages[page] = v
		}
	}
	for id := range n.Draw(t, "items") {
		s.Items[inventory.ItemID(id)] = itemState{n.Draw(t, "carts"), n.Draw(t, "available"), n.Draw(t, "sold")}
		s.Products[inventory.ProductID(id)] = productState{Released: rapid.Bool().Draw(t, "released")}
	}
	s.Orders.Count = n.Draw(t, "orders")
	s.Orders.PerMinute[59].Orders, s.Orders.Minute = n.Draw(t, "this minute"), int64(n.Draw(t, "minute"))
	for range n.Draw(t, "nodes") {
		s.Nodes = append(s.Nodes, NodeState{Name: "a", Sockets: n.Draw(t, "sockets")})
		s.Events = append(s.Events, Event{At: int64(n.Draw(t, "at"))})
	}
	return s
}

func decoded(t *rapid.T, v any) map[string]any {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// merge is the contract's: object by object.
func merge(into, change map[string]any) {
	for key, v := range change {
		inner, is := v.(map[string]any)
		if old, was := into[key].(map[string]any); is && was {
			merge(old, inner)
		} else {
			into[key] = v
		}
	}
}

// clean takes away what has gone.
func clean(s map[string]any) {
	for page, n := range s["pages"].(map[string]any) {
		if n == 0.0 {
			delete(s["pages"].(map[string]any), page)
		}
	}
	for _, kind := range []string{"items", "products"} {
		for id, v := range s[kind].(map[string]any) {
			if v == nil {
				delete(s[kind].(map[string]any), id)
			}
		}
	}
}
