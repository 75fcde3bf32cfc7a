package main

import (
	"testing"

	"sneakers23/app/operator"
	"sneakers23/inventory"
)

func TestFindDetails(t *testing.T) {
	t.Parallel()
	var all []operator.Details
	for id, sku := range []string{"VOLT", "volt", "HOP", "3x"} {
		d := operator.Details{ID: inventory.ProductID(id + 1)}
		d.SKU = sku
		all = append(all, d)
	}
	for name, want := range map[string]string{
		"VOLT": "VOLT", "volt": "volt", "hop": "HOP", "3": "HOP", "3X": "3x", "vOlt": "", "9": "", "": "",
	} {
		found, err := findDetails(all, name)
		if found.SKU != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", name, found.SKU, err, want)
		}
	}
}
