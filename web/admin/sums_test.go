package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/web/webtest"
)

// present makes a shopper's tab.
func present(key, page string, items ...inventory.ItemID) *presence.Presence {
	meta, err := json.Marshal(tab{page, items})
	if err != nil {
		panic(err) // texts and numbers
	}
	return &presence.Presence{Topic: CartTracker, Key: key, Meta: meta}
}

// TestSums holds the sums against counting all tabs again, after any diffs.
func TestSums(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, here := newSums(), make(map[*presence.Presence]bool)
		for range rapid.IntRange(1, 20).Draw(t, "diffs") {
			var d presence.Diff
			for p := range here {
				if rapid.IntRange(0, 3).Draw(t, "leaves") == 0 {
					d.Leaves = append(d.Leaves, p)
					delete(here, p)
				}
			}
			for range rapid.IntRange(0, 4).Draw(t, "joins") {
				p := present(rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(t, "key"),
					rapid.SampledFrom([]string{"/", "/checkout"}).Draw(t, "page"),
					rapid.SliceOfN(rapid.Map(rapid.Int64Range(1, 4), toItem), 0, 3).Draw(t, "items")...)
				d.Joins = append(d.Joins, p)
				here[p] = true
			}
			s.apply(d)
			s.apply(presence.Diff{Joins: d.Joins}) // who tells it may have to tell it again
			if got, want := text(s), text(recount(here)); got != want {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
		}
	})
}

// recount is the model.
func recount(here map[*presence.Presence]bool) sums {
	s := newSums()
	carts := make(map[string]map[inventory.ItemID]bool)
	for p := range here {
		var t tab
		if err := json.Unmarshal(p.Meta, &t); err != nil {
			panic(err)
		}
		s.tabs++
		s.pages[t.Page]++
		if carts[p.Key] == nil {
			carts[p.Key] = make(map[inventory.ItemID]bool)
			s.carts[p.Key] = nil
		}
		for _, id := range t.Items {
			carts[p.Key][id] = true
		}
	}
	for _, items := range carts {
		for id := range items {
			s.inCarts[id]++
		}
	}
	return s
}

func text(s sums) string {
	return fmt.Sprint(slices.Sorted(maps.Keys(s.carts)), s.tabs, s.pages, s.inCarts)
}

// TestBusiestPages keeps what shoppers make up from making the state long.
func TestBusiestPages(t *testing.T) {
	t.Parallel()
	s := newSums()
	var d presence.Diff
	for i := range 100 {
		for range i + 1 {
			d.Joins = append(d.Joins, present("ann", fmt.Sprintf("/made-up/%d", i)))
		}
	}
	shops := []string{"/", "/checkout", "/checkout/complete", "/orders/:id"}
	for _, page := range shops {
		d.Joins = append(d.Joins, present("bob", page))
	}
	d.Joins = append(d.Joins, present("bob", "/products/SHU6000"), present("bob", "/products/none"),
		present("bob", "other"),
		present("bob", "/<script>alert(1)</script>"), &presence.Presence{
			Key: "bob", Meta: json.RawMessage(`{"page":7}`),
		})
	s.apply(d)
	pages := s.byPage(webtest.NewShelf(webtest.Rows()).Catalog())
	total, madeUp := 0, 0
	for page, n := range pages {
		total += n
		if strings.HasPrefix(page, "/made-up/") {
			madeUp++
		}
	}
	for _, page := range shops {
		if pages[page] != 1 {
			t.Errorf("%d tabs on %s", pages[page], page)
		}
	}
	if total != len(d.Joins) || madeUp != busiest || pages["/products/SHU6000"] != 1 || pages["/products/none"] != 0 ||
		pages["/made-up/99"] != 100 {
		t.Errorf("%d tabs on %v, want %d", total, pages, len(d.Joins))
	}
}

func toItem(n int64) inventory.ItemID { return inventory.ItemID(n) }
