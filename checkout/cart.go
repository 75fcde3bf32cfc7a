package checkout

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"sneakers23/inventory"
)

// Cart is what a shopper wants to buy: at most one size of each product. The zero Cart is empty. A
// Cart never changes: what changes it returns another one, so it may be shared by any goroutines.
//
// A cart lives in several places at once, in tabs, in the session, on nodes, and all of them change
// it. [Cart.Merge] makes one of two. The order, the pairs and the number of merges do not matter:
// all places end with the same cart. For each product the cart keeps the last choice, which may be
// a removal. The last choice is the one with the highest stamp. Stamps are no clocks: a new one is
// one more than the highest in the cart.
//
// Removals cannot be kept for ever, so a cart also has a floor. A product without a choice counts
// as not in the cart when stamps were at the floor. Raising the floor forgets the oldest removals.
// A removed shoe stays removed: its line is older than the floor. A shopper can lose an added shoe
// that way only if the last [keptRemovals] removals had not reached them. Tabs hear of each other
// at once.
type Cart struct {
	choices []choice // by product
	floor   uint64
}

const (
	// MostLines bounds the lines of any cart, whatever is merged: the oldest give way. How many a
	// shopper may put in is for who calls Add to say, and less.
	MostLines = 20

	mostRemovals = 16
	keptRemovals = 8
)

// Why a cart was not changed.
var (
	ErrDuplicateItem = errors.New("checkout: the item is in the cart")
	ErrCartFull      = errors.New("checkout: the cart is full")
	ErrNotInCart     = errors.New("checkout: the item is not in the cart")
)

// DuplicateProductError says that another size of the shoe is in the cart. [Cart.Replace] swaps
// them.
type DuplicateProductError struct{ Held Line }

// Error names the item that is held.
func (e *DuplicateProductError) Error() string {
	return fmt.Sprintf("checkout: item %d of the same product is in the cart", e.Held.Item)
}

// Lines lists what is in the cart, by item.
func (c Cart) Lines() []Line {
	lines := make([]Line, 0, len(c.choices))
	for _, ch := range c.choices {
		if !ch.none() {
			lines = append(lines, ch.asLine())
		}
	}
	slices.SortFunc(lines, func(a, b Line) int { return cmp.Compare(a.Item, b.Item) })
	return lines
}

// Len is the number of lines.
func (c Cart) Len() int { return count(c.choices, false) }

// Empty tells whether there are no lines.
func (c Cart) Empty() bool { return c.Len() == 0 }

// Equal tells whether merging the two would be news to neither.
func (c Cart) Equal(d Cart) bool { return c.floor == d.floor && slices.Equal(c.choices, d.choices) }

// Add puts a line into the cart. The error is ErrDuplicateItem, a *DuplicateProductError, or
// ErrCartFull when there are as many as most already.
func (c Cart) Add(line Line, by Actor, most int) (Cart, error) {
	if held, ok := c.size(line.Product); ok && held.Item != line.Item {
		return c, &DuplicateProductError{held}
	}
	return c.Replace(line, by, most)
}

// Replace is Add that lets another size of the same shoe go.
func (c Cart) Replace(line Line, by Actor, most int) (Cart, error) {
	held, ok := c.size(line.Product)
	switch {
	case ok && held.Item == line.Item:
		return c, ErrDuplicateItem
	case !ok && c.Len() >= min(most, MostLines):
		return c, ErrCartFull
	}
	return c.with(choice{
		product: line.Product, item: line.Item, line: line.ID, stamp: c.next(), actor: by,
	}), nil
}

// Remove takes an item out. The error is ErrNotInCart.
func (c Cart) Remove(item inventory.ItemID, by Actor) (Cart, error) {
	for _, ch := range c.choices {
		if ch.item == item && !ch.none() {
			return c.with(choice{product: ch.product, stamp: c.next(), actor: by}), nil
		}
	}
	return c, ErrNotInCart
}

// RemoveBought takes out exactly these lines. It is no later choice: it ends the one that put the
// line in, so a size that was chosen meanwhile, here or elsewhere, stays when the carts are merged.
func (c Cart) RemoveBought(bought ...LineID) Cart {
	next := Cart{choices: slices.Clone(c.choices), floor: c.floor}
	for i, ch := range next.choices {
		if !ch.none() && slices.Contains(bought, ch.line) {
			next.choices[i] = choice{product: ch.product, stamp: ch.stamp, actor: ch.actor}
		}
	}
	return next.forget()
}

