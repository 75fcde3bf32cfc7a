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

// sums counts tabs as they come and go, so that a change needs no count of all of them. It is a
// pure state.
//
// Invariants: what a diff adds its reverse takes away, and a diff that is told twice counts once;
// nothing with a count of 0 is kept; an item counts once for a cart, however many tabs that has. A
// tab costs the same whatever else is in its cart.
type sums struct {
	carts   map[string]*cart // by key
	tabs    int
	pages   map[string]int
	inCarts map[inventory.ItemID]int // carts
}

// cart is what one shopper's tabs show.
type cart struct {
	tabs  map[*presence.Presence]tab
	items map[inventory.ItemID]int // tabs that have it
}

func newSums() sums {
	return sums{carts: make(map[string]*cart), pages: make(map[string]int), inCarts: make(map[inventory.ItemID]int)}
}

// apply takes a diff of the tracker's.
func (s *sums) apply(d presence.Diff) {
	for _, p := range d.Leaves {
		s.leave(p)
	}
	for _, p := range d.Joins {
		s.join(p)
	}
}

func (s *sums) join(p *presence.Presence) {
	of := s.carts[p.Key]
	if of == nil {
		of = &cart{make(map[*presence.Presence]tab, 1), make(map[inventory.ItemID]int)}
		s.carts[p.Key] = of
	} else if _, again := of.tabs[p]; again {
		return
	}
	var t tab
	_ = json.Unmarshal(p.Meta, &t) // another version's is a tab all the same
	of.tabs[p] = t
	s.tabs++
	count(s.pages, t.Page, 1)
	for _, id := range t.Items {
		if count(of.items, id, 1) == 1 {
			count(s.inCarts, id, 1)
		}
	}
}

func (s *sums) leave(p *presence.Presence) {
	of := s.carts[p.Key]
	if of == nil {
		return
	}
	t, there := of.tabs[p]
	if !there {
		return
	}
	if delete(of.tabs, p); len(of.tabs) == 0 {
		delete(s.carts, p.Key)
	}
	s.tabs--
	count(s.pages, t.Page, -1)
	for _, id := range t.Items {
		if count(of.items, id, -1) == 0 {
			count(s.inCarts, id, -1)
		}
	}
}

// count returns the new count.
func count[K comparable](counts map[K]int, key K, by int) int {
	n := counts[key] + by
	if n == 0 {
		delete(counts, key)
	} else {
		counts[key] = n
	}
	return n
}

// Pages that are counted by themselves, beside those of products.
var knownPages = []string{"/", "/checkout", "/checkout/complete", "/orders/:id"}

const (
	productPages = "/products/"
	otherPages   = "other"
	busiest      = 20 // pages that are none of the shop's, and are counted by themselves all the same
)

// byPage are the counts of the shop's pages and of the busiest others; all else is "other". So it
// does not grow with what shoppers make up, and takes no longer than to look at each of that once.
func (s *sums) byPage(c *inventory.Catalog) map[string]int {
	pages := make(map[string]int)
	strange := make([]pageCount, 0, busiest+1) // the busiest first
	for page, n := range s.pages {
		if page == otherPages || isKnown(c, page) {
			pages[page] += n
			continue
		}
		one := pageCount{page, n}
		at, _ := slices.BinarySearchFunc(strange, one, pageCount.compare)
		if at < busiest {
			strange = slices.Insert(strange, at, one)
		}
		if at == busiest {
			pages[otherPages] += n
		} else if len(strange) > busiest {
			pages[otherPages] += strange[busiest].n
			strange = strange[:busiest]
		}
	}
	for _, one := range strange {
		pages[one.page] = one.n
	}
	return pages
}

type pageCount struct {
	page string
	n    int
}

func (p pageCount) compare(q pageCount) int {
	return cmp.Or(cmp.Compare(q.n, p.n), cmp.Compare(p.page, q.page))
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
