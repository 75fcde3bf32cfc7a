package inventory_test

import (
	"testing"

	"sneakers23/inventory"
)

func TestCentsAsShoppersReadThem(t *testing.T) {
	for cents, want := range map[inventory.Cents]string{
		0:             "$0",
		5:             "$0.05",
		12_000:        "$120",
		12_050:        "$120.50",
		99_999:        "$999.99",
		100_000:       "$1,000",
		8_803_520:     "$88,035.20",
		1_234_567_890: "$12,345,678.90",
	} {
		if got := cents.String(); got != want {
			t.Errorf("%d cents are written %s, want %s", cents, got, want)
		}
	}
}