// Receipt is a cart without lines. Merged into a cart of the same shopper, it takes these lines out
// as [Cart.RemoveBought] does, and nothing else.
func (c Cart) Receipt(bought ...LineID) Cart {
	var receipt Cart
	for _, ch := range c.choices {
		if !ch.none() && slices.Contains(bought, ch.line) {
			receipt.choices = append(receipt.choices, choice{product: ch.product, stamp: ch.stamp, actor: ch.actor})
		}
	}
	return receipt
}

// Merge is the cart that knows what both know. It is commutative, associative and idempotent as
// long as nothing has to be forgotten, and always after that.
func (c Cart) Merge(d Cart) Cart {
	merged := Cart{choices: make([]choice, 0, len(c.choices)+len(d.choices)), floor: max(c.floor, d.floor)}
	mine, theirs := c.choices, d.choices
	for len(mine) > 0 || len(theirs) > 0 {
		product := first(mine, theirs)
		a, rest := nextChoice(mine, product, c.floor)
		b, others := nextChoice(theirs, product, d.floor)
		mine, theirs = rest, others
		if b.compare(a) > 0 {
			a = b
		}
		if a != forgotten(product, merged.floor) {
			merged.choices = append(merged.choices, a)
		}
	}
	return merged.forget()
}

// first is the lowest product of two lists that are not both empty.
func first(a, b []choice) inventory.ProductID {
	if len(b) == 0 || len(a) > 0 && a[0].product < b[0].product {
		return a[0].product
	}
	return b[0].product
}

// nextChoice splits the choice of a product off the beginning of a list.
func nextChoice(list []choice, product inventory.ProductID, floor uint64) (choice, []choice) {
	if len(list) > 0 && list[0].product == product {
		return list[0], list[1:]
	}
	return forgotten(product, floor), list
}

// forget bounds the cart: the oldest removals go, and lines beyond [MostLines], by raising the
// floor above them.
func (c Cart) forget() Cart {
	lines, removals := count(c.choices, false), count(c.choices, true)
	if lines <= MostLines && removals <= mostRemovals {
		return c
	}
	oldest := slices.Clone(c.choices)
	slices.SortFunc(oldest, choice.compare)
	for _, ch := range oldest {
		switch {
		case ch.none() && removals > keptRemovals:
			removals--
		case !ch.none() && lines > MostLines:
			lines--
		default:
			continue
		}
		c.floor = max(c.floor, ch.stamp)
		c.choices = c.without(ch.product)
	}
	c.choices = slices.DeleteFunc(slices.Clone(c.choices), func(ch choice) bool {
		return ch.none() && ch.stamp <= c.floor
	})
	return c
}

func (c Cart) size(product inventory.ProductID) (Line, bool) {
	if i, ok := c.find(product); ok && !c.choices[i].none() {
		return c.choices[i].asLine(), true
	}
	return Line{}, false
}

func (c Cart) find(product inventory.ProductID) (int, bool) {
	return slices.BinarySearchFunc(c.choices, product, func(ch choice, p inventory.ProductID) int {
		return cmp.Compare(ch.product, p)
	})
}

// with is the cart with that choice for its product.
func (c Cart) with(ch choice) Cart {
	next := Cart{choices: slices.Clone(c.choices), floor: c.floor}
	if i, ok := next.find(ch.product); ok {
		next.choices[i] = ch
	} else {
		next.choices = slices.Insert(next.choices, i, ch)
	}
	return next.forget()
}

func (c Cart) without(product inventory.ProductID) []choice {
	return slices.DeleteFunc(slices.Clone(c.choices), func(ch choice) bool { return ch.product == product })
}

// next is the stamp of a choice that is made now.
func (c Cart) next() uint64 {
	highest := c.floor
	for _, ch := range c.choices {
		highest = max(highest, ch.stamp)
	}
	return highest + 1
}

func count(choices []choice, none bool) (n int) {
	for _, ch := range choices {
		if ch.none() == none {
			n++
		}
	}
	return n
}
