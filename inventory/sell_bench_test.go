package inventory_test

import (
	"slices"
	"testing"

	"sneakers23/inventory"
)

// BenchmarkSellUpTo sells a tick of 500 pairs of 26 items.
func BenchmarkSellUpTo(b *testing.B) {
	store, pool := newStore(b)
	ids := stocked(b, pool, slices.Repeat([]int{1_000_000}, 26)...)
	wanted := make(map[inventory.ItemID]int)
	for i := range 500 {
		wanted[ids[i%len(ids)]]++
	}
	b.Run("pairs=500", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if sales, err := store.SellUpTo(b.Context(), wanted, inventory.AlsoUnreleased); err != nil || len(sales) != len(ids) {
				b.Fatalf("%d items were sold, %v", len(sales), err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(500*b.N), "ns/pair")
	})
	b.Run("pairs=1", func(b *testing.B) {
		for b.Loop() {
			if _, err := store.Sell(b.Context(), ids[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
