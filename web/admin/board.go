package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
)

// BoardConfig is what a Board watches. All of it must be given.
type BoardConfig struct {
	Catalog func() *inventory.Catalog
	Orders  orderBook
	Nodes   func() []NodeState // this one first
	Topics  *pubsub.PubSub
	Log     *slog.Logger
}

// Board sums up the shop for the dashboards of this node, once for all of them. It is a service: its owner runs Serve and waits
// for its end. Diff and Watch tell it what happens.
type Board struct {
	cfg BoardConfig

	mu     sync.Mutex // for a moment only: what is told comes on the goroutines of others
	sums   sums
	past   chronicle
	orders ordersState
	nodes  []NodeState
	dirty  bool // something was told that the dashboards do not know
	stale  bool // orders may be others

	// told is what all dashboards know: who joins begins with it, since what changes is told from there on. Nobody changes it.
	told atomic.Pointer[state]
}

// NewBoard watches a shop. What happened before is not in its list of events.
func NewBoard(cfg BoardConfig) *Board {
	b := &Board{cfg: cfg, sums: newSums(), past: newChronicle(), nodes: []NodeState{}, stale: true}
	b.told.Store(b.state())
	return b
}

// How often dashboards are told at the most, and how often nodes and orders are looked at.
const (
	tellEvery = 250 * time.Millisecond
	lookEvery = time.Second
	lookTime  = 5 * time.Second // that the database may take for an answer
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
func (b *Board) Watch(_ context.Context, n inventory.Notice) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range n.Products {
		b.past.product(now, n.Catalog, id)
	}
	for _, id := range n.Items {
		b.past.item(now, n.Catalog, id)
	}
	b.dirty, b.stale = true, true
}

// Serve tells the dashboards what has changed, until ctx ends.
func (b *Board) Serve(ctx context.Context) error {
	tell := time.NewTicker(tellEvery)
	defer tell.Stop()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var asks sync.WaitGroup
	defer asks.Wait()
	book := &ledger{orders: b.cfg.Orders}
	free := make(chan struct{}, 1) // buffer 1: a token says that nobody is asking the database
	free <- struct{}{}
	for {
		select {
		case <-tell.C:
			b.tell()
		case <-look.C:
			b.lookAtNodes()
			if b.cfg.Topics.Count(Dashboard) == 0 {
				continue // nobody wants to know
			}
			select {
			case <-free:
				asks.Go(func() {
					b.lookAtOrders(ctx, book)
					free <- struct{}{}
				})
			default: // the last question is not answered yet
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (b *Board) lookAtNodes() {
	nodes := b.cfg.Nodes()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.past.seen(time.Now(), nodes)
	b.nodes, b.dirty = nodes, true
}

// lookAtOrders asks the database, if the answer may be another one than before.
func (b *Board) lookAtOrders(ctx context.Context, book *ledger) {
	now := time.Now()
	b.mu.Lock()
	turned := book.asked.Truncate(time.Minute) != now.Truncate(time.Minute)
	wanted := b.stale || turned
	b.stale = false
	b.mu.Unlock()
	if !wanted {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	orders, err := book.look(ctx, now)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.stale = true
		if ctx.Err() == nil {
			b.cfg.Log.Warn("orders not summed for the dashboard, will try again", "err", err)
		}
		return
	}
	b.orders, b.dirty = orders, true
}

// tell broadcasts what has changed since it did so last.
func (b *Board) tell() {
	b.mu.Lock()
	dirty := b.dirty
	b.dirty = false
	b.mu.Unlock()
	if !dirty {
		return
	}
	before, now := b.told.Load(), b.state()
	changes := now.changes(before)
	b.told.Store(now) // before it is broadcast: who joins between is told twice how things are, and misses nothing
	if len(changes) == 0 || b.cfg.Topics.Count(Dashboard) == 0 {
		return
	}
	payload, err := json.Marshal(changes)
	if err != nil {
		b.cfg.Log.Error("dashboards not told", "err", err)
		return
	}
	b.cfg.Topics.LocalBroadcast(Dashboard, changeEvent, json.RawMessage(payload))
}

// state is how things are.
func (b *Board) state() *state {
	c := b.cfg.Catalog()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &state{
		Shoppers: len(b.sums.carts), Tabs: b.sums.tabs, Pages: b.sums.byPage(c),
		Items:    make(map[inventory.ItemID]itemState),
		Products: make(map[inventory.ProductID]productState, c.Len()),
		Orders:   b.orders, Nodes: b.nodes, Events: b.past.events,
	}
	for p := range c.Products() {
		s.Products[p.ID] = productState{p.Released, p.ReleaseAt}
		for _, it := range p.Items {
			s.Items[it.ID] = itemState{b.sums.inCarts[it.ID], it.Available, it.Sold}
		}
	}
	return s
}
