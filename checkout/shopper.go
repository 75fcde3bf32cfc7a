package checkout

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
)

// ShopperID names the shopper who has a cart: the first 128 bits of the SHA-256 of the cart's id.
// The cart's id is a secret of 384 random bits, so it cannot be computed from this name, and the
// name opens nothing. The zero ShopperID names no shopper.
type ShopperID [16]byte

// ShopperOf returns the shopper who has the cart of that id, the zero ShopperID for "".
func ShopperOf(cartID string) ShopperID {
	if cartID == "" {
		return ShopperID{}
	}
	sum := sha256.Sum256([]byte(cartID))
	return ShopperID(sum[:])
}

// adoptedBy is the cart as another shopper takes it over: the same choices, in lines of that
// shopper's own. So two shoppers who share a cart buy different lines, and neither is led to an
// order of the other.
//
// A line's new id is a hash of its old one, keyed with the cart's id. So the same token gives the
// same lines every time, and they cannot be computed without the cart's id.
func (c Cart) adoptedBy(cartID string) Cart {
	adopted := Cart{choices: slices.Clone(c.choices), floor: c.floor}
	for i, ch := range adopted.choices {
		if ch.none() {
			continue
		}
		hash := hmac.New(sha256.New, []byte(cartID))
		hash.Write(ch.line[:])
		adopted.choices[i].line = LineID(hash.Sum(nil)[:len(ch.line)])
	}
	return adopted
}
