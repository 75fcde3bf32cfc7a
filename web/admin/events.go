package admin

import (
	"fmt"
	"slices"
	"time"

	"sneakers23/inventory"
)

// Kinds of events.
const (
	eventReleased   = "released"
	eventScheduled  = "scheduled"
	eventUnreleased = "unreleased" // the release was taken back
	eventCalledOff  = "called_off" // the schedule was
	eventRestocked  = "restocked"
	eventCorrected  = "corrected" // there are fewer pairs, and none of them was sold
	eventReturned   = "returned"  // an order was cancelled
	eventSoldOut    = "sold_out"
	eventBack       = "back"
	eventNodeHere   = "node_here"
	eventNodeGone   = "node_gone"
	eventProxy      = "proxy" // an address looks like one, and is not trusted
)

// mostEvents is how many are kept.
const mostEvents = 50

// chronicle finds out what has happened by comparing what is with what was. It is a pure state; what came before it was made it
// does not know.
type chronicle struct {
	products map[inventory.ProductID]productState
	items    map[inventory.ItemID]stock
	nodes    []string // nil before the first look
	events   []Event  // the newest first; nobody changes the list
}

type stock struct{ available, sold int }

func newChronicle() chronicle {
	return chronicle{
		products: make(map[inventory.ProductID]productState), items: make(map[inventory.ItemID]stock), events: []Event{},
	}
}

func (ch *chronicle) add(at time.Time, kind, format string, args ...any) {
	e := Event{at.UnixMilli(), kind, fmt.Sprintf(format, args...)}
	ch.events = slices.Insert(slices.Clone(ch.events[:min(len(ch.events), mostEvents-1)]), 0, e)
}

// mostProxies is how many events of proxies are kept: anybody may look like one.
const mostProxies = 3

// proxy notes an address that looks like a proxy, in place of what was noted of it before.
func (ch *chronicle) proxy(at time.Time, address string) {
	text, others := address+" looks like a proxy: see --trusted-proxies", 0
	ch.events = slices.DeleteFunc(slices.Clone(ch.events), func(e Event) bool {
		switch {
		case e.Kind != eventProxy:
			return false
		case e.Text == text:
			return true
		}
		others++
		return others >= mostProxies
	})
	ch.add(at, eventProxy, "%s", text)
}

// product looks at a product whose row has changed, by an operator if one is named.
func (ch *chronicle) product(at time.Time, c *inventory.Catalog, id inventory.ProductID, by string) {
	p, ok := c.Product(id)
	if !ok {
		delete(ch.products, id)
		return
	}
	before, known := ch.products[id]
	now := productState{p.Released, p.ReleaseAt}
	ch.products[id] = now
	switch {
	case !known:
	case now.Released && !before.Released:
		ch.add(at, eventReleased, "%s is released%s", p.Name, signed(by))
	case !now.Released && before.Released:
		ch.add(at, eventUnreleased, "%s is no longer released%s", p.Name, signed(by))
	case !now.Released && now.ReleaseAt != nil && (before.ReleaseAt == nil || !before.ReleaseAt.Equal(*now.ReleaseAt)):
		ch.add(at, eventScheduled, "%s will be released at %s%s", p.Name, now.ReleaseAt.UTC().Format("2006-01-02 15:04:05 MST"), signed(by))
	case !now.Released && now.ReleaseAt == nil && before.ReleaseAt != nil:
		ch.add(at, eventCalledOff, "The release of %s is called off%s", p.Name, signed(by))
	}
}

// signed ends a sentence about what an operator did.
func signed(by string) string {
	if by == "" {
		return ""
	}
	return ", by " + by
}

// item looks at an item whose row has changed. Several changes may have been told as one; of an
// operator's among them, by names who made it.
func (ch *chronicle) item(at time.Time, c *inventory.Catalog, id inventory.ItemID, by string) {
	item, p, ok := c.Item(id)
	if !ok {
		delete(ch.items, id)
		return
	}
	before, known := ch.items[id]
	now := stock{item.Available, item.Sold}
	ch.items[id] = now
	if !known {
		return
	}
	again, told := "", false
	if now.available > 0 && before.available == 0 {
		again = ": it is no longer sold out"
	}
	switch more := now.available + now.sold - before.available - before.sold; {
	case more > 0:
		ch.add(at, eventRestocked, "%s, size %s: %s%s%s", p.Name, item.Size, pairs(more, "more"), signed(by), again)
		told = true
	case more < 0:
		ch.add(at, eventCorrected, "%s, size %s: %s%s", p.Name, item.Size, pairs(-more, "fewer"), signed(by))
	}
	if back := before.sold - now.sold; back > 0 {
		returned := pairs(back, "back from cancelled orders")
		ch.add(at, eventReturned, "%s, size %s: %s%s%s", p.Name, item.Size, returned, signed(by), again)
		told = true
	}
	switch {
	case now.available == 0 && before.available > 0:
		ch.add(at, eventSoldOut, "%s, size %s is sold out", p.Name, item.Size)
	case again != "" && !told:
		ch.add(at, eventBack, "%s, size %s%s", p.Name, item.Size, again)
	}
}

func pairs(n int, what string) string {
	if n == 1 {
		return "1 pair " + what
	}
	return fmt.Sprintf("%d pairs %s", n, what)
}

// seen looks at who is here.
func (ch *chronicle) seen(at time.Time, nodes []NodeState) {
	names := make([]string, 0, len(nodes))
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	if ch.nodes != nil {
		for _, name := range names {
			if !slices.Contains(ch.nodes, name) {
				ch.add(at, eventNodeHere, "Node %s is here", name)
			}
		}
		for _, name := range ch.nodes {
			if !slices.Contains(names, name) {
				ch.add(at, eventNodeGone, "Node %s is gone", name)
			}
		}
	}
	ch.nodes = names
}
