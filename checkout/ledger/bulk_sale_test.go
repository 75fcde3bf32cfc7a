package ledger

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// pairsOf sums up sales by item.
func pairsOf(sales []Sale) map[inventory.ItemID]int {
	pairs := make(map[inventory.ItemID]int)
	for _, s := range sales {
		pairs[s.Item.ID] += s.Pairs
	}
	return pairs
}

func TestSellUpTo(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 4, 3)
	n := newNode(s, s.Pool)
	stocktest.Sell(t, s.Pool, 3, s.Items[2])
	before := s.Item(s.Items[3])
	sales, err := n.SellUpTo(t.Context(), map[inventory.ItemID]int{s.Items[0]: 2, s.Items[1]: 5, s.Items[2]: 1, 999: 1},
		OnlyReleased)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := pairsOf(sales), map[inventory.ItemID]int{s.Items[0]: 2, s.Items[1]: 3}; !maps.Equal(got, want) {
		t.Errorf("sold %v, want %v", got, want)
	}
	for _, sale := range sales {
		is := s.Item(sale.Item.ID)
		if shown, _, _ := n.stock.Catalog().Item(is.ID); shown.ItemRow != is || sale.Item.Available != is.Available ||
			sale.Item.Sold != is.Sold {
			t.Errorf("the sale says %+v, the database %+v, the catalog %+v", sale.Item, is, shown.ItemRow)
		}
	}
	if is := s.Item(s.Items[3]); is != before {
		t.Errorf("an item that was not to be sold is %+v and was %+v", is, before)
	}
	for _, count := range []int{0, -1, 1_000_001} {
		if _, err := n.SellUpTo(t.Context(), map[inventory.ItemID]int{s.Items[3]: count},
			AlsoUnreleased); !errors.Is(err, inventory.ErrBadCount) {
			t.Errorf("sell %d: got %v, want ErrBadCount", count, err)
		}
	}
	if sales, err := n.SellUpTo(t.Context(), nil, AlsoUnreleased); err != nil || len(sales) != 0 {
		t.Errorf("sell nothing: %v, %v", sales, err)
	}
	s.CheckBooks()
}

// TestSellUpToIsOneCommit reads the transaction that wrote each movement.
func TestSellUpToIsOneCommit(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 2, 13, 100)
	n := newNode(s, s.Pool)
	wanted := make(map[inventory.ItemID]int)
	for i := range 500 {
		wanted[s.Items[i%len(s.Items)]]++
	}
	if _, err := n.SellUpTo(t.Context(), wanted, AlsoUnreleased); err != nil {
		t.Fatal(err)
	}
	var transactions, movements, pairs int
	err := s.Pool.QueryRow(t.Context(), `SELECT count(DISTINCT xmin::text), count(*), sum(sold_delta)
		FROM stock_movements WHERE reason = 'sale'`).
		Scan(&transactions, &movements, &pairs)
	if err != nil || transactions != 1 || movements != len(s.Items) || pairs != 500 {
		t.Errorf("%d transactions wrote %d movements of %d pairs, %v; want 1, %d and 500",
			transactions, movements, pairs, err, len(s.Items))
	}
	s.CheckBooks()
}

// TestLocksInOrder has another transaction hold a row. An operation that waits for it has locked
// the rows of lower ids and none of higher ones, and sells what the holder has left.
func TestLocksInOrder(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 3, 8)
	n := newNode(s, s.Pool, func(c *Config) { c.LockWithin = waittest.Limit() })
	commit := s.Selling(s.Items[1])
	backwards := slices.Clone(s.Items)
	slices.Reverse(backwards)
	sale := sellOne(backwards...)
	for id := range sale.wanted {
		sale.wanted[id] = 8
	}
	done := make(chan error, 1)
	go func() { done <- n.Submit(t.Context(), sale, nil) }()
	s.UntilWaits(1)
	rows, _ := s.Pool.Query(t.Context(), `SELECT item_id FROM item_availabilities ORDER BY item_id
		FOR NO KEY UPDATE SKIP LOCKED`)
	free, err := pgx.CollectRows(rows, pgx.RowTo[inventory.ItemID])
	if err != nil || !slices.Equal(free, s.Items[2:]) {
		t.Errorf("not locked are %v, %v; want the row behind the held one, %d", free, err, s.Items[2])
	}
	commit()
	if err := waittest.Receive(t, "the sale", done); err != nil {
		t.Fatal(err)
	}
	want := map[inventory.ItemID]int{s.Items[0]: 8, s.Items[1]: 7, s.Items[2]: 8}
	if got := pairsOf(sale.sales); !maps.Equal(got, want) {
		t.Errorf("sold %v, want %v", got, want)
	}
	s.CheckBooks()
}

