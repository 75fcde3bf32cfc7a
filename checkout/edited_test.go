package checkout

import (
	"errors"
	"slices"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/catalogfile"
)

// edits reads a file of products.
func edits(t testing.TB, file string) []inventory.Edit {
	t.Helper()
	read, err := catalogfile.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestEditWaitsForASale edits a product while a sale of it is between its look and its write. The
// edit waits until the sale is committed, at the price that it has read. A sale that begins after
// the edit is refused, also on a node that does not know of the edit.
func TestEditWaitsForASale(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		want error
	}{
		"price":   {"products:\n- {sku: P1, price: 55}\n", ErrPriceChanged},
		"archive": {"products:\n- {sku: P1, state: archived}\n", ErrNoItem},
		"import": {
			"products:\n- sku: P1\n  price: 55\n  name: Hop Man 1b\n  sizes:\n" +
				"  - {sku: P1-1, us: 1b, stock: 9}\n  - {sku: P1-9, us: 9, stock: 9}\n" +
				"- {sku: P9, brand: Snks 23, name: Hop Man 9, color: red, price: 44}\n",
			ErrPriceChanged,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 1, 2, 3)
			late := s.node(s.Pool)
			n, gate, open := s.gatedNode()
			old := s.cart(s.Items[1])
			sold := make(chan answer, 1)
			go func() { sold <- n.answer(old) }()
			waittest.Done(t, "the teller has looked", gate.looked)
			saved := make(chan error, 1)
			go func() {
				_, _, err := s.Inv.Save(t.Context(), edits(t, test.file))
				saved <- err
			}()
			waittest.Until(t, "the edit waits for the teller", func() bool { return s.Waits() > 0 })
			if p := s.product("P1"); p.Price != old.Total || p.State != inventory.Live {
				t.Errorf("edited while a sale is under way: %+v", p)
			}
			open()
			if err := waittest.Receive(t, "the edit", saved); err != nil {
				t.Fatal(err)
			}
			if pairs := s.Item(s.Items[1]).Sold; pairs != 1 {
				t.Errorf("%d pairs are sold when the edit has returned, want that of the sale", pairs)
			}
			if a := waittest.Receive(t, "the sale", sold); a.err != nil || a.order.Lines[0].Price != old.Total {
				t.Errorf("the sale: %+v, %v; want an order at %v", a.order, a.err, old.Total)
			}
			if p, ok := late.stock.Catalog().Product(s.Of[s.Items[0]]); !ok || p.Price != old.Total {
				t.Fatalf("the other node knows of the edit: %+v", p)
			}
			// without the catalog's change the cart is submitted, and with it looked up
			for _, when := range []string{"an old catalog", "the catalog that the refusal has brought"} {
				if a := late.answer(s.cart(s.Items[0])); !errors.Is(a.err, test.want) {
					t.Errorf("a sale by %s: %+v, %v; want %v", when, a.order, a.err, test.want)
				}
			}
			if pairs := s.Item(s.Items[0]).Sold; pairs != 0 {
				t.Errorf("%d pairs are sold of what was edited", pairs)
			}
			s.CheckBooks()
		})
	}
}

// product reads a product from the database.
func (s *store) product(sku string) inventory.ProductRow {
	s.T.Helper()
	rows, err := s.Inv.Rows(s.T.Context())
	if err != nil {
		s.T.Fatal(err)
	}
	i := slices.IndexFunc(rows.Products, func(p inventory.ProductRow) bool { return p.SKU == sku })
	if i < 0 {
		s.T.Fatalf("no product %s", sku)
	}
	return rows.Products[i]
}
