package shop

import (
	"sync"
	"sync/atomic"

	"sneakers23/inventory"
)

// version says what a rendering was made from: the Shown of the catalog or of a product, and that
// of the storefront's look.
type version struct{ shown, look uint64 }

// kept holds the newest rendering of one thing, together with the version that it was made from.
// Reading it costs one atomic load. After a change one request renders and the others wait for it.
type kept[T any] struct {
	making sync.Mutex
	newest atomic.Pointer[rendering[T]]
}

type rendering[T any] struct {
	version version
	value   T
}

// of returns the rendering made from exactly that version, if it is held.
func (k *kept[T]) of(v version) (value T, ok bool) {
	if r := k.newest.Load(); r != nil && r.version == v {
		return r.value, true
	}
	return value, false
}

// renew renders unless another request just did. latest is called only under the lock: it reads the
// catalog again. So one rendering serves all requests that waited, and none gets less than it asked
// for.
func (k *kept[T]) renew(latest func() (v version, render func() (T, error), err error)) (value T, err error) {
	k.making.Lock()
	defer k.making.Unlock()
	v, render, err := latest()
	if err != nil {
		return value, err
	}
	if value, ok := k.of(v); ok {
		return value, nil
	}
	if value, err = render(); err != nil {
		return value, err
	}
	k.newest.Store(&rendering[T]{v, value})
	return value, nil
}

// keptByProduct holds one rendering for each product that was asked for and that still exists.
type keptByProduct[T any] struct {
	mu    sync.RWMutex
	slots map[inventory.ProductID]*kept[T]
}

// slot belongs to a product of the catalog c. A product that is gone loses its slot when another
// one gets its first.
func (k *keptByProduct[T]) slot(c *inventory.Catalog, id inventory.ProductID) *kept[T] {
	k.mu.RLock()
	s, ok := k.slots[id]
	k.mu.RUnlock()
	if ok {
		return s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if s, ok := k.slots[id]; ok {
		return s
	}
	if k.slots == nil {
		k.slots = make(map[inventory.ProductID]*kept[T])
	}
	if len(k.slots) >= c.Len() {
		for held := range k.slots {
			if _, ok := c.Product(held); !ok {
				delete(k.slots, held)
			}
		}
	}
	s = new(kept[T])
	k.slots[id] = s
	return s
}
