package inventory

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
)

func TestDispatcherCoalescesForASlowWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDispatcher()
		release := make(chan struct{})
		var told []Notice
		d.Add(func(_ context.Context, n Notice) {
			told = append(told, n)
			<-release
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Serve(ctx) }()

		catalogs := []*Catalog{{shown: 1}, {shown: 2}, {shown: 3}}
		d.enqueue(catalogs[0], []Change{{Item: &ItemRow{ID: 1}}})
		synctest.Wait() // the watcher is busy with the first notice
		d.enqueue(catalogs[1], []Change{{Item: &ItemRow{ID: 2}}, {Item: &ItemRow{ID: 1}}})
		d.enqueue(catalogs[2], []Change{
			{Item: &ItemRow{ID: 1}}, {Product: &ProductRow{ID: 9}}, {Item: &ItemRow{ID: 2}}, {Item: &ItemRow{ID: 3}},
		})
		close(release)
		synctest.Wait()
		cancel()
		<-ended

		if len(told) != 2 {
			t.Fatalf("told %d times, want 2", len(told))
		}
		if n := told[1]; n.Catalog != catalogs[2] || !slices.Equal(n.Items, []ItemID{2, 1, 3}) ||
			!slices.Equal(n.Products, []ProductID{9}) {
			t.Errorf("second notice: %v %v of catalog %d, want items 2, 1, 3 and product 9 of catalog 3",
				n.Items, n.Products, n.Catalog.shown)
		}
	})
}

func TestDispatcherTellsAgainAfterAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDispatcher()
		var told []Notice
		d.Add(func(_ context.Context, n Notice) {
			if told = append(told, n); len(told) == 1 {
				d.enqueue(&Catalog{}, []Change{{Item: &ItemRow{ID: 2}, By: "bob"}})
				panic("watcher")
			}
		})
		d.enqueue(&Catalog{}, []Change{{Item: &ItemRow{ID: 1}, By: "alice"}, {Item: &ItemRow{ID: 2}, By: "alice"}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan any, 2)
		serve := func() {
			defer func() { ended <- recover() }()
			_ = d.Serve(ctx)
		}
		go serve()
		if got := <-ended; got != "watcher" {
			t.Fatalf("ended with %v, want the watcher's panic", got)
		}
		go serve() // as its supervisor does
		synctest.Wait()
		cancel()
		<-ended
		if len(told) != 2 || !slices.Equal(told[1].Items, []ItemID{2, 1}) {
			t.Fatalf("told %v, want items 1 and 2 again", told)
		}
		if one, two := told[1].Actors.Item(1), told[1].Actors.Item(2); one != "alice" || two != "bob" {
			t.Errorf("told again that %q changed item 1 and %q item 2, want alice and bob", one, two)
		}
	})
}
