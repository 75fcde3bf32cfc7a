package checkout

import (
	"errors"
	"testing"
	"time"

	"sneakers23/inventory"
)

// TestDecide goes through one batch: in order of arrival, all or nothing, and each line once.
func TestDecide(t *testing.T) {
	t.Parallel()
	shoe := func(item inventory.ItemID, released bool) itemFacts {
		return itemFacts{OrderLine: OrderLine{Item: item, Product: inventory.ProductID(item), Price: 100}, Released: released}
	}
	earlier := &Order{ID: "earlier"}
	old := NewLineID()
	f := facts{
		stock: map[inventory.ItemID]*inventory.ItemRow{1: {Available: 2}, 2: {Available: 1}, 3: {Available: 9}},
		items: map[inventory.ItemID]itemFacts{1: shoe(1, true), 2: shoe(2, true), 3: shoe(3, false)},
		bought: map[LineID]*Order{
			old: earlier,
		},
		now: time.Now(),
	}
	cart := func(items ...inventory.ItemID) *ticket {
		w := &ticket{order: newOrderKey()}
		for _, id := range items {
			w.Lines = append(w.Lines, Line{ID: NewLineID(), Item: id, Product: inventory.ProductID(id)})
			w.Total += 100
		}
		return w
	}
	first := cart(1, 2)
	twin := cart(1)
	twin.Lines[0].ID = first.Lines[0].ID
	again := cart(1)
	again.Lines[0].ID = old
	cheap := cart(1)
	cheap.Total = 1
	batch := []*ticket{cart(1, 3), first, cart(1, 2), cheap, twin, cart(1), cart(1), again}
	want := []error{ErrNotReleased, nil, ErrSoldOut, ErrPriceChanged, nil, nil, ErrSoldOut, nil}
	s := decide(batch, f)
	for i, a := range s.answers {
		if !errors.Is(a.err, want[i]) || a.err != nil && want[i] == nil {
			t.Errorf("cart %d: got %v, want %v", i, a.err, want[i])
		}
	}
	if s.answers[4].order.ID != s.answers[1].order.ID || s.answers[7].order.ID != "earlier" {
		t.Error("a line that was bought did not lead to its order")
	}
	if len(s.orders) != 2 || len(s.keys) != 2 || s.keys[0] != first.order || !s.orders[0].CreatedAt.Before(s.orders[1].CreatedAt) {
		t.Errorf("got orders %+v, want two in order of arrival", s.orders)
	}
	if f.stock[1].Available != 0 || f.stock[2].Available != 0 || f.stock[3].Available != 9 {
		t.Errorf("left: %d, %d, %d", f.stock[1].Available, f.stock[2].Available, f.stock[3].Available)
	}
}
