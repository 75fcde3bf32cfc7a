package checkout

import (
	"errors"
	"testing"
	"time"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// TestDecide goes through one batch: in order of arrival, all or nothing, and each line once.
func TestDecide(t *testing.T) {
	t.Parallel()
	shoe := func(id inventory.ItemID, available int, released bool) ledger.Row {
		return ledger.Row{
			ItemRow: inventory.ItemRow{ID: id, ProductID: inventory.ProductID(id), Available: available},
			Product: &ledger.Product{ID: inventory.ProductID(id), Price: 100, Released: released, Visible: true},
		}
	}
	archived := shoe(4, 9, true)
	archived.Product.Visible = false
	stock := ledger.NewStock(shoe(1, 2, true), shoe(2, 1, true), shoe(3, 9, false), archived)
	stock.Now = time.Now()
	kind := &sales{lines: MostLines}
	cart := func(items ...inventory.ItemID) *sale {
		var p Purchase
		for _, id := range items {
			p.Lines = append(p.Lines, Line{ID: NewLineID(), Item: id, Product: inventory.ProductID(id)})
			p.Total += 100
		}
		return newSale(kind, p)
	}
	old := NewLineID()
	first := cart(1, 2)
	twin := cart(1)
	twin.Lines[0].ID = first.Lines[0].ID
	again := cart(1)
	again.Lines[0].ID = old
	cheap := cart(1)
	cheap.Total = 1
	batch := []*sale{cart(1, 3), first, cart(1, 2), cheap, twin, cart(1), cart(1), again, cart(4)}
	want := []error{ErrNotReleased, nil, ErrSoldOut, ErrPriceChanged, nil, nil, ErrSoldOut, nil, ErrNoItem}
	a := kind.Begin(nil).(*saleAttempt)
	a.bought[old] = &Order{ID: "earlier"}
	for i, s := range batch {
		if err := a.Decide(s, stock); !errors.Is(err, want[i]) || err != nil && want[i] == nil {
			t.Errorf("cart %d: got %v, want %v", i, err, want[i])
		}
	}
	if twin.order.ID != first.order.ID || again.order.ID != "earlier" {
		t.Error("a line that was bought did not lead to its order")
	}
	if len(a.orders) != 2 || len(a.keys) != 2 || a.keys[0] != first.key ||
		!a.orders[0].CreatedAt.Before(a.orders[1].CreatedAt) {
		t.Errorf("got orders %+v, want two in order of arrival", a.orders)
	}
	for id, left := range map[inventory.ItemID]int{1: 0, 2: 0, 3: 9, 4: 9} {
		if got := stock.Row(id).Available; got != left {
			t.Errorf("%d pairs of item %d are left, want %d", got, id, left)
		}
	}
}
