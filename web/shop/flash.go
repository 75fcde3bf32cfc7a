package shop

import (
	"slices"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// Flash is a message that a visitor sees once. It may offer a size in place of the one in the cart.
type Flash struct {
	Kind    string           `json:"kind"` // "info" or "error"; a class name
	Message string           `json:"message"`
	Action  string           `json:"action,omitempty"` // the words on the button
	ItemID  inventory.ItemID `json:"item_id,omitzero"` // that it swaps in

	claim claim // what must be so for the message to be true
}

// claim is what a message says of the cart. Forms that a browser sends at once are each answered
// with a cart that knows nothing of the others, and the browser keeps one of these, perhaps with
// the message of another. So a message is compared with the cart that it is shown with.
type claim struct {
	in     inventory.ItemID // is in the cart, 0 for none
	out    inventory.ItemID // is not in the cart, 0 for none
	pairs  int              // are in the cart at least
	orElse string           // what to say if it is not so; "" for a message that says nothing of the cart
}

func info(message string) *Flash { return &Flash{Kind: "info", Message: message} }

// isIn makes a message that holds while an item is in the cart. words name the shoe that was to be
// put in.
func (f *Flash) isIn(id inventory.ItemID, words string) *Flash {
	f.claim = claim{in: id, orElse: notIn(words)}
	return f
}

// isOut makes a message that holds while an item is not in the cart.
func (f *Flash) isOut(id inventory.ItemID, words string) *Flash {
	f.claim = claim{out: id, orElse: words + " is still in your cart. Remove it again if you do not want it."}
	return f
}

// isFull makes a message that holds while there are so many pairs in the cart.
func (f *Flash) isFull(pairs int, words string) *Flash {
	f.claim = claim{pairs: pairs, orElse: notIn(words)}
	return f
}

func notIn(words string) string { return words + " did not get into your cart. Put it in again." }

// over returns the message that is true of a cart: f itself, or what to say in its place.
func (f *Flash) over(cart checkout.Cart, catalog *inventory.Catalog) *Flash {
	if f == nil || f.claim.orElse == "" || f.claim.holds(visible(cart, catalog)) {
		return f
	}
	return &Flash{Kind: "error", Message: f.claim.orElse}
}

func (cl claim) holds(lines []checkout.Line) bool {
	has := func(id inventory.ItemID) bool {
		return slices.ContainsFunc(lines, func(l checkout.Line) bool { return l.Item == id })
	}
	return (cl.in == 0 || has(cl.in)) && (cl.out == 0 || !has(cl.out)) && len(lines) >= cl.pairs
}
