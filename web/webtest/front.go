package webtest

import (
	"sync/atomic"

	"sneakers23/inventory/storefront"
)

// Front holds what the shop looks like in a test. Put may be called while pages are served.
type Front struct {
	look atomic.Pointer[storefront.Look]
}

// NewFront is that of a new shop, with these pages of text.
func NewFront(pages ...storefront.Page) *Front {
	f := new(Front)
	f.Put(storefront.NewLook(1, storefront.Settings{}, pages...))
	return f
}

// Put shows this look from now on.
func (f *Front) Put(look *storefront.Look) { f.look.Store(look) }

// Look is what was put last.
func (f *Front) Look() *storefront.Look { return f.look.Load() }
