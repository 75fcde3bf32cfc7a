package replication

import (
	"context"
	"sync"

	"sneakers23/inventory"
)

// Mark is a row that a catalog shall show, at this revision or a newer one.
type Mark struct {
	Product  inventory.ProductID `json:"product,omitempty"` // either this
	Item     inventory.ItemID    `json:"item,omitempty"`    // or that
	Revision inventory.Revision  `json:"revision"`
}

// MarkProduct and MarkItem are the mark of a row as a catalog shows it; ok is false for one that it
// does not have.
func MarkProduct(c *inventory.Catalog, id inventory.ProductID) (m Mark, ok bool) {
	p, ok := c.All().Product(id)
	if !ok {
		return m, false
	}
	return Mark{Product: id, Revision: p.Revision}, true
}

// MarkItem is MarkProduct for an item.
func MarkItem(c *inventory.Catalog, id inventory.ItemID) (m Mark, ok bool) {
	it, _, ok := c.All().Item(id)
	if !ok {
		return m, false
	}
	return Mark{Item: id, Revision: it.Revision}, true
}

// shows tells whether a catalog is as new as the mark. A catalog without the row is, if it has a
// row that is as new: then the row was deleted.
func (m Mark) shows(c *inventory.Catalog) bool {
	shown, ok := MarkItem(c, m.Item)
	if m.Product != 0 {
		shown, ok = MarkProduct(c, m.Product)
	}
	if !ok {
		return c.Revision() >= m.Revision
	}
	return shown.Revision >= m.Revision
}

// Applied lets others wait until this node's watchers were told of a change. Its Watch must be the
// last of the watchers of the inventory; Wait may be called from any goroutine.
type Applied struct {
	mu      sync.Mutex
	told    *inventory.Catalog // nil before the first notice
	changed chan struct{}      // closed by the next notice
}

// NewApplied makes one that was told of nothing yet.
func NewApplied() *Applied {
	return &Applied{changed: make(chan struct{})}
}

// Watch is called by the inventory's dispatcher.
func (a *Applied) Watch(_ context.Context, n inventory.Notice) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told = n.Catalog
	close(a.changed)
	a.changed = make(chan struct{})
}

// Wait returns when all marks are shown, or ctx ends.
func (a *Applied) Wait(ctx context.Context, marks []Mark) error {
	for {
		a.mu.Lock()
		told, changed := a.told, a.changed
		a.mu.Unlock()
		if told != nil && showsAll(told, marks) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func showsAll(c *inventory.Catalog, marks []Mark) bool {
	for _, m := range marks {
		if !m.shows(c) {
			return false
		}
	}
	return true
}