// TestSellUpToSparesWhatIsNotReleased sells only what is released, unless told otherwise, also when
// that changes while it waits.
func TestSellUpToSparesWhatIsNotReleased(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		scope         Scope
		before, after bool
		want          int
		archived      bool // meanwhile
	}{
		"released":                     {scope: OnlyReleased, before: true, after: true, want: 2},
		"not released":                 {scope: OnlyReleased},
		"released meanwhile":           {scope: OnlyReleased, after: true, want: 2},
		"taken back meanwhile":         {scope: OnlyReleased, before: true},
		"not released, but told so":    {scope: AlsoUnreleased, want: 2},
		"taken back, but told to sell": {scope: AlsoUnreleased, before: true, want: 2},
		"archived meanwhile":           {scope: AlsoUnreleased, before: true, after: true, archived: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocktest.New(t, 1, 1, 5)
			s.Exec(`UPDATE products SET released = $1`, tt.before)
			n := newNode(s, s.Pool, func(c *Config) { c.LockWithin = waittest.Limit() })
			release := s.Hold(s.Items[0])
			done := make(chan error, 1)
			sale := &bulkSale{
				id: newOperationID(), items: s.Items, wanted: map[inventory.ItemID]int{s.Items[0]: 2}, scope: tt.scope,
			}
			go func() { done <- n.Submit(t.Context(), sale, nil) }()
			s.UntilWaits(1)
			s.Exec(`UPDATE products SET released = $1, state = CASE WHEN $2 THEN 'archived' ELSE 'live' END`,
				tt.after, tt.archived)
			release()
			if err := waittest.Receive(t, "the sale", done); err != nil {
				t.Fatal(err)
			}
			if got := pairsOf(sale.sales)[s.Items[0]]; got != tt.want {
				t.Errorf("sold %d, want %d", got, tt.want)
			}
			s.CheckBooks()
		})
	}
}

// TestSellersAtOnce lets operators sell the same items at two nodes, while pairs come and go. No
// pair is sold twice, no deadlock ends a sale, and all is sold.
func TestSellersAtOnce(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 12, 60)
	nodes := []*node{newNode(s, s.Pool), newNode(s, s.Pool)}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		sold int
	)
	sell := func(n *node, wanted map[inventory.ItemID]int) {
		sales, err := n.SellUpTo(t.Context(), wanted, AlsoUnreleased)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, sale := range sales {
			if sale.Pairs < 1 || sale.Pairs > wanted[sale.Item.ID] || sale.Item.Available < 0 {
				t.Errorf("%d pairs of %+v were sold, wanted %d", sale.Pairs, sale.Item, wanted[sale.Item.ID])
			}
			sold += sale.Pairs
		}
	}
	for i := range 6 {
		wg.Go(func() {
			n := nodes[i%2]
			for range 20 {
				wanted := make(map[inventory.ItemID]int)
				for range 12 {
					wanted[s.Items[rand.IntN(len(s.Items))]]++
				}
				sell(n, wanted)
				if err := n.Correct(t.Context(), s.Items[i], 1, "found"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	rest := make(map[inventory.ItemID]int)
	for _, id := range s.Items {
		rest[id] = 1000
	}
	sell(nodes[0], rest)
	if want := 12*60 + 6*20; sold != want {
		t.Errorf("%d pairs were sold of %d", sold, want)
	}
	for _, id := range s.Items {
		if left := s.Item(id).Available; left != 0 {
			t.Errorf("item %d has %d pairs left", id, left)
		}
	}
	s.CheckBooks()
}

// BenchmarkSellUpTo sells a tick of 500 pairs of 26 items.
func BenchmarkSellUpTo(b *testing.B) {
	s := stocktest.New(b, 2, 13, 900_000_000)
	n := newNode(s, s.Pool)
	wanted := make(map[inventory.ItemID]int)
	for i := range 500 {
		wanted[s.Items[i%len(s.Items)]]++
	}
	b.ReportAllocs()
	for b.Loop() {
		if sales, err := n.SellUpTo(b.Context(), wanted, AlsoUnreleased); err != nil || len(sales) != len(s.Items) {
			b.Fatalf("%d items were sold, %v", len(sales), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(500*b.N), "ns/pair")
}
