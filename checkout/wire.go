package checkout

import (
	"encoding/binary"
	"errors"
	"math"

	"sneakers23/inventory"
)

// A cart on the wire is a version, its shopper, the floor, the number of choices, and the choices
// by product. A choice is how far the product is from the one before, item, stamp and actor. A line
// adds its id and a number that is not used any more. Numbers are uvarints, but for the actor. A
// cart of version 1 names no shopper and belongs to none.
const (
	wireVersion          = 2
	wireWithoutShopperID = 1
)

// mostStamp bounds what a cart may claim: a later choice needs a stamp above it. Twenty changes a
// second take 1,700 years to get there.
const mostStamp = 1 << 40

// errWire says that bytes are no cart. It needs no reason: they were signed, so another version
// wrote them.
var errWire = errors.New("checkout: not a cart")

func (c Cart) encode(by ShopperID) []byte {
	b := append([]byte{wireVersion}, by[:]...)
	b = binary.AppendUvarint(b, c.floor)
	b = binary.AppendUvarint(b, uint64(len(c.choices)))
	var before inventory.ProductID
	for _, ch := range c.choices {
		b = binary.AppendUvarint(b, uint64(ch.product-before))
		b = binary.AppendUvarint(b, uint64(ch.item))
		b = binary.AppendUvarint(b, ch.stamp)
		b = binary.BigEndian.AppendUint32(b, uint32(ch.actor))
		if !ch.none() {
			b = append(b, ch.line[:]...)
			b = append(b, 0) // nodes of earlier versions had a revision here
		}
		before = ch.product
	}
	return b
}

// decode reads what encode wrote, now or as version 1, and nothing else.
func decode(b []byte) (c Cart, by ShopperID, err error) {
	r := reader{b: b}
	switch r.bytes(1)[0] {
	case wireVersion:
		by = ShopperID(r.bytes(len(by)))
	case wireWithoutShopperID:
	default:
		return Cart{}, ShopperID{}, errWire
	}
	c.floor = r.number(mostStamp)
	n := r.number(MostLines + mostRemovals)
	var before inventory.ProductID
	for range n {
		ch := choice{product: before + inventory.ProductID(r.number(math.MaxInt64-uint64(before)))}
		ch.item = inventory.ItemID(r.number(math.MaxInt64))
		ch.stamp = r.number(mostStamp)
		ch.actor = Actor(binary.BigEndian.Uint32(r.bytes(4)))
		if !ch.none() {
			copy(ch.line[:], r.bytes(len(ch.line)))
			r.number(math.MaxInt64)
		}
		if ch.product == before {
			return Cart{}, ShopperID{}, errWire
		}
		before = ch.product
		if ch != forgotten(ch.product, c.floor) { // which the floor says already
			c.choices = append(c.choices, ch)
		}
	}
	if r.failed || len(r.b) > 0 || count(c.choices, false) > MostLines || count(c.choices, true) > mostRemovals {
		return Cart{}, ShopperID{}, errWire
	}
	return c, by, nil
}

// reader takes values off its bytes. Once it has failed it gives zeros.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) number(most uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > most {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) bytes(n int) []byte {
	if len(r.b) < n {
		r.fail()
		return make([]byte, n)
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) fail() { r.failed, r.b = true, nil }
