package operator

import (
	"testing"

	"pgregory.net/rapid"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// TestChoosePairs chooses from any stock: as many pairs as are asked for if there are, and of no
// item more than it has.
func TestChoosePairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stock := rapid.SliceOfN(rapid.IntRange(0, 8), 0, 12).Draw(t, "stock")
		count := rapid.IntRange(0, 120).Draw(t, "count")
		rows := inventory.Rows{Products: []inventory.ProductRow{{ID: 1, SKU: "P", Revision: 1}}}
		all := 0
		for i, pairs := range stock {
			rows.Items = append(rows.Items, inventory.ItemRow{
				ID: inventory.ItemID(i + 1), ProductID: 1, Available: pairs, Revision: 1,
			})
			all += pairs
		}
		chosen := 0
		for id, pairs := range choosePairs(inventory.NewCatalog(rows, inventory.DefaultThresholds),
			ledger.AlsoUnreleased, count) {
			if pairs < 1 || pairs > stock[id-1] {
				t.Errorf("%d pairs are chosen of item %d, which has %d", pairs, id, stock[id-1])
			}
			chosen += pairs
		}
		if chosen != min(count, all) {
			t.Errorf("%d pairs are chosen, want %d of %d", chosen, count, all)
		}
	})
}

// TestFrozenIsNoStock leaves out what is sold no more: sell would choose it for ever.
func TestFrozenIsNoStock(t *testing.T) {
	t.Parallel()
	rows := inventory.Rows{
		Products: []inventory.ProductRow{{ID: 1, Released: true, Revision: 1}},
		Items: []inventory.ItemRow{
			{ID: 1, ProductID: 1, Available: 5, Revision: 1, Frozen: true},
			{ID: 2, ProductID: 1, Available: 3, Revision: 1},
		},
	}
	items, pairs := inStock(inventory.NewCatalog(rows, inventory.DefaultThresholds), ledger.AlsoUnreleased)
	if len(items) != 1 || items[0].ID != 2 || pairs != 3 {
		t.Errorf("in stock are %+v, %d pairs; want the item that is not frozen", items, pairs)
	}
}
