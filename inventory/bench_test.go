package inventory

import (
	"fmt"
	"strconv"
	"testing"
)

// big is a catalog of so many products with so many items each.
func big(products, items int) *Catalog {
	return NewCatalog(bigRows(products, items), DefaultThresholds)
}

func bigRows(products, items int) Rows {
	var rows Rows
	for p := range products {
		row := ProductRow{ID: ProductID(p + 1), SKU: "P" + strconv.Itoa(p), Order: p, Name: "shoe", Revision: 1}
		rows.Products = append(rows.Products, row)
		for i := range items {
			id := ItemID(p*items + i + 1)
			rows.Items = append(rows.Items, ItemRow{
				ID: id, ProductID: row.ID, SKU: fmt.Sprintf("I%d", id), Size: strconv.Itoa(i), Available: 1000,
				Revision: 1,
			})
		}
	}
	return rows
}

var sink int

func readAll(c *Catalog) {
	for p := range c.Products() {
		for i := range p.Items {
			sink += p.Items[i].Available
		}
	}
	if p, ok := c.ProductBySKU("P7"); ok {
		sink += int(p.Price)
	}
	if it, _, ok := c.Item(42); ok {
		sink += it.Available
	}
}

func BenchmarkCatalogItem(b *testing.B) {
	c := big(1000, 10)
	b.ReportAllocs()
	for b.Loop() {
		it, _, _ := c.Item(4321)
		sink += it.Available
	}
}

func BenchmarkCatalogReadAll(b *testing.B) {
	c := big(1000, 10)
	b.ReportAllocs()
	for b.Loop() {
		readAll(c)
	}
}

// BenchmarkApply applies a batch of sales, spread over all products, to a catalog of 10,000 items.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("changes=%d", n), func(b *testing.B) {
			rows := bigRows(1000, 10)
			st := newState(rows, DefaultThresholds, emptyCatalog)
			items := make([]ItemRow, n)
			changes := make([]Change, n)
			revision := Revision(1)
			b.ReportAllocs()
			for b.Loop() {
				for i := range changes {
					revision++
					items[i] = rows.Items[(i*7919)%len(rows.Items)]
					items[i].Available, items[i].Revision = int(revision)%1000, revision
					changes[i] = Change{Item: &items[i]}
				}
				if news := st.apply(changes); len(news) != n {
					b.Fatalf("%d changes were news, want %d", len(news), n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/change")
		})
	}
}
