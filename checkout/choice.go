package checkout

import (
	"bytes"
	"cmp"
	"math"
	"math/rand/v2"

	"sneakers23/inventory"
)

// Actor is who changes a cart: a tab, a form. It decides between choices that were made at the same
// moment, so that all who merge them decide alike.
type Actor uint32

// NewActor makes an actor that no other one of the cart is likely to be. Should two be the same,
// carts merge as well.
func NewActor() Actor { return Actor(rand.Uint32()) }

// choice is the latest known decision on a product: one of its sizes is in the cart, or none is.
type choice struct {
	product inventory.ProductID
	item    inventory.ItemID // 0: none is
	line    LineID
	stamp   uint64 // higher than that of every choice that its maker knew of
	actor   Actor
}

// compare orders the choices of one product: the higher one holds. It is a total order, whatever
// was signed once, so the higher of any number of choices does not depend on who compares which
// first.
//
// With the same stamp and actor "none" is the higher one: what was bought leaves the cart by that,
// see [Cart.RemoveBought].
func (a choice) compare(b choice) int {
	return cmp.Or(
		cmp.Compare(a.stamp, b.stamp),
		cmp.Compare(a.actor, b.actor),
		-cmp.Compare(min(a.item, 1), min(b.item, 1)),
		cmp.Compare(a.item, b.item),
		bytes.Compare(a.line[:], b.line[:]),
	)
}

func (a choice) none() bool { return a.item == 0 }

// forgotten is the choice that a cart implies for a product that it lists none for: not in the cart
// when stamps were at the floor.
func forgotten(product inventory.ProductID, floor uint64) choice {
	return choice{product: product, stamp: floor, actor: math.MaxUint32}
}

func (a choice) asLine() Line {
	return Line{ID: a.line, Product: a.product, Item: a.item}
}
