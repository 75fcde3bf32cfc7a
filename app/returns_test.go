package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"sneakers23/inventory"
)

// TestReturnsAreLogged logs what comes back, and nothing else of what happens to the stock.
func TestReturnsAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := newReturns(slog.New(slog.NewTextHandler(&log, nil)))
	rows := inventory.Rows{
		Products: []inventory.ProductRow{{ID: 1, SKU: "P", Revision: 1}},
		Items: []inventory.ItemRow{
			{ID: 1, ProductID: 1, SKU: "A", Available: 5, Sold: 5, Revision: 1},
			{ID: 2, ProductID: 1, SKU: "B", Available: 5, Sold: 5, Revision: 1},
		},
	}
	tell := func() string {
		log.Reset()
		r.Watch(t.Context(), inventory.Notice{
			Catalog: inventory.NewCatalog(rows, inventory.DefaultThresholds), Items: []inventory.ItemID{1, 2, 3},
		})
		return log.String()
	}
	for _, step := range []struct {
		what string
		do   func()
		says string // empty: nothing
	}{
		{"the catalog is loaded", func() {}, ""},
		{"a sale", func() { rows.Items[0].Sold, rows.Items[0].Available = 7, 3 }, ""},
		{"a restock", func() { rows.Items[1].Available += 9 }, ""},
		{"an order is cancelled", func() {
			rows.Items[0].Sold, rows.Items[0].Available = 5, 5
			rows.Items[1].Sold, rows.Items[1].Available = 4, 15
		}, "pairs=3 items=2"},
		{"nothing", func() {}, ""},
		{"a size is deleted", func() { rows.Items = rows.Items[:1] }, ""},
	} {
		step.do()
		if got := tell(); (got != "") != (step.says != "") || !strings.Contains(got, step.says) {
			t.Errorf("%s: logged is %q, want %q", step.what, got, step.says)
		}
	}
}
