package shop

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"sneakers23/inventory"
	"sneakers23/replication/pubsub"
)

// Pusher turns changes of the inventory into pushes to the shoppers of this node. Its Watch must be
// among the watchers of the inventory's server; what it keeps belongs to the goroutine that calls
// it.
//
// A page is right in the end whatever it missed: a channel that joins is told what the pusher has
// taken, and what the pusher takes after that is pushed to it. So the join reply is made from the
// pusher's catalog, not from the newest: a level that came and went in between would stay on a page
// that had seen it in its reply.
type Pusher struct {
	pages  *Pages
	pubsub *pubsub.PubSub
	log    *slog.Logger

	taken   atomic.Pointer[inventory.Catalog]
	replies keptByProduct[joinReplies]

	// as last pushed
	blocks    map[inventory.ProductID]string // the hash of its version; "" when the product is gone
	productOf map[inventory.ItemID]inventory.ProductID
	levels    map[inventory.ItemID]inventory.Level
	released  map[inventory.ProductID]bool
	schedules map[inventory.ProductID]time.Time
}

// NewPusher makes a pusher of what changes on the pages.
func NewPusher(p *Pages, ps *pubsub.PubSub, log *slog.Logger) *Pusher {
	return &Pusher{
		pages: p, pubsub: ps, log: log,
		blocks:    make(map[inventory.ProductID]string),
		productOf: make(map[inventory.ItemID]inventory.ProductID),
		levels:    make(map[inventory.ItemID]inventory.Level),
		released:  make(map[inventory.ProductID]bool),
		schedules: make(map[inventory.ProductID]time.Time),
	}
}

// productTopic is the topic on which shoppers follow a product.
func productTopic(id inventory.ProductID) string {
	return productTopics + strconv.FormatInt(int64(id), 10)
}

// stockChange is the payload of the event stock_change.
type stockChange struct {
	ProductID inventory.ProductID `json:"product_id"`
	ItemID    inventory.ItemID    `json:"item_id"`
	Level     inventory.Level     `json:"level"`
}

// releasedProduct is the payload of the event released.
type releasedProduct struct {
	SizesHTML string `json:"size_html"`
}

// scheduledRelease is the payload of the event scheduled: null when the release is no longer
// scheduled.
type scheduledRelease struct {
	ReleaseAt *time.Time `json:"release_at"`
}

// changedProduct is the payload of the event product: the block as pages show it, "" when the
// product is gone.
type changedProduct struct {
	HTML string `json:"html"`
}

// Watch pushes what a notice has changed on the pages. It is called by the inventory's dispatcher.
func (p *Pusher) Watch(_ context.Context, n inventory.Notice) {
	p.taken.Store(n.Catalog) // first: who joins from now on is told, who joined before is pushed
	for _, id := range n.Products {
		p.pushProduct(n.Catalog, id)
		p.pushRelease(n.Catalog, id)
		p.pushSchedule(n.Catalog, id)
		p.announceProduct(n.Catalog, id)
	}
	for _, id := range n.Items {
		p.pushSize(n.Catalog, id)
		p.pushLevel(n.Catalog, id)
	}
}

// pushSize pushes the block of an item's product when the size has come or gone.
func (p *Pusher) pushSize(c *inventory.Catalog, id inventory.ItemID) {
	if product, had := p.productOf[id]; had {
		p.pushProduct(c, product)
	}
	_, product, ok := c.Item(id)
	if !ok {
		delete(p.productOf, id)
		return
	}
	if p.productOf[id] != product.ID {
		p.productOf[id] = product.ID
		p.pushProduct(c, product.ID)
	}
}

// pushProduct pushes the block of a product of which something has changed that has no event of its
// own, or whose release was taken back.
func (p *Pusher) pushProduct(c *inventory.Catalog, id inventory.ProductID) {
	before, known := p.blocks[id]
	product, ok := c.Product(id)
	if !ok {
		if known && before != "" {
			p.blocks[id] = "" // and not deleted: should it come back, pages that say that it is gone are told
			p.pubsub.LocalBroadcast(productTopic(id), "product", changedProduct{})
		}
		return
	}
	now := versionOf(product).hash
	if known && now == before && (product.Released || !p.released[id]) {
		return
	}
	if known {
		html, err := p.pages.ProductHTML(product)
		if err != nil {
			p.log.Error("product not rendered, shoppers were not told what has changed", "sku", product.SKU, "err", err)
			return
		}
		p.pubsub.LocalBroadcast(productTopic(id), "product", changedProduct{string(html)})
	}
	p.blocks[id] = now
}

