package shop

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/maphash"
	randv2 "math/rand/v2"
	"sync"

	"sneakers23/checkout"
	"sneakers23/replication/pubsub"
)

// CartsConfig is what [Carts] are made of. All of it must be given, but for what has a default.
type CartsConfig struct {
	Tokens    *checkout.Tokens
	PubSub    *pubsub.PubSub
	MaxLines  int     // that a shopper may put into a cart; 10 when 0
	PerSecond float64 // adds and removes of one tab, and as many at once; 20 when 0, negative for no limit
}

// Carts holds the carts that tabs on this node have open: one for all tabs of a cart, so they
// cannot differ. Changes made here are sent to the others on the cart's topic, and merged there. A
// node that knows more than it was sent answers. A message that is lost is made up for by the next
// one, since each carries the whole cart.
//
// A cart's id and its token are bearer secrets: neither is ever logged. All methods may be called
// from any goroutine.
type Carts struct {
	tokens    *checkout.Tokens
	topics    *pubsub.PubSub
	maxLines  int
	perSecond float64
	node      string // whose news it is

	seed   maphash.Seed
	shards [64]cartShard // by cart id, so that shoppers do not wait for each other
}

type cartShard struct {
	mu   sync.Mutex
	open map[string]*openCart
}

// openCart is a cart with tabs. Its shard's lock guards it.
type openCart struct {
	tabs     int // it is forgotten with the last
	now      seenCart
	answered uint64 // the last news of another node that was answered: all tabs here hear it
}

// seenCart is a cart at one moment. The version is another one whenever the cart is; it means
// something to those only who have the cart open.
type seenCart struct {
	checkout.Cart
	version uint64
}

// NewCarts holds no cart yet.
func NewCarts(cfg CartsConfig) *Carts {
	c := &Carts{
		tokens: cfg.Tokens, topics: cfg.PubSub, maxLines: cfg.MaxLines, perSecond: cfg.PerSecond,
		node: rand.Text(), seed: maphash.MakeSeed(),
	}
	if c.maxLines == 0 {
		c.maxLines = 10
	}
	if c.perSecond == 0 {
		c.perSecond = 20
	}
	for i := range c.shards {
		c.shards[i].open = make(map[string]*openCart)
	}
	return c
}

func (c *Carts) shard(id string) *cartShard {
	return &c.shards[maphash.String(c.seed, id)%uint64(len(c.shards))]
}

// enter opens the cart for one more tab, which brings what it knows.
func (c *Carts) enter(id string, brought checkout.Cart) seenCart {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.open[id]
	if !ok {
		o = &openCart{now: seenCart{version: 1}}
		s.open[id] = o
	}
	o.tabs++
	o.merge(brought)
	return o.now
}

// leave is the end of a tab that entered.
func (c *Carts) leave(id string) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[id]
	if o.tabs--; o.tabs == 0 {
		delete(s.open, id)
	}
}

// change lets one who has entered change the cart. No two changes overlap.
func (c *Carts) change(id string, change func(checkout.Cart) (checkout.Cart, error)) (seenCart, error) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[id]
	changed, err := change(o.now.Cart)
	if err != nil {
		return o.now, err
	}
	o.set(changed)
	return o.now, nil
}

// of returns the cart if it is open on this node.
func (c *Carts) of(id string) (seenCart, bool) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.open[id]; ok {
		return o.now, true
	}
	return seenCart{}, false
}

// learn merges what came from elsewhere into the cart, if it is open here.
func (c *Carts) learn(id string, heard checkout.Cart) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if o, ok := s.open[id]; ok {
		o.merge(heard)
	}
}

func (o *openCart) merge(c checkout.Cart) { o.set(o.now.Merge(c)) }

func (o *openCart) set(c checkout.Cart) {
	if !c.Equal(o.now.Cart) {
		o.now = seenCart{c, o.now.version + 1}
	}
}

// cartNews is the payload of the event cart_news, which goes between tabs and nodes and never to a
// browser.
type cartNews struct {
	Serialized string `json:"serialized"` // "" for who knows nothing of the cart
	Node       string `json:"node"`
	ID         uint64 `json:"id"` // tells two news with the same cart apart
}

const cartNewsEvent = "cart_news"

func (c *Carts) news(id string, cart checkout.Cart) cartNews {
	news := cartNews{Node: c.node, ID: randv2.Uint64()}
	if !cart.Equal(checkout.Cart{}) {
		news.Serialized = c.tokens.Sign(cart, id)
	}
	return news
}

// receiveNews merges news of a cart. It reports whether the sender must be sent more than it knows:
// once for all tabs here.
func (c *Carts) receiveNews(id string, payload any) (answer bool, err error) {
	var news cartNews
	raw, ok := payload.(json.RawMessage)
	if !ok {
		return false, fmt.Errorf("shop: news of a cart are %T", payload)
	}
	if err := json.Unmarshal(raw, &news); err != nil {
		return false, fmt.Errorf("shop: news of a cart: %w", err)
	}
	if news.Node == c.node {
		return false, nil // it is in the cart already
	}
	heard, _ := c.tokens.Open(news.Serialized, id)
	if news.Serialized != "" && heard.Equal(checkout.Cart{}) {
		return false, nil // another secret signed it: two nodes that cannot read each other would answer without end
	}
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.open[id]
	if !ok || o.answered == news.ID {
		return false, nil
	}
	o.merge(heard)
	if o.now.Equal(heard) {
		return false, nil
	}
	o.answered = news.ID
	return true, nil
}

// broadcastCart sends a cart to its tabs on all nodes.
func (c *Carts) broadcastCart(id string, cart checkout.Cart) {
	payload, err := pubsub.Marshal(c.news(id, cart))
	if err != nil {
		panic(err) // two strings and a number
	}
	c.topics.Broadcast(cartTopics+id, cartNewsEvent, payload)
}

// Merge tells the tabs of a cart what was done to it elsewhere, by a form for instance.
func (c *Carts) Merge(id string, cart checkout.Cart) {
	c.learn(id, cart)
	c.broadcastCart(id, cart)
}

// Exchange tells all carts that are open here. It is for when nodes hear each other again: what
// they missed meanwhile is made up for.
func (c *Carts) Exchange() {
	for i := range c.shards {
		for id, cart := range c.shards[i].all() {
			c.broadcastCart(id, cart)
		}
	}
}

func (s *cartShard) all() map[string]checkout.Cart {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]checkout.Cart, len(s.open))
	for id, o := range s.open {
		all[id] = o.now.Cart
	}
	return all
}
