package shop

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// All who ask after a change are served by one rendering.
func TestRenewOnce(t *testing.T) {
	var k kept[string]
	var rendered atomic.Int32
	latest := func() (version, func() (string, error), error) {
		return version{7, 1}, func() (string, error) {
			rendered.Add(1)
			return "page", nil
		}, nil
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := k.renew(latest); got != "page" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	all.Wait()
	if n := rendered.Load(); n != 1 {
		t.Errorf("rendered %d times, want once", n)
	}
	if got, ok := k.of(version{7, 1}); !ok || got != "page" {
		t.Errorf("got %q, %v", got, ok)
	}
	for _, other := range []version{{6, 1}, {7, 2}} {
		if _, ok := k.of(other); ok {
			t.Errorf("serves what was rendered for another state as %v", other)
		}
	}
}

func TestRenewKeepsNoFailure(t *testing.T) {
	var k kept[string]
	broken := errors.New("broken")
	fail := func() (version, func() (string, error), error) {
		return version{1, 1}, func() (string, error) { return "half a pa", broken }, nil
	}
	if _, err := k.renew(fail); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, ok := k.of(version{1, 1}); ok {
		t.Error("a failed rendering is kept")
	}
}

// Products that are gone are not kept for ever.
func TestKeptByProductIsBounded(t *testing.T) {
	var k keptByProduct[string]
	for id := range 100 {
		rows := inventory.Rows{Products: []inventory.ProductRow{
			{ID: inventory.ProductID(id + 1), SKU: "A", Revision: 1},
			{ID: inventory.ProductID(id + 2), SKU: "B", Revision: 1},
		}}
		catalog := webtest.NewShelf(rows).Catalog()
		for p := range catalog.Products() {
			k.slot(catalog, p.ID)
		}
	}
	if n := len(k.slots); n > 2 {
		t.Errorf("%d products are kept, want the 2 that exist", n)
	}
}
