package app

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"sneakers23/inventory"
)

// tickTime bounds the rounds of one sell command: a round is not begun after it.
const tickTime = commandTimeout / 4

// sell sells pairs of items that are chosen at random, in one transaction if the database has as
// many as the catalog says. If it has less, because somebody else was selling, the catalog is
// brought up to date and the rest is chosen anew. What is returned was sold, also beside an error.
func (o *operator) sell(ctx context.Context, q SellRequest) (done Sold, err error) {
	done = Sold{SoldOut: []string{}}
	if q.Count < 0 || q.Count > MaxSell {
		return done, fmt.Errorf("at most %d pairs a tick", MaxSell)
	}
	touched := make(map[inventory.ItemID]bool)
	defer func() { done.Missing = o.everywhere(ctx, nil, slices.Sorted(maps.Keys(touched))) }()
	for began := time.Now(); done.Sold < q.Count && time.Since(began) < tickTime; {
		wanted := choosePairs(o.inventory.Catalog(), q.Count-done.Sold)
		if len(wanted) == 0 {
			break
		}
		sales, err := o.inventory.SellUpTo(ctx, wanted, inventory.AlsoUnreleased)
		for _, sale := range sales {
			done.Sold += sale.Pairs
			touched[sale.Item.ID] = true
			if sale.Item.Available == 0 {
				done.SoldOut = append(done.SoldOut, sale.Item.SKU)
				o.log.Info("sold out", "sku", sale.Item.SKU)
			}
		}
		if err == nil && len(sales) < len(wanted) {
			err = o.healer.Heal(ctx) // an item was out; of one that had too few pairs the sale itself has told the catalog
		}
		if err != nil {
			return done, err
		}
	}
	_, done.Left = inStock(o.inventory.Catalog())
	return done, nil
}

// choosePairs chooses pairs of the catalog's stock, count of them if there are as many. Each is of
// a random item that has pairs left then, so a size with few pairs sells out as fast as others
// sell.
func choosePairs(c *inventory.Catalog, count int) map[inventory.ItemID]int {
	items, _ := inStock(c)
	chosen := make(map[inventory.ItemID]int)
	for ; count > 0 && len(items) > 0; count-- {
		i := rand.IntN(len(items))
		it := items[i]
		chosen[it.ID]++
		if chosen[it.ID] == it.Available {
			items[i] = items[len(items)-1]
			items = items[:len(items)-1]
		}
	}
	return chosen
}

// inStock lists the items that have pairs left, and how many pairs these are.
func inStock(c *inventory.Catalog) (items []inventory.Item, pairs int) {
	for p := range c.Products() {
		for _, it := range p.Items {
			if it.Available > 0 {
				items = append(items, it)
				pairs += it.Available
			}
		}
	}
	return items, pairs
}
