package inventory

import (
	"context"
	"sync"
)

// Notice tells watchers that rows have changed. Catalog is at least as new as the changes. A row is
// named once, however often it has changed since the last notice: a watcher that cares for the way
// from one value to the next compares with what it saw last.
type Notice struct {
	Catalog  *Catalog
	Products []ProductID // in the order of their first change
	Items    []ItemID
	Actors   Actors
}

// Dispatcher tells watchers of changes on a goroutine of its own, so that a slow watcher delays no
// change. It is a service: see Serve.
type Dispatcher struct {
	watchers []func(context.Context, Notice)
	wake     chan struct{} // buffer 1: one token says that something is pending, more would say no more

	mu       sync.Mutex // guards what the server's loop hands over
	catalog  *Catalog
	products rows[ProductID] // bounded by the number of rows
	items    rows[ItemID]
	actors   Actors // bounded by the number of rows
}

// rows is a set that remembers the order in which its members came.
type rows[ID comparable] struct {
	order []ID
	known map[ID]bool
}

func (r *rows[ID]) add(id ID) {
	if r.known[id] {
		return
	}
	if r.known == nil {
		r.known = make(map[ID]bool)
	}
	r.known[id] = true
	r.order = append(r.order, id)
}

// NewDispatcher makes a dispatcher without watchers.
func NewDispatcher() *Dispatcher {
	return &Dispatcher{wake: make(chan struct{}, 1)}
}

// Add adds a watcher. It is called before Serve is. Watchers are called in the order they were
// added, never two at once; each should return soon, and when its context ends.
func (d *Dispatcher) Add(watch func(context.Context, Notice)) { d.watchers = append(d.watchers, watch) }

// String names the service in logs.
func (d *Dispatcher) String() string { return "inventory.Dispatcher" }

// Serve calls the watchers until ctx ends. After a panic of a watcher it may be called again: all
// rows of the notice that was being delivered are named again.
func (d *Dispatcher) Serve(ctx context.Context) error {
	for {
		select {
		case <-d.wake:
			d.deliver(ctx, d.dequeue())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (d *Dispatcher) deliver(ctx context.Context, n Notice) {
	delivered := false
	defer func() {
		if !delivered {
			d.again(n)
		}
	}()
	for _, watch := range d.watchers {
		watch(ctx, n)
	}
	delivered = true
}

// enqueue is called by the server's loop, and never waits for a watcher.
func (d *Dispatcher) enqueue(c *Catalog, news []Change) {
	d.mu.Lock()
	d.catalog = c
	for _, n := range news {
		d.actors.add(n)
		if n.Product != nil {
			d.products.add(n.Product.ID)
		} else {
			d.items.add(n.Item.ID)
		}
	}
	d.mu.Unlock()
	d.signal()
}

// again puts back what a notice has told, whose delivery ended early.
func (d *Dispatcher) again(n Notice) {
	d.mu.Lock()
	for _, id := range n.Products {
		d.products.add(id)
	}
	for _, id := range n.Items {
		d.items.add(id)
	}
	d.actors.addOlder(n.Actors)
	d.mu.Unlock()
	d.signal()
}

func (d *Dispatcher) signal() {
	select {
	case d.wake <- struct{}{}:
	default: // a token is there already
	}
}

func (d *Dispatcher) dequeue() Notice {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := Notice{Catalog: d.catalog, Products: d.products.order, Items: d.items.order, Actors: d.actors}
	d.products, d.items, d.actors = rows[ProductID]{}, rows[ItemID]{}, Actors{}
	return n
}
