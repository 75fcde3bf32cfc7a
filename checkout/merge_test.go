package checkout

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sneakers23/inventory"
)

// anyCart is any cart that could be signed, few products of few choices, so that two of them meet
// often.
func anyCart() *rapid.Generator[Cart] {
	small := rapid.Uint64Range(1, 2)
	return rapid.Custom(func(t *rapid.T) Cart {
		c := Cart{floor: rapid.Uint64Range(0, 4).Draw(t, "floor")}
		for product := range inventory.ProductID(4) {
			if !rapid.Bool().Draw(t, "chosen") {
				continue
			}
			ch := choice{
				product: product + 1, stamp: rapid.Uint64Range(1, 4).Draw(t, "stamp"),
				actor: Actor(small.Draw(t, "actor")),
			}
			if rapid.Bool().Draw(t, "line") {
				ch.item = inventory.ItemID(small.Draw(t, "item"))
				ch.line[0] = byte(small.Draw(t, "id"))
			}
			c.choices = append(c.choices, ch)
		}
		return c
	})
}

// Of two choices that differ, in whatever, one is the higher.
func TestChoicesAreInOrder(t *testing.T) {
	t.Parallel()
	var all []choice
	for bits := range uint64(1 << 3) {
		bit := func(i int) uint64 { return bits >> i & 1 }
		if ch := (choice{stamp: bit(0), actor: Actor(bit(1))}); bits < 4 {
			all = append(all, ch)
		}
		for item := range inventory.ItemID(2) {
			all = append(all, choice{
				item: item + 1, line: LineID{byte(bit(2))}, stamp: bit(0), actor: Actor(bit(1)),
			})
		}
	}
	for _, a := range all {
		for _, b := range all {
			if got := a.compare(b); got != -b.compare(a) || (got == 0) != (a == b) {
				t.Errorf("%+v and %+v: %d, %d", a, b, got, b.compare(a))
			}
		}
	}
}

func TestMergeLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyCart().Draw(t, "a"), anyCart().Draw(t, "b"), anyCart().Draw(t, "c")
		if !a.Merge(a).Equal(a) {
			t.Fatalf("not idempotent: %+v", a.Merge(a))
		}
		ab := a.Merge(b)
		if !ab.Equal(b.Merge(a)) {
			t.Fatalf("not commutative: %+v and %+v", ab, b.Merge(a))
		}
		for _, ch := range ab.choices {
			if ch == forgotten(ch.product, ab.floor) {
				t.Fatalf("says twice that product %d is not in the cart: %+v", ch.product, ab)
			}
		}
		if left, right := ab.Merge(c), a.Merge(b.Merge(c)); !left.Equal(right) {
			t.Fatalf("not associative: %+v and %+v", left, right)
		}
		if !ab.Merge(a).Equal(ab) || !ab.Merge(b).Equal(ab) {
			t.Fatalf("a merge does not know what was merged: %+v", ab)
		}
	})
}

// family is one cart in several places. A cart that any place ever sent may arrive anywhere, any
// number of times.
type family struct {
	places []Cart
	sent   []Cart
	actors []Actor
	bought map[LineID]bool
	most   inventory.ItemID // products that there are
}

func newFamily(products inventory.ItemID) *family {
	return &family{
		places: make([]Cart, 3), sent: []Cart{{}}, actors: []Actor{1, 2, 2}, bought: map[LineID]bool{}, most: products,
	}
}

func (f *family) place(t *rapid.T) int { return rapid.IntRange(0, len(f.places)-1).Draw(t, "place") }

func (f *family) send(i int, c Cart) {
	f.places[i] = c
	f.sent = append(f.sent, c)
}

func (f *family) add(t *rapid.T) {
	i := f.place(t)
	product := rapid.Int64Range(1, int64(f.most)).Draw(t, "product")
	l := line(inventory.ItemID(10*product + rapid.Int64Range(1, 3).Draw(t, "size")))
	before := f.places[i]
	c, err := before.Replace(l, f.actors[i], 6)
	if err != nil {
		if !errors.Is(err, ErrDuplicateItem) && !errors.Is(err, ErrCartFull) {
			t.Fatal(err)
		}
		return
	}
	if !slices.Contains(c.Lines(), l) {
		t.Fatalf("%v was put in, and the cart has %v", l, c.Lines())
	}
	f.send(i, c)
}

