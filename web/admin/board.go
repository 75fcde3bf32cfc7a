package admin

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
)

// BoardConfig is what a Board watches. All of it must be given.
type BoardConfig struct {
	Catalog  func() *inventory.Catalog
	ShopTime func() time.Time // by which releases are due
	Orders   orderBook
	Journal  journal
	Nodes    func() []NodeState          // this one first; what Fault has found is in it, see [Board.Fault]
	Fault    func(context.Context) Fault // looks for one of this node. It returns soon after ctx ends
	Topics   *pubsub.PubSub
	Log      *slog.Logger
}

// Board sums up the shop for the dashboards of this node, once for all of them. It is a service:
// its owner runs Serve and waits for its end. Diff and Watch tell it what happens.
type Board struct {
	cfg BoardConfig

	mu     sync.Mutex // for a moment only: what is told comes on the goroutines of others
	sums   sums
	orders ordersState
	nodes  []NodeState
	here   []string // runs of the nodes that the journal knows of; nil before the first look

	fault    Fault // of this node, as it was found last
	ill      ill
	troubles []Trouble

	unwritten []Record // that the journal has not taken yet, the oldest first
	proxies   proxies
	written   []Event // what was read of it
	byQuarter []Event // orders
	dirty     bool    // something was told that the dashboards do not know
	stale     bool    // orders may be others
	crowd     crowd

	asking   chan struct{} // buffer 1: who asks the database has put something in
	book     *orderSums    // is used by who asks, as is quarters
	quarters *quarters

	news news
}

// NewBoard watches a shop.
func NewBoard(cfg BoardConfig) *Board {
	return &Board{
		cfg: cfg, sums: newSums(), nodes: []NodeState{}, troubles: []Trouble{}, stale: true,
		asking: make(chan struct{}, 1), book: &orderSums{orders: cfg.Orders}, quarters: &quarters{orders: cfg.Orders},
	}
}

// How often dashboards are told at the most, and how often nodes and orders are looked at.
const (
	tellEvery = 250 * time.Millisecond
	lookEvery = time.Second
	lookTime  = 5 * time.Second // that the database may take for an answer
	firstLook = 2 * time.Second // that it may take when a dashboard waits for it

	// The database may take this long to show that it is there: a dashboard tells within three
	// seconds that it is not.
	faultTime = 1500 * time.Millisecond
)

// String names the service in logs.
func (b *Board) String() string { return "admin.Board" }

// Diff takes what has changed of the shoppers' presences. It may be called from any goroutine.
func (b *Board) Diff(d presence.Diff) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sums.apply(d)
	b.dirty = true
}

// Watch takes what has changed in the catalog: it is a watcher of the [inventory.Dispatcher].
func (b *Board) Watch(context.Context, inventory.Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dirty, b.stale = true, true
}

// LooksLikeProxy notes that an address sends what proxies send, and is not trusted. It may be
// called from any goroutine.
func (b *Board) LooksLikeProxy(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noteProxy(time.Now(), address)
}

// Serve tells the dashboards what has changed, and the journal what happens to nodes, until ctx
// ends.
func (b *Board) Serve(ctx context.Context) error {
	tell := time.NewTicker(tellEvery)
	defer tell.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	sample := time.NewTicker(sampleEvery)
	defer sample.Stop()
	var asks sync.WaitGroup
	defer asks.Wait()
	asks.Go(func() { b.watchNodes(ctx) })
	for {
		select {
		case <-tell.C:
			b.broadcastChanges()
		case <-sample.C:
			b.countCrowd()
		case <-look.C:
			select {
			case b.asking <- struct{}{}:
				asks.Go(func() {
					defer func() { <-b.asking }()
					within, cancel := context.WithTimeout(ctx, lookTime)
					defer cancel()
					b.write(within)
					if b.cfg.Topics.Count(Dashboard) > 0 { // else no dashboard is open
						b.lookAtOrders(within)
						b.read(within)
					}
				})
			default: // the last question is not answered yet
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// lookAtNodes is called by one goroutine.
func (b *Board) lookAtNodes() {
	now, nodes := time.Now(), b.cfg.Nodes()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen(now, nodes)
	troubles := troubles(now, nodes, b.troubles)
	if t, ok := frozenTrouble(now, b.cfg.Catalog(), b.troubles); ok {
		troubles = append(troubles, t)
	}
	if !slices.Equal(nodes, b.nodes) || !slices.Equal(troubles, b.troubles) {
		b.nodes, b.troubles, b.dirty = nodes, troubles, true
	}
}

func (b *Board) countCrowd() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.crowd.add(len(b.sums.carts))
}

// awaitDatabase looks at orders and events for a dashboard that is the first for a while. It waits
// no longer for the others that look.
func (b *Board) awaitDatabase(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	select {
	case b.asking <- struct{}{}:
		defer func() { <-b.asking }()
		if !b.known() { // else another dashboard was first
			b.lookAtOrders(ctx)
			b.read(ctx)
		}
	case <-ctx.Done():
	}
}

// lookAtOrders asks the database, if the answer may be another one than before. It is called by who
// is asking.
func (b *Board) lookAtOrders(ctx context.Context) {
	now := time.Now()
	b.mu.Lock()
	wanted := b.stale || b.orders.Minute != now.Truncate(time.Minute).UnixMilli()
	b.stale = false
	b.mu.Unlock()
	if !wanted {
		return
	}
	orders, err := b.book.look(ctx, now)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.stale = true
		if !errors.Is(ctx.Err(), context.Canceled) { // else the dashboard is gone, or the node stops
			b.cfg.Log.Warn("orders not summed for the dashboard, will try again", "err", err)
		}
		return
	}
	b.orders, b.dirty = orders, true
}

// state is how things are.
func (b *Board) state() *state {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dirty = false
	c := b.cfg.Catalog() // not before: what changes from here on makes it dirty again
	s := &state{
		Shoppers: len(b.sums.carts), Tabs: b.sums.tabs, Pages: b.sums.byPage(c),
		Items:    make(map[inventory.ItemID]itemState),
		Products: make(map[inventory.ProductID]productState, c.Len()),
		Orders:   b.orders, Nodes: b.nodes, Events: b.events(), Troubles: b.troubles,
	}
	for p := range c.Products() {
		s.Products[p.ID] = productState{p.Released, p.ReleaseAt, p.Paused != inventory.NotPaused}
		for _, it := range p.Items {
			s.Items[it.ID] = itemState{b.sums.inCarts[it.ID], it.Available, it.Sold}
		}
	}
	return s
}

func (b *Board) changed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dirty
}
