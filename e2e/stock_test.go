package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A shelf is what a shop begins a test with. The zero value is the seed: two products, none
// released, random stock.
type shelf struct {
	released bool        // both products
	empty    bool        // nothing is left of the seed's stock
	pairs    map[int]int // more pairs of these items
}

// sellOut books all pairs as sold.
const sellOut = `
	WITH had AS (SELECT item_id, available_count AS pairs FROM item_availabilities WHERE available_count > 0
	FOR UPDATE),
	gone AS (
		UPDATE item_availabilities a SET available_count = 0, sold_count = a.sold_count + had.pairs
		FROM had WHERE a.item_id = had.item_id
	)
	INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta) SELECT item_id, 'sale', -pairs, pairs
	FROM had;`

// sql makes the shelf of the seed.
func (sh shelf) sql() string {
	var b strings.Builder
	if sh.empty {
		b.WriteString(sellOut)
	}
	for item, n := range sh.pairs {
		fmt.Fprintf(&b, `
			UPDATE item_availabilities
			SET available_count = available_count + %[2]d, stocked_count = stocked_count + %[2]d
				WHERE item_id = %[1]d;
			INSERT INTO stock_movements (item_id, reason, available_delta) VALUES (%[1]d, 'restock', %[2]d);`, item, n)
	}
	if sh.released {
		b.WriteString(`UPDATE products SET released = true, release_at = NULL;`)
	}
	return b.String()
}

// back makes the seed of what a test has left. Movements up to that id are the seed's.
func back(seeded int64) string {
	return fmt.Sprintf(`
		DELETE FROM order_lines; DELETE FROM orders; DELETE FROM stock_movements WHERE id > %d;
		UPDATE item_availabilities a
		SET sold_count = 0, available_count = b.pairs, stocked_count = b.pairs, frozen_at = NULL
		FROM (
			SELECT i.id, coalesce(sum(m.available_delta), 0) AS pairs FROM items i
			LEFT JOIN stock_movements m ON m.item_id = i.id GROUP BY i.id
		) b WHERE b.id = a.item_id;
		UPDATE products SET released = false, release_at = NULL;`, seeded)
}

// look makes the node compare its catalog with the database at once.
func (s *shop) look() {
	s.t.Helper()
	s.run("seed")
}

// onlyPairs leaves the shop these pairs of each item. All others are booked as sold.
func (s *shop) onlyPairs(pairs map[int]int) {
	s.t.Helper()
	s.sql(shelf{empty: true, pairs: pairs}.sql())
	s.look()
}

// onlyItem leaves the shop one item with so many pairs.
func (s *shop) onlyItem(item, pairs int) {
	s.t.Helper()
	s.onlyPairs(map[int]int{item: pairs})
}

// newCartShop has both products released, and these items in plenty.
func newCartShop(t *testing.T, items ...int) *shop {
	t.Helper()
	sh := shelf{released: true, pairs: make(map[int]int)}
	for _, id := range items {
		sh.pairs[id] = 1000
	}
	return newShopWith(t, sh)
}

// newScarceShop has both products released, and these pairs of each item.
func newScarceShop(t *testing.T, pairs map[int]int) *shop {
	t.Helper()
	return newShopWith(t, shelf{released: true, empty: true, pairs: pairs})
}

// skuOf is the SKU of an item of the seed.
func skuOf(item int) string { return fmt.Sprintf("SHU6%d%02d", (item-1)/13, (item-1)%13+1) }
