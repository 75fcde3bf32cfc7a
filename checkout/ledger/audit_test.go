package ledger

import (
	"errors"
	"flag"
	"slices"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// kinds are those of the findings, each once and in order.
func kinds(t *testing.T, s *stocktest.Store) (found []FindingKind) {
	t.Helper()
	a, err := Check(t.Context(), s.Pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Findings {
		if f.Item != s.Items[0] && f.Kind != TotalOff || f.Text == "" {
			t.Errorf("found %+v", f)
		}
		found = append(found, f.Kind)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// order makes an order of a pair of an item by hand.
const order = `WITH o AS (
		INSERT INTO orders (id, total_cents) VALUES ('00000000-0000-0000-0000-000000000001', 100) RETURNING id
	), l AS (
		INSERT INTO order_lines
			(line_id, order_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT gen_random_uuid(), o.id, $1, 1, '', '', '', '', '', '', 100 FROM o RETURNING order_id, item_id
	), m AS (
		INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
		SELECT item_id, 'sale', -1, 1, order_id FROM l
	)
	UPDATE item_availabilities SET available_count = available_count - 1, sold_count = sold_count + 1
	WHERE item_id = $1`

func TestAudit(t *testing.T) {
	t.Parallel()
	const theOrder = `order_id = '00000000-0000-0000-0000-000000000001'`
	for name, tt := range map[string]struct {
		sql  []string
		want []FindingKind
	}{
		"a healthy shop": {nil, nil},
		"a sold movement": {
			[]string{`DELETE FROM stock_movements WHERE ` + theOrder}, []FindingKind{LineUnbooked, MovementsOff},
		},
		"another movement": {
			[]string{`DELETE FROM stock_movements WHERE reason = 'restock' AND item_id = 1`},
			[]FindingKind{MovementsOff},
		},
		"a count": {
			[]string{`UPDATE item_availabilities SET available_count = 2 WHERE item_id = 1`},
			[]FindingKind{CountsOff, MovementsOff},
		},
		"a line that is gone": {
			[]string{`DELETE FROM order_lines`}, []FindingKind{TotalOff, SaleWithoutLine, SoldOff},
		},
		"a sold count": {
			[]string{
				`UPDATE item_availabilities SET sold_count = 3, available_count = available_count - 1
					WHERE item_id = 1`,
				`UPDATE stock_movements SET available_delta = -2, sold_delta = 2 WHERE ` + theOrder,
			}, []FindingKind{LineUnbooked, SoldOff},
		},
		"a sale that is booked twice": {
			[]string{`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
				SELECT item_id, reason, available_delta, sold_delta, order_id FROM stock_movements WHERE ` + theOrder},
			[]FindingKind{LineUnbooked, MovementsOff},
		},
		"a return that was not booked": {
			[]string{`UPDATE orders SET status = 'cancelled', cancelled_at = now()`}, []FindingKind{ReturnOff, SoldOff},
		},
		"a frozen item": {
			[]string{`UPDATE item_availabilities SET frozen_at = now() WHERE item_id = 1`}, []FindingKind{FrozenItem},
		},
		"what a deleted product had": {[]string{`DELETE FROM products`}, nil},
		"what one had before its movements outlived it": {
			[]string{`DELETE FROM products`, `DELETE FROM stock_movements`}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocktest.New(t, 1, 2, 5)
			stocktest.Sell(t, s.Pool, 1, s.Items...) // by an operator
			s.Exec(order, s.Items[0])
			for _, sql := range tt.sql {
				s.Exec(sql)
			}
			slices.Sort(tt.want)
			if got := kinds(t, s); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// TestThawInABatch restocks and corrects a frozen item in one batch, and sells it: its counts are
// those of all its movements.
func TestThawInABatch(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 5)
	c := New(testConfig(s.Pool))
	id := s.Items[0]
	s.Exec(`UPDATE item_availabilities SET available_count = 50`)
	sale := sellOne(id)
	sale.wanted[id] = 99
	var told []chan error
	for _, do := range []func() error{
		func() error { return c.Submit(t.Context(), sellOne(id), nil) }, // sells nothing yet
		func() error { return c.Restock(t.Context(), id, 2) },
		func() error { return c.Correct(t.Context(), id, -1, "counted") },
		func() error { return c.Submit(t.Context(), sale, nil) },
	} {
		answer := make(chan error, 1) // buffer 1: the test may have failed
		told = append(told, answer)
		go func() { answer <- do() }()
		untilQueued(t, c, len(told))
	}
	run(t, c.Serve)
	for i, answer := range told {
		if err := waittest.Receive(t, "an answer", answer); err != nil {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	if got := pairsOf(sale.sales)[id]; got != 6 {
		t.Errorf("sold %d, want 6", got)
	}
	if got := kinds(t, s); len(got) != 0 {
		t.Errorf("found %q, want nothing", got)
	}
	if c.Frozen() != 0 {
		t.Errorf("%d items count as frozen, and none is", c.Frozen())
	}
	s.CheckBooks()
}

// TestFreeze changes a count by hand: the next sale freezes the item, at all nodes, and sells
// others of the batch. A correction gives it the counts of the books, and it is sold again.
func TestFreeze(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 5)
	n, other := newNode(s, s.Pool), newNode(s, s.Pool)
	off, fine := s.Items[0], s.Items[1]
	s.Exec(`UPDATE item_availabilities SET available_count = 50 WHERE item_id = $1`, off)
	both := map[inventory.ItemID]int{off: 1, fine: 1}
	for _, seller := range []*node{n, other} {
		sales, err := seller.SellUpTo(t.Context(), both, OnlyReleased)
		if err != nil || len(sales) != 1 || sales[0].Item.ID != fine {
			t.Errorf("sold %+v, %v; want the other size alone", sales, err)
		}
		if it, _, _ := seller.stock.Catalog().Item(off); !it.Frozen || it.Level != inventory.LevelOut {
			t.Errorf("the catalog shows %+v, want it frozen and out", it)
		}
	}
	if n.Frozen() != 1 || other.Frozen() != 0 {
		t.Errorf("%d and %d were frozen, want one by the first node", n.Frozen(), other.Frozen())
	}
	if got, want := kinds(t, s), []FindingKind{CountsOff, FrozenItem, MovementsOff}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if err := n.Correct(t.Context(), fine, 0, "counted"); !errors.Is(err, inventory.ErrBadCount) {
		t.Errorf("a correction of nothing: got %v, want ErrBadCount", err)
	}
	if err := n.Correct(t.Context(), off, -6, "counted"); !errors.Is(err, inventory.ErrTooFew) {
		t.Errorf("more than the books have: got %v, want ErrTooFew", err)
	}
	if err := n.Restock(t.Context(), off, 2); err != nil {
		t.Errorf("a frozen item can't be restocked: %v", err)
	}
	if err := n.Correct(t.Context(), off, 0, "counted"); err != nil {
		t.Fatal(err)
	}
	if it, _, _ := n.stock.Catalog().Item(off); it.Frozen || it.Available != 7 || it.ItemRow != s.Item(off) {
		t.Errorf("the catalog shows %+v, want 7 pairs for sale", it)
	}
	if got := kinds(t, s); len(got) != 0 {
		t.Errorf("found %q, want nothing", got)
	}
	sales, err := n.SellUpTo(t.Context(), map[inventory.ItemID]int{off: 9}, OnlyReleased)
	if err != nil || pairsOf(sales)[off] != 7 {
		t.Errorf("sold %+v, %v; want 7", sales, err)
	}
	var events []string
	if err := s.Pool.QueryRow(t.Context(),
		`SELECT array_agg(kind ORDER BY id) FROM events WHERE kind LIKE '%frozen'`).Scan(&events); err != nil {
		t.Fatal(err)
	}
	if want := []string{"frozen", "unfrozen"}; !slices.Equal(events, want) {
		t.Errorf("the events are %q, want %q", events, want)
	}
	s.CheckBooks()
}

var movementsOfAudit = flag.Int("movements", 10_000,
	"movements of the shop of BenchmarkAudit; a million takes a minute to make")

// BenchmarkAudit audits a healthy shop with orders of two pairs each.
func BenchmarkAudit(b *testing.B) {
	orders := *movementsOfAudit / 2
	s := stocktest.New(b, 2, 13, 900_000_000)
	s.Exec(`INSERT INTO orders (id, total_cents) SELECT md5(n::text)::uuid, 200 FROM generate_series(1, $1::integer) n`,
		orders)
	s.Exec(`INSERT INTO order_lines (line_id, order_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT md5(n || '-' || p)::uuid, md5(n::text)::uuid, 13 * p + 1 + n % 13, p + 1,
			's', 's', 'b', 'n', 'c', '/i', 100
		FROM generate_series(1, $1::integer) n, generate_series(0, 1) p`, orders)
	s.Exec(`INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, order_id)
		SELECT item_id, 'sale', -1, 1, order_id FROM order_lines`)
	s.Exec(`UPDATE item_availabilities a SET available_count = available_count - n, sold_count = n
		FROM (SELECT item_id, count(*)::integer AS n FROM order_lines GROUP BY item_id) l WHERE l.item_id = a.item_id`)
	s.Exec(`ANALYZE`)
	for b.Loop() {
		a, err := Check(b.Context(), s.Pool)
		if err != nil || len(a.Findings) != 0 || a.Movements < 2*orders {
			b.Fatalf("%+v, %v", a, err)
		}
	}
}
