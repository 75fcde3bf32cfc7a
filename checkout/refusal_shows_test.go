package checkout

import (
	"errors"
	"testing"

	"sneakers23/inventory"
)

// TestReasonOfARefusalShows changes what decides a sale behind the node's back. When the buyer is
// refused, the node's catalog shows the reason: the page that the refusal leads to is made from it.
func TestReasonOfARefusalShows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change string
		want   error
		shows  func(*inventory.Product, inventory.Item) bool
	}{
		"another price": {
			`UPDATE products SET price_cents = 99900 WHERE id = $1`, ErrPriceChanged,
			func(p *inventory.Product, _ inventory.Item) bool { return p.Price == 99900 },
		},
		"not released": {
			`UPDATE products SET released = false, release_at = '2031-01-01T12:00Z' WHERE id = $1`, ErrNotReleased,
			func(p *inventory.Product, _ inventory.Item) bool { return !p.Released && p.ReleaseAt != nil },
		},
		"sold out": {
			`UPDATE item_availabilities SET available_count = 0
				WHERE item_id IN (SELECT id FROM items WHERE product_id = $1)`,
			ErrSoldOut,
			func(_ *inventory.Product, it inventory.Item) bool { return it.Level == inventory.LevelOut },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 1, 1, 5)
			n := s.node(s.Pool)
			p := s.cart(s.Items[0])
			s.Exec(tt.change, p.Lines[0].Product)
			if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			it, product, _ := n.stock.Catalog().Item(s.Items[0])
			if !tt.shows(product, it) {
				t.Errorf("the catalog still shows %+v, %+v", product.ProductRow, it)
			}
		})
	}
}
