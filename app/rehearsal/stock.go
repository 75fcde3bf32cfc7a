package rehearsal

import (
	"encoding/json"
	"strings"
	"time"
)

// product is one as a tab shows it.
type product struct {
	joined     bool // once: what the tab shows is what its node showed
	released   bool
	releasedAt time.Time // when the tab showed the release; zero if it was released before the tab was opened
	sizes      []size    // of one that is not released too, from the join reply
}

type size struct {
	item int64
	out  bool
}

// productReply is the response to the join of a product's topic.
type productReply struct {
	Released bool             `json:"released"`
	Levels   map[int64]string `json:"levels"`
}

// productPush is the payload of any push of a product's topic.
type productPush struct {
	SizeHTML string `json:"size_html"` // of released
	HTML     string `json:"html"`      // of product
	ItemID   int64  `json:"item_id"`   // of stock_change, as the level
	Level    string `json:"level"`
}

const levelOut = "out"

// reply shows what a join reply says. It reports whether there is more to buy than before.
func (p *product) reply(response json.RawMessage) (more bool) {
	var r productReply
	if json.Unmarshal(response, &r) != nil {
		return false
	}
	sizes := make([]size, 0, len(r.Levels))
	for id, level := range r.Levels {
		sizes = append(sizes, size{id, level == levelOut})
	}
	more = p.show(r.Released, sizes)
	if !p.joined {
		p.joined, p.releasedAt = true, time.Time{}
	}
	return more
}

// push shows what a push says. It reports whether there is more to buy than before.
func (p *product) push(event string, payload json.RawMessage) (more bool) {
	var push productPush
	if json.Unmarshal(payload, &push) != nil {
		return false
	}
	switch event {
	case "released":
		return p.show(true, readSizes(push.SizeHTML))
	case "product":
		return p.show(strings.Contains(push.HTML, `class="size-container`), readSizes(push.HTML))
	case "stock_change":
		for i := range p.sizes {
			if s := &p.sizes[i]; s.item == push.ItemID {
				more = s.out && push.Level != levelOut
				s.out = push.Level == levelOut
			}
		}
	}
	return more
}

func (p *product) show(released bool, sizes []size) (more bool) {
	more = released && (!p.released || p.forSale() == 0)
	if released && !p.released {
		p.releasedAt = time.Now()
	}
	p.released, p.sizes = released, sizes
	return more
}

// forSale is how many sizes can be bought.
func (p *product) forSale() (n int) {
	for _, s := range p.sizes {
		if p.released && !s.out {
			n++
		}
	}
	return n
}

// readSizes finds the sizes of a fragment or a page.
func readSizes(html string) (sizes []size) {
	for _, m := range sizeButtons.FindAllStringSubmatch(html, -1) {
		sizes = append(sizes, size{number(m[1]), disabled.MatchString(m[0])})
	}
	return sizes
}

// forSale lists the items that can be bought of a product, or of all if the id is "". It is what
// the tab shows now.
func (t *tab) forSale(id string) (items []int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, other := range t.ids {
		p := t.products[other]
		if id != "" && id != other || !p.released {
			continue
		}
		for _, s := range p.sizes {
			if !s.out {
				items = append(items, s.item)
			}
		}
	}
	return items
}

// unreleased lists the products that are not released yet, by id.
func (t *tab) unreleased() (ids []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range t.ids {
		if !t.products[id].released {
			ids = append(ids, id)
		}
	}
	return ids
}

// release returns the id of the product if it is released, and since when the tab has shown that.
// With orAny it may be another product that can be bought. If it returns "", news is closed by the
// next change.
func (t *tab) release(id string, orAny bool) (released string, at time.Time, news <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.products[id]; p.released {
		return id, p.releasedAt, t.news
	}
	for _, other := range t.ids {
		if p := t.products[other]; orAny && p.forSale() > 0 {
			return other, p.releasedAt, t.news
		}
	}
	return "", at, t.news
}
