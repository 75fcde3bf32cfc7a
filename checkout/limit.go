package checkout

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// errNotCounted says that a product has a limit of which this node's catalog did not know when the
// sale was submitted, so the pairs of the shopper were not counted. Nothing was sold.
var errNotCounted = errors.New("checkout: the pairs of the shopper were not counted")

// shoppers count the pairs that the shoppers of a batch have bought of each product, in orders that
// were not cancelled.
//
// Two sizes of a product are two rows, so two sales to one shopper may be decided by two nodes at
// once. Therefore each shopper is locked while the pairs are counted, until the sale commits. The
// rows of items are locked before, so no transaction that waits for a shopper holds a row that
// the shopper's own sale needs next.
type shoppers struct {
	pairs    map[ShopperID]map[inventory.ProductID]int
	products map[inventory.ProductID]bool
}

// add lets the pairs of a purchase's shopper be counted.
func (s *shoppers) add(p Purchase) {
	if s.pairs == nil {
		s.pairs, s.products = make(map[ShopperID]map[inventory.ProductID]int), make(map[inventory.ProductID]bool)
	}
	if s.pairs[p.Buyer] == nil {
		s.pairs[p.Buyer] = make(map[inventory.ProductID]int)
	}
	for _, l := range p.Lines {
		s.products[l.Product] = true
	}
}

const (
	lockShoppers = `SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) k`

	// selectPairs finds the orders of each shopper first, and then the lines of each, as
	// selectBought does.
	selectPairs = `SELECT k.buyer, l.product_id, count(*)::integer
		FROM unnest($1::uuid[]) k (buyer),
			LATERAL (SELECT id FROM orders WHERE buyer = k.buyer AND status = 'confirmed' OFFSET 0) o,
			LATERAL (SELECT product_id FROM order_lines WHERE order_id = o.id AND product_id = ANY ($2) OFFSET 0) l
		GROUP BY 1, 2`
)

// read queues the locks of the shoppers, in the order of their keys, and then the count.
func (s *shoppers) read(b *pgx.Batch) {
	if len(s.pairs) == 0 {
		return
	}
	var (
		buyers [][16]byte
		keys   []int64
	)
	for buyer := range s.pairs {
		buyers = append(buyers, buyer)
		keys = append(keys, int64(binary.BigEndian.Uint64(buyer[:8])))
	}
	slices.Sort(keys)
	b.Queue(lockShoppers, slices.Compact(keys))
	b.Queue(selectPairs, buyers, slices.Collect(maps.Keys(s.products))).Query(func(rows pgx.Rows) error {
		var (
			buyer   [16]byte
			product inventory.ProductID
			pairs   int
		)
		_, err := pgx.ForEachRow(rows, []any{&buyer, &product, &pairs}, func() error {
			s.pairs[buyer][product] = pairs
			return nil
		})
		return err
	})
}

// refusal returns why the limits of the products forbid a sale, nil if they do not. A shopper whom
// the form does not name could be anybody: such a shopper buys nothing that has a limit.
func (s *shoppers) refusal(sale *sale, stock *ledger.Stock) error {
	var over []inventory.ItemID
	for _, l := range sale.Lines {
		limit := stock.Row(l.Item).Product.Limit
		switch {
		case limit == 0:
		case !sale.counted:
			return errNotCounted
		case sale.Buyer == ShopperID{} || s.pairs[sale.Buyer][l.Product] >= limit:
			over = append(over, l.Item)
		}
	}
	return refused(ErrLimit, over)
}

// sold counts a pair that the batch has sold.
func (s *shoppers) sold(buyer ShopperID, product inventory.ProductID) {
	if pairs := s.pairs[buyer]; pairs != nil {
		pairs[product]++
	}
}

// mayMeetLimit reports whether a product of the purchase has a limit, as far as the catalog knows.
func mayMeetLimit(c *inventory.Catalog, p Purchase) bool {
	return slices.ContainsFunc(p.Lines, func(l Line) bool {
		product, ok := c.Product(l.Product)
		return ok && product.Limit > 0
	})
}