func (f *family) remove(t *rapid.T) {
	i := f.place(t)
	lines := f.places[i].Lines()
	if len(lines) == 0 {
		t.Skip("nothing to remove")
	}
	c, err := f.places[i].Remove(rapid.SampledFrom(lines).Draw(t, "line").Item, f.actors[i])
	if err != nil || c.Len() != len(lines)-1 {
		t.Fatalf("%d lines, then %d: %v", len(lines), c.Len(), err)
	}
	f.send(i, c)
}

func (f *family) buy(t *rapid.T) {
	i := f.place(t)
	var ids []LineID
	for _, l := range f.places[i].Lines() {
		ids = append(ids, l.ID)
		f.bought[l.ID] = true
	}
	f.send(i, f.places[i].RemoveBought(ids...))
}

func (f *family) deliver(t *rapid.T) {
	i := f.place(t)
	f.places[i] = f.places[i].Merge(rapid.SampledFrom(f.sent).Draw(t, "message"))
	f.sent = append(f.sent, f.places[i])
}

// exchange merges every place with every other, and returns the cart that all have then.
func (f *family) exchange(t *rapid.T) Cart {
	for range 3 {
		for i := range f.places {
			for j := range f.places {
				f.places[i] = f.places[i].Merge(f.places[j])
			}
		}
	}
	for _, c := range f.places {
		if !c.Equal(f.places[0]) {
			t.Fatalf("after all was said, one has %+v, another %+v", f.places[0], c)
		}
	}
	return f.places[0]
}

func (f *family) check(t *rapid.T) {
	for _, c := range f.places {
		products := map[inventory.ProductID]bool{}
		for _, l := range c.Lines() {
			if products[l.Product] {
				t.Fatalf("two sizes of product %d: %v", l.Product, c.Lines())
			}
			products[l.Product] = true
		}
		if len(c.choices) > MostLines+mostRemovals {
			t.Fatalf("%d choices are kept", len(c.choices))
		}
		back, _, err := decode(c.encode(ShopperID{}))
		if err != nil || !back.Equal(c) {
			t.Fatalf("%+v became %+v: %v", c, back, err)
		}
	}
}

func (f *family) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){"add": f.add, "remove": f.remove, "buy": f.buy, "deliver": f.deliver, "": f.check}
}

// Whatever is sent, in whatever order, all places end with the same cart: for each product the
// highest choice of all that were ever made, and nothing that was bought.
func TestPlacesConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFamily(5)
		t.Repeat(f.actions())
		got := f.exchange(t)
		want := map[inventory.ProductID]choice{}
		f.sent = append(f.sent, f.places...)
		for _, c := range f.sent {
			for _, ch := range c.choices {
				if held, ok := want[ch.product]; !ok || ch.compare(held) > 0 {
					want[ch.product] = ch
				}
			}
		}
		if len(got.choices) != len(want) {
			t.Fatalf("%d choices, want %d", len(got.choices), len(want))
		}
		for _, ch := range got.choices {
			if ch != want[ch.product] {
				t.Fatalf("product %d: %+v, want %+v", ch.product, ch, want[ch.product])
			}
		}
		for _, l := range got.Lines() {
			if f.bought[l.ID] {
				t.Fatalf("%v was bought, and is in the cart", l)
			}
		}
	})
}

// With so many products that removals are forgotten, all still end with the same cart, and nothing
// bought comes back.
func TestPlacesConvergeWhenTheyForget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFamily(60)
		for range rapid.IntRange(0, 80).Draw(t, "shoes that come and go") {
			f.add(t)
			f.buy(t)
		}
		t.Repeat(f.actions())
		for _, l := range f.exchange(t).Lines() {
			if f.bought[l.ID] {
				t.Fatalf("%v was bought, and is in the cart", l)
			}
		}
	})
}
