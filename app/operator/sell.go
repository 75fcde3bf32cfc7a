package operator

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// tickTime bounds the rounds of one sell command: a round is not begun after it.
const tickTime = commandTimeout / 4

// sell sells pairs of items that are chosen at random, in one transaction if the database has as
// many as the catalog says. If the database has fewer, because others are selling too, the catalog
// is brought up to date and the remaining pairs are chosen again. Unreleased products are sold only
// if the request asks for it. The pairs in the result are sold, also beside an error.
func (o *Operator) sell(ctx context.Context, q SellRequest) (done Sold, err error) {
	done = Sold{SoldOut: []string{}}
	if q.Count < 0 || q.Count > MaxSell {
		return done, fmt.Errorf("at most %d pairs a tick", MaxSell)
	}
	scope := ledger.OnlyReleased
	if q.Unreleased {
		scope = ledger.AlsoUnreleased
	}
	if q.Count == 0 {
		if done.Orders, err = o.countOrders(ctx); err != nil {
			return done, err
		}
	}
	touched := make(map[inventory.ItemID]bool)
	defer func() { done.Missing = o.everywhere(ctx, nil, slices.Sorted(maps.Keys(touched))) }()
	for began := time.Now(); done.Sold < q.Count && time.Since(began) < tickTime; {
		wanted := choosePairs(o.inventory.Catalog(), scope, q.Count-done.Sold)
		if len(wanted) == 0 {
			break
		}
		sales, err := o.ledger.SellUpTo(ctx, wanted, scope)
		for _, sale := range sales {
			done.Sold += sale.Pairs
			touched[sale.Item.ID] = true
			if sale.Item.Available == 0 {
				done.SoldOut = append(done.SoldOut, sale.Item.SKU)
				o.did(ctx, "sold out", "sku", sale.Item.SKU)
			}
		}
		if err == nil && len(sales) < len(wanted) {
			// an item was out; of one that had too few pairs the sale itself has told the catalog
			err = o.healer.Heal(ctx)
		}
		if err != nil {
			return done, err
		}
	}
	_, done.Left = inStock(o.inventory.Catalog(), scope)
	_, all := inStock(o.inventory.Catalog(), ledger.AlsoUnreleased)
	done.Hidden = all - done.Left
	if done.Sold > 0 {
		o.did(ctx, "pairs are sold without orders", "pairs", done.Sold, "left", done.Left)
	}
	return done, nil
}

// countOrders returns how many orders the shop has that are not cancelled.
func (o *Operator) countOrders(ctx context.Context) (int, error) {
	sales, err := o.orders.SalesBefore(ctx, time.Now().AddDate(1, 0, 0)) // whatever the database's clock says
	return sales.Orders, err
}

// choosePairs chooses pairs of the catalog's stock, count of them if there are as many. Each is of
// a random item that has pairs left then, so a size with few pairs sells out as fast as others
// sell.
func choosePairs(c *inventory.Catalog, scope ledger.Scope, count int) map[inventory.ItemID]int {
	items, _ := inStock(c, scope)
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
func inStock(c *inventory.Catalog, scope ledger.Scope) (items []inventory.Item, pairs int) {
	for p := range c.Products() {
		if !p.Released && scope == ledger.OnlyReleased || p.Paused != inventory.NotPaused {
			continue
		}
		for _, it := range p.Items {
			if it.Available > 0 && !it.Frozen {
				items = append(items, it)
				pairs += it.Available
			}
		}
	}
	return items, pairs
}
