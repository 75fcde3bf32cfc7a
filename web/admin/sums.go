package admin

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"sneakers23/inventory"
	"sneakers23/replication/presence"
)

// tab is what is known of one shopper's tab. The shopper chooses both himself: they are data.
type tab struct {
	Page  string             `json:"page"`
	Items []inventory.ItemID `json:"items"`
}

// sums counts tabs as they come and go, so that nobody counts all of them again for each change. It is a pure state.
//
// Invariants: what a diff adds its reverse takes away; nothing with a count of 0 is kept; an item counts once for a cart,
// however many tabs that has.
type sums struct {
	carts   map[string]map[*presence.Presence]tab // by key
	tabs    int
	pages   map[string]int
	inCarts map[inventory.ItemID]int
}

func newSums() sums {
	return sums{
		carts: make(map[string]map[*presence.Presence]tab), pages: make(map[string]int), inCarts: make(map[inventory.ItemID]int),
	}
}

// apply takes a diff of the tracker's.
func (s *sums) apply(d presence.Diff) {
	for _, p := range d.Leaves {
		s.change(p.Key, func(tabs map[*presence.Presence]tab) {
			if t, there := tabs[p]; there {
				s.tabs--
				count(s.pages, t.Page, -1)
				delete(tabs, p)
			}
		})
	}
	for _, p := range d.Joins {
		var t tab
		_ = json.Unmarshal(p.Meta, &t) // another version's is a tab all the same
		s.change(p.Key, func(tabs map[*presence.Presence]tab) {
			s.tabs++
			count(s.pages, t.Page, 1)
			tabs[p] = t
		})
	}
}

// change lets the tabs of a cart change, and counts its items anew.
func (s *sums) change(key string, change func(map[*presence.Presence]tab)) {
	tabs := s.carts[key]
	if tabs == nil {
		tabs = make(map[*presence.Presence]tab, 1)
		s.carts[key] = tabs
	}
	before := itemsIn(tabs)
	change(tabs)
	for _, id := range before {
		count(s.inCarts, id, -1)
	}
	for _, id := range itemsIn(tabs) {
		count(s.inCarts, id, 1)
	}
	if len(tabs) == 0 {
		delete(s.carts, key)
	}
}

// itemsIn are the items that any tab of a cart has, each once.
func itemsIn(tabs map[*presence.Presence]tab) []inventory.ItemID {
	var items []inventory.ItemID
	for _, t := range tabs {
		items = append(items, t.Items...)
	}
	slices.Sort(items)
	return slices.Compact(items)
}

func count[K comparable](counts map[K]int, key K, by int) {
	if counts[key] += by; counts[key] == 0 {
		delete(counts, key)
	}
}

// Pages that are counted by themselves, beside those of products.
var knownPages = []string{"/", "/checkout", "/checkout/complete", "/orders/:id"}

const (
	productPages = "/products/"
	otherPages   = "other"
	busiest      = 20 // pages that are none of the shop's, and are counted by themselves all the same
)

// byPage are the counts of the shop's pages and of the busiest others; all else is "other". So it does not grow with what
// shoppers make up.
func (s *sums) byPage(c *inventory.Catalog) map[string]int {
	pages := make(map[string]int)
	var strange []string
	for page, n := range s.pages {
		if page == otherPages || isKnown(c, page) {
			pages[page] = n
		} else {
			strange = append(strange, page)
		}
	}
	slices.SortFunc(strange, func(a, b string) int {
		return cmp.Or(cmp.Compare(s.pages[b], s.pages[a]), cmp.Compare(a, b))
	})
	for i, page := range strange {
		if i < busiest {
			pages[page] = s.pages[page]
		} else {
			pages[otherPages] += s.pages[page]
		}
	}
	return pages
}

func isKnown(c *inventory.Catalog, page string) bool {
	if slices.Contains(knownPages, page) {
		return true
	}
	sku, ok := strings.CutPrefix(page, productPages)
	if ok {
		_, ok = c.ProductBySKU(sku)
	}
	return ok
}
