package admin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// TestChronicle tells what happens to a shelf, and nothing of what was there before.
func TestChronicle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rows := webtest.Rows()
	shelf := webtest.NewShelf(rows)
	ch := newChronicle()
	by := ""
	look := func() []string {
		told := len(ch.events)
		shelf.Put(rows)
		for _, p := range rows.Products {
			ch.product(now, shelf.Catalog(), p.ID, by)
		}
		for _, it := range rows.Items {
			ch.item(now, shelf.Catalog(), it.ID, by)
		}
		var kinds []string
		for _, e := range ch.events[:len(ch.events)-told] {
			kinds = append(kinds, e.Kind)
		}
		slices.Reverse(kinds)
		return kinds
	}
	if kinds := look(); kinds != nil {
		t.Errorf("at first: %v", kinds)
	}
	item := &rows.Items[slices.IndexFunc(rows.Items, func(it inventory.ItemRow) bool { return it.Available > 0 })]
	product := &rows.Products[slices.IndexFunc(rows.Products, func(p inventory.ProductRow) bool { return !p.Released })]
	at := now.Add(time.Hour)
	for _, step := range []struct {
		what string
		do   func()
		want []string
	}{
		{"nothing", func() {}, nil},
		{"a restock", func() { item.Available += 5 }, []string{eventRestocked}},
		{"the sale of all", func() { item.Sold, item.Available = item.Sold+item.Available, 0 }, []string{eventSoldOut}},
		{"a cancelled order", func() { item.Sold, item.Available = item.Sold-1, 1 }, []string{eventReturned}},
		{"a schedule", func() { product.ReleaseAt = &at }, []string{eventScheduled}},
		{"a schedule that is called off", func() { product.ReleaseAt = nil }, []string{eventCalledOff}},
		{"a release", func() { product.Released, product.ReleaseAt = true, nil }, []string{eventReleased}},
		{"a release that is taken back", func() { product.Released = false }, []string{eventUnreleased}},
		{"a correction", func() { item.Available -= 1 }, []string{eventCorrected, eventSoldOut}},
	} {
		step.do()
		if kinds := look(); !slices.Equal(kinds, step.want) {
			t.Errorf("%s: %v, want %v", step.what, kinds, step.want)
		}
	}
	by = "alice" // told only of what an operator can do
	product.Released, item.Available = true, item.Available+5
	look()
	item.Available -= 2
	look()
	for i, want := range []string{"2 pairs fewer, by alice", "5 pairs more, by alice: it is no longer sold out", "is released, by alice"} {
		if got := ch.events[i].Text; !strings.HasSuffix(got, want) {
			t.Errorf("what alice did is told as %q, want %q", got, want)
		}
	}
	for i := range 2 * mostEvents {
		ch.add(now, eventBack, "%d", i)
	}
	if len(ch.events) != mostEvents || ch.events[0].Text != fmt.Sprint(2*mostEvents-1) {
		t.Errorf("%d events are kept, the newest is %v", len(ch.events), ch.events[0])
	}
	ch.seen(now, []NodeState{{Name: "a"}})
	ch.seen(now, []NodeState{{Name: "a"}, {Name: "b"}})
	ch.seen(now, []NodeState{{Name: "b"}})
	if ch.events[0].Kind != eventNodeGone || ch.events[1].Kind != eventNodeHere || ch.events[2].Kind != eventBack {
		t.Errorf("nodes: %v", ch.events[:3])
	}
}

// Anybody may look like a proxy, from as many addresses as he has: that pushes nothing else out of the list.
func TestProxiesInTheChronicle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ch := newChronicle()
	ch.add(now, eventReleased, "a release")
	texts := func() (all []string) {
		for _, e := range ch.events {
			all = append(all, e.Text)
		}
		return all
	}
	const looks = " looks like a proxy: see --trusted-proxies"
	for range 2 {
		ch.proxy(now, "10.0.0.7")
		if want := []string{"10.0.0.7" + looks, "a release"}; !slices.Equal(texts(), want) {
			t.Errorf("got %v, want %v", texts(), want)
		}
	}
	for i := range 2 * mostEvents {
		ch.proxy(now, fmt.Sprintf("192.0.2.%d", i))
	}
	ch.proxy(now, "192.0.2.98")
	want := []string{"192.0.2.98" + looks, "192.0.2.99" + looks, "192.0.2.97" + looks, "a release"}
	if !slices.Equal(texts(), want) {
		t.Errorf("got %v, want %v", texts(), want)
	}
}
