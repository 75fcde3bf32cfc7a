package operator

import (
	"strings"
	"testing"

	"sneakers23/inventory"
)

func TestSlips(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		available, sold, other, count int
		asks                          string // empty: nothing is asked
	}{
		{available: 20, count: 200},
		{available: 20, count: 201, asks: "ever had: 20, of which 20 are left"},
		{available: 1, sold: 49, count: 500},
		{available: 1, sold: 49, count: 501, asks: "ever had: 50, of which 1 are left"},
		{other: 30, count: 300},
		{other: 30, count: 301, asks: "any size of its product ever had: 30"},
		{count: 1_000_000}, // there is nothing to compare with
	} {
		c := inventory.NewCatalog(inventory.Rows{
			Products: []inventory.ProductRow{{ID: 1, SKU: "P", Revision: 1}},
			Items: []inventory.ItemRow{
				{ID: 1, ProductID: 1, SKU: "A", Available: tt.available, Sold: tt.sold, Revision: 1},
				{ID: 2, ProductID: 1, SKU: "B", Available: tt.other, Revision: 1},
			},
		}, inventory.DefaultThresholds)
		it, _, _ := c.Item(1)
		asked := ""
		if err := slips(c, it, tt.count); err != nil {
			asked = err.Error()
		}
		if (asked != "") != (tt.asks != "") || !strings.Contains(asked, tt.asks) {
			t.Errorf("%+v: asked is %q", tt, asked)
		}
	}
}

func TestCleanWho(t *testing.T) {
	t.Parallel()
	for who, want := range map[string]string{
		"alice@laptop":           "alice@laptop",
		"a\x00b":                 "ab",
		"\xff":                   "?",
		strings.Repeat("é", 200): strings.Repeat("é", longestWho/2),
		"":                       "",
	} {
		if got := cleanWho(who); got != want {
			t.Errorf("%q became %q, want %q", who, got, want)
		}
	}
}
