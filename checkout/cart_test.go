package checkout

import (
	"errors"
	"slices"
	"testing"

	"sneakers23/inventory"
)

// line is a new line of an item. Item 11 is size 1 of product 1.
func line(item inventory.ItemID) Line {
	return Line{ID: NewLineID(), Product: inventory.ProductID(item / 10), Item: item}
}

// added puts items into a cart, or fails the test.
func added(t testing.TB, c Cart, items ...inventory.ItemID) Cart {
	t.Helper()
	for _, item := range items {
		var err error
		if c, err = c.Add(line(item), NewActor(), MostLines); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func removed(t testing.TB, c Cart, item inventory.ItemID) Cart {
	t.Helper()
	c, err := c.Remove(item, NewActor())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func items(c Cart) (items []inventory.ItemID) {
	for _, l := range c.Lines() {
		items = append(items, l.Item)
	}
	return items
}

func wantItems(t testing.TB, c Cart, want ...inventory.ItemID) {
	t.Helper()
	if got := items(c); !slices.Equal(got, want) {
		t.Errorf("the cart has %v, want %v", got, want)
	}
}

func TestAddAndRemove(t *testing.T) {
	t.Parallel()
	empty := Cart{}
	c := added(t, empty, 31, 11, 22)
	wantItems(t, c, 11, 22, 31)
	wantItems(t, empty)
	if _, err := c.Add(line(11), 1, 10); !errors.Is(err, ErrDuplicateItem) {
		t.Errorf("the same item: %v", err)
	}
	_, err := c.Add(line(12), 1, 10)
	if other, ok := errors.AsType[*DuplicateProductError](err); !ok || other.Held.Item != 11 {
		t.Errorf("another size: %v", err)
	}
	if _, err := c.Add(line(41), 1, 3); !errors.Is(err, ErrCartFull) {
		t.Errorf("a fourth of three: %v", err)
	}
	swapped, err := c.Replace(line(12), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	wantItems(t, swapped, 12, 22, 31)
	if _, err := c.Replace(line(11), 1, 10); !errors.Is(err, ErrDuplicateItem) {
		t.Errorf("the same item in its own place: %v", err)
	}
	c = removed(t, c, 22)
	wantItems(t, c, 11, 31)
	if _, err := c.Remove(22, 1); !errors.Is(err, ErrNotInCart) {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := c.Remove(0, 1); !errors.Is(err, ErrNotInCart) {
		t.Errorf("item 0, which removals have: %v", err)
	}
	wantItems(t, added(t, c, 21), 11, 21, 31)
}

func TestOneSizeHoldsUnderMerge(t *testing.T) {
	t.Parallel()
	base := added(t, Cart{}, 21)
	a, b := added(t, base, 11), added(t, base, 12)
	if !a.Merge(b).Equal(b.Merge(a)) || a.Merge(b).Len() != 2 {
		t.Errorf("%v and %v became %v", items(a), items(b), items(a.Merge(b)))
	}
	later := added(t, removed(t, a, 11), 13)
	wantItems(t, b.Merge(later), 13, 21)
}

func TestRemoveBoughtSparesWhatWasChosenMeanwhile(t *testing.T) {
	t.Parallel()
	sold := added(t, Cart{}, 11, 21)
	tab := added(t, sold, 31)
	tab, err := tab.Replace(line(12), 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	var bought []LineID
	for _, l := range sold.Lines() {
		bought = append(bought, l.ID)
	}
	elsewhere := removed(t, added(t, sold, 41), 41) // stamps are higher there, and it does not matter
	left := elsewhere.RemoveBought(bought...)
	wantItems(t, left)
	wantItems(t, sold.Merge(left))
	wantItems(t, tab.Merge(left), 12, 31)
	wantItems(t, left.Merge(tab), 12, 31)
	wantItems(t, added(t, left, 11), 11)
}

// However many shoes come and go, a cart stays small, and what was taken out does not come back
// with an old copy.
func TestCartIsBounded(t *testing.T) {
	t.Parallel()
	var (
		c   Cart
		old []Cart
	)
	for p := range inventory.ItemID(80) { // five times as many as removals are kept
		c = added(t, c, 10*p+11)
		old = append(old, c)
		if p%2 == 0 {
			c = removed(t, c, 10*p+11)
		} else {
			c = c.RemoveBought(c.Lines()[0].ID)
		}
		for _, before := range old {
			wantItems(t, c.Merge(before))
			wantItems(t, before.Merge(c))
		}
	}
	if n := len(c.choices); n > mostRemovals {
		t.Errorf("%d removals are kept", n)
	}
	c = Cart{}
	for p := range inventory.ItemID(50) { // carts of strangers, signed all the same
		c = c.Merge(added(t, Cart{}, 10*p+11, 10*p+1011, 10*p+2011))
	}
	if c.Len() != MostLines || len(c.choices) > MostLines+mostRemovals {
		t.Errorf("merging made %d lines, %d choices", c.Len(), len(c.choices))
	}
	if _, err := c.Add(line(90001), 1, 1000); !errors.Is(err, ErrCartFull) {
		t.Errorf("one more than any cart holds: %v", err)
	}
	added(t, removed(t, c, c.Lines()[0].Item), 90001)
}

// A shopper buys all of a cart out of which much was taken: its token still holds it as it is, and
// nothing comes back.
func TestBoughtCartFitsItsToken(t *testing.T) {
	t.Parallel()
	var c Cart
	for p := range inventory.ItemID(mostRemovals) {
		c = removed(t, added(t, c, 10*p+11), 10*p+11)
	}
	for p := range inventory.ItemID(MostLines) {
		c = added(t, c, 10*p+1011)
	}
	var bought []LineID
	for _, l := range c.Lines() {
		bought = append(bought, l.ID)
	}
	left, _, err := decode(c.RemoveBought(bought...).encode(ShopperID{}))
	if err != nil {
		t.Fatal(err)
	}
	wantItems(t, left)
	wantItems(t, c.Merge(left))
}

// A shoe added to a cart that has only its floor left is later than all that was forgotten.
func TestAddAboveTheFloor(t *testing.T) {
	t.Parallel()
	bare := Cart{floor: 9}
	wantItems(t, added(t, bare, 11).Merge(bare), 11)
}