func (p *Pusher) pushRelease(c *inventory.Catalog, id inventory.ProductID) {
	product, ok := c.Product(id)
	if !ok || !product.Released {
		delete(p.released, id)
		return
	}
	if p.released[id] {
		return
	}
	html, err := p.pages.SizesHTML(product)
	if err != nil {
		p.log.Error("sizes not rendered, shoppers were not told of a release", "sku", product.SKU, "err", err)
		return
	}
	p.released[id] = true
	p.pubsub.LocalBroadcast(productTopic(id), "released", releasedProduct{string(html)})
}

func (p *Pusher) pushSchedule(c *inventory.Catalog, id inventory.ProductID) {
	product, ok := c.Product(id)
	if !ok || product.ReleaseAt == nil {
		if _, was := p.schedules[id]; was {
			delete(p.schedules, id)
			p.pubsub.LocalBroadcast(productTopic(id), "scheduled", scheduledRelease{})
		}
		return
	}
	if at := product.ReleaseAt; !at.Equal(p.schedules[id]) {
		p.schedules[id] = *at
		p.pubsub.LocalBroadcast(productTopic(id), "scheduled", scheduledRelease{at})
	}
}

func (p *Pusher) pushLevel(c *inventory.Catalog, id inventory.ItemID) {
	item, product, ok := c.Item(id)
	if !ok {
		delete(p.levels, id)
		p.announce(id)
		return
	}
	before := p.levels[id]
	if before == item.Level {
		return
	}
	p.levels[id] = item.Level
	p.pubsub.LocalBroadcast(productTopic(product.ID), "stock_change", stockChange{product.ID, id, item.Level})
	p.announceLevel(before, item, product)
}

// joinReplies bring a page that joins a product's topic up to date: encoded once per change, shared
// by all who join.
type joinReplies struct {
	full  json.RawMessage // with the sizes, if they are released
	brief json.RawMessage // for a page that shows the sizes already
	fresh json.RawMessage // for a page that shows the product as it was

	version  blockVersion
	released bool
}

// replyTo returns the reply for a page that says what it shows. A page that another node has made
// of a newer row is left as it is: this node will push what it lacks. A page that shows sizes of
// what is not released may have missed that the release was taken back.
func (r joinReplies) replyTo(page pageShows) json.RawMessage {
	shown := parseVersion(page.Version)
	other := shown.hash != r.version.hash || page.Released && !r.released
	switch {
	case page.Version != "" && other && shown.revision <= r.version.revision:
		return r.fresh
	case page.Released:
		return r.brief
	}
	return r.full
}

// pageShows are the params of a join: what the page shows of the product.
type pageShows struct {
	Released bool   `json:"released"` // its sizes
	Version  string `json:"shown"`    // "" for a client that shows no block
}

// joinReply is the response to a join. The keys of levels are item ids.
type joinReply struct {
	Released  bool                                 `json:"released"`
	Levels    map[inventory.ItemID]inventory.Level `json:"levels"`
	SizesHTML string                               `json:"size_html,omitempty"`
	HTML      string                               `json:"html,omitempty"`
	ReleaseAt *time.Time                           `json:"release_at,omitempty"`
}

// repliesFor returns ErrNotOpen before the catalog is loaded, inventory.ErrNotFound for an unknown
// product.
func (p *Pusher) repliesFor(id inventory.ProductID) (joinReplies, error) {
	catalog := p.taken.Load()
	if catalog == nil {
		return joinReplies{}, ErrNotOpen
	}
	product, ok := catalog.Product(id)
	if !ok {
		return joinReplies{}, inventory.ErrNotFound
	}
	slot := p.replies.slot(catalog, id)
	v := version{product.Shown, p.pages.front.Look().Shown()}
	if replies, ok := slot.of(v); ok {
		return replies, nil
	}
	return slot.renew(func() (version, func() (joinReplies, error), error) {
		return v, func() (joinReplies, error) { return p.encodeReplies(product) }, nil
	})
}

func (p *Pusher) encodeReplies(product *inventory.Product) (replies joinReplies, err error) {
	reply := joinReply{
		Released:  product.Released,
		Levels:    make(map[inventory.ItemID]inventory.Level, len(product.Items)),
		ReleaseAt: product.ReleaseAt,
	}
	for _, it := range product.Items {
		reply.Levels[it.ID] = it.Level
	}
	replies.version, replies.released = versionOf(product), product.Released
	if replies.brief, err = pubsub.Marshal(reply); err != nil {
		return replies, err
	}
	if product.Released {
		html, err := p.pages.SizesHTML(product)
		if err != nil {
			return replies, err
		}
		reply.SizesHTML = string(html)
	}
	if replies.full, err = pubsub.Marshal(reply); err != nil {
		return replies, err
	}
	block, err := p.pages.ProductHTML(product)
	if err != nil {
		return replies, err
	}
	reply.HTML = string(block)
	replies.fresh, err = pubsub.Marshal(reply)
	return replies, err
}
