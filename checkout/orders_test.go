package checkout

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sneakers23/inventory"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 1)
	n := s.node(s.Pool)
	p := s.cart(s.Items...)
	o := n.buy(p)
	if it, _, _ := n.stock.Catalog().Item(s.Items[0]); it.Level != inventory.LevelOut {
		t.Fatalf("level %s, want out", it.Level)
	}
	done, err := n.orders.Cancel(t.Context(), o.ID)
	if err != nil || done.Status != Cancelled || done.ID != o.ID {
		t.Fatalf("got %+v, %v", done, err)
	}
	for _, id := range s.Items {
		if it, _, _ := n.stock.Catalog().Item(id); it.Available != 1 || it.Sold != 0 || it.Level == inventory.LevelOut {
			t.Errorf("the catalog says %+v, want the pair back", it)
		}
	}
	if _, err := n.orders.Cancel(t.Context(), o.ID); !errors.Is(err, ErrCancelled) {
		t.Errorf("cancelled again: got %v, want ErrCancelled", err)
	}
	for _, id := range []OrderID{"", "x", newOrderKey().id()} {
		if _, err := n.orders.Cancel(t.Context(), id); !errors.Is(err, ErrNoOrder) {
			t.Errorf("cancel %q: got %v, want ErrNoOrder", id, err)
		}
	}
	if again := n.buy(p); again.ID != o.ID || again.Status != Cancelled {
		t.Errorf("the form of a cancelled order bought %+v", again)
	}
	if other := n.buy(s.cart(s.Items...)); other.ID == o.ID {
		t.Error("the pairs that came back were not sold as a new order")
	}
	s.CheckBooks()
}

// Only an item that would hold more than it may is called full: any other CHECK has a reason of its
// own.
func TestCancelIsRefusedForItsReason(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sql  string
		full bool
	}{
		"full":      {sql: `UPDATE item_availabilities SET available_count = 1000000000`, full: true},
		"none sold": {sql: `UPDATE item_availabilities SET sold_count = 0`},
		"movements": {sql: `ALTER TABLE stock_movements ADD CHECK (reason <> 'return')`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 1, 1, 1)
			n := s.node(s.Pool)
			o := n.buy(s.cart(s.Items...))
			s.Exec(tt.sql)
			_, err := n.orders.Cancel(t.Context(), o.ID)
			if err == nil || errors.Is(err, inventory.ErrFull) != tt.full {
				t.Errorf("got %v; is ErrFull: want %v", err, tt.full)
			}
			if now, err := n.orders.Order(t.Context(), o.ID); err != nil || now.Status != Confirmed {
				t.Errorf("the order is %+v, %v", now, err)
			}
		})
	}
}

func TestCancelManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 4, 1, 50)
	n := s.node(s.Pool)
	var wg sync.WaitGroup
	for i := range 20 {
		items := slices.Clone(s.Items)
		if i%2 == 0 {
			slices.Reverse(items)
		}
		o := n.buy(s.cart(items...))
		done := make(chan error, 3)
		for range 3 {
			wg.Go(func() {
				_, err := n.orders.Cancel(t.Context(), o.ID)
				done <- err
			})
		}
		wg.Go(func() {
			cancelled := 0
			for range 3 {
				switch err := <-done; {
				case err == nil:
					cancelled++
				case !errors.Is(err, ErrCancelled):
					t.Error(err)
				}
			}
			if cancelled != 1 {
				t.Errorf("one order was cancelled %d times", cancelled)
			}
		})
	}
	wg.Wait()
	if it := s.Item(s.Items[0]); it.Available != 50 || it.Sold != 0 {
		t.Errorf("got %+v, want all pairs back", it)
	}
	s.CheckBooks()
}

// TestOrderOutlivesItsProduct deletes what was sold: the order stays as it was, and can be
// cancelled.
func TestOrderOutlivesItsProduct(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n := s.node(s.Pool)
	o := n.buy(s.cart(s.Items...))
	s.Exec(`UPDATE products SET name = 'Other', price_cents = 1`)
	s.Exec(`DELETE FROM products WHERE id = $1`, s.Of[s.Items[0]])
	read, err := n.orders.Order(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, read); diff != "" {
		t.Errorf("the order changed with its product:\n%s", diff)
	}
	if _, err := n.orders.Cancel(t.Context(), o.ID); err != nil {
		t.Error(err)
	}
	if it := s.Item(s.Items[1]); it.Available != 5 {
		t.Errorf("got %+v, want the pair back that there is a place for", it)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 100)
	n := s.node(s.Pool)
	if list, err := n.orders.List(t.Context(), Filter{}); err != nil || len(list) != 0 {
		t.Errorf("no orders: %v, %v", list, err)
	}
	var all []OrderID
	for i := range 10 {
		o := n.buy(s.cart(s.Items[:1+i%2]...))
		all = slices.Insert(all, 0, o.ID)
	}
	if _, err := n.orders.Cancel(t.Context(), all[3]); err != nil {
		t.Fatal(err)
	}
	ids := func(f Filter) (ids []OrderID) {
		t.Helper()
		list, err := n.orders.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			if len(o.Lines) == 0 {
				t.Error("an order is listed without its lines")
			}
			ids = append(ids, o.ID)
		}
		return ids
	}
	for _, tt := range []struct {
		Filter
		want []OrderID
	}{
		{Filter{}, all},
		{Filter{Limit: 3}, all[:3]},
		{Filter{Limit: 3, Before: all[2]}, all[3:6]},
		{Filter{Before: all[9]}, nil},
		{Filter{Status: Cancelled}, all[3:4]},
		{Filter{Status: Confirmed, Limit: 4}, append(slices.Clone(all[:3]), all[4])},
		{Filter{Limit: 1_000_000}, all},
	} {
		if got := ids(tt.Filter); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: got %v, want %v", tt.Filter, got, tt.want)
		}
	}
	for _, id := range []OrderID{"x", newOrderKey().id()} {
		if _, err := n.orders.List(t.Context(), Filter{Before: id}); !errors.Is(err, ErrNoOrder) {
			t.Errorf("before %q: got %v, want ErrNoOrder", id, err)
		}
	}
}

func TestBought(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 10)
	n := s.node(s.Pool)
	p := s.cart(s.Items...)
	p.Buyer = ShopperOf("mine")
	o := n.buy(p)
	other := NewLineID()
	got, err := n.teller.Bought(t.Context(), []LineID{p.Lines[1].ID, other, p.Lines[0].ID})
	mine := Purchased{o.ID, p.Buyer}
	want := map[LineID]Purchased{p.Lines[0].ID: mine, p.Lines[1].ID: mine}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	if got, err := n.teller.Bought(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no lines: %v, %v", got, err)
	}
}

func TestOrderIDs(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	n := s.node(s.Pool)
	for _, id := range []OrderID{
		"", "x", "'; DROP TABLE orders", newOrderKey().id(), OrderID(strings.Repeat("A", 1000)),
	} {
		if _, err := n.orders.Order(t.Context(), id); !errors.Is(err, ErrNoOrder) {
			t.Errorf("order %q: got %v, want ErrNoOrder", id, err)
		}
	}
}

// TestCancelIsTriedAgain has the database end the first two attempts because they met another
// transaction.
func TestCancelIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	n := s.node(s.Pool)
	o := n.buy(s.cart(s.Items...))
	s.Exec(`CREATE SEQUENCE attempts`)
	s.Exec(`CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('attempts') < 3 THEN
				RAISE 'met another' USING ERRCODE = 'serialization_failure';
			END IF;
			RETURN NEW;
		END $$`)
	s.Exec(`CREATE TRIGGER meet BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION meet()`)
	if done, err := n.orders.Cancel(t.Context(), o.ID); err != nil || done.Status != Cancelled {
		t.Errorf("got %+v, %v", done, err)
	}
	s.CheckBooks()
}

// TestTwoEarlierOrders has one form with lines of two orders: the buyer is shown one, and can be
// shown both.
func TestTwoEarlierOrders(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n := s.node(s.Pool)
	one, two := s.cart(s.Items[0]), s.cart(s.Items[1])
	a, b := n.buy(one), n.buy(two)
	both := Purchase{Lines: slices.Concat(one.Lines, two.Lines), Total: one.Total + two.Total}
	if o := n.buy(both); o.ID != a.ID {
		t.Errorf("got order %s, want that of the first line", o.ID)
	}
	got, err := n.teller.Bought(t.Context(), []LineID{both.Lines[0].ID, both.Lines[1].ID})
	want := map[LineID]Purchased{both.Lines[0].ID: {Order: a.ID}, both.Lines[1].ID: {Order: b.ID}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// TestEarlierOrderIsAnnounced has another node sell: the node that finds the order shows it, though
// it was never announced.
func TestEarlierOrderIsAnnounced(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n, other := s.node(s.Pool), s.node(s.Pool)
	p := s.cart(s.Items[0])
	other.buy(p)
	with := s.cart(s.Items[1]) // in the same cart: not sold, but looked at
	with.Lines = append(with.Lines, p.Lines...)
	n.buy(with)
	if now, _, _ := n.stock.Catalog().Item(s.Items[0]); now.Sold != 1 {
		t.Errorf("the catalog says %+v, want one sold", now)
	}
}

func TestSales(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 5)
	n := s.node(s.Pool)
	first := n.buy(s.cart(s.Items[0]))
	cancelled := n.buy(s.cart(s.Items[0]))
	if _, err := n.orders.Cancel(t.Context(), cancelled.ID); err != nil {
		t.Fatal(err)
	}
	began, now := first.CreatedAt, s.Clock()
	before, err := n.orders.SalesBefore(t.Context(), now)
	if err != nil || before != (Sales{1, first.Total}) {
		t.Errorf("sold until now: %+v, %v", before, err)
	}
	if before, err := n.orders.SalesBefore(t.Context(), began); err != nil || before != (Sales{}) {
		t.Errorf("sold before the first order: %+v, %v", before, err)
	}
	byMinute, err := n.orders.SalesByMinute(t.Context(), began)
	if want := map[time.Time]Sales{first.CreatedAt.UTC().Truncate(time.Minute): {1, first.Total}}; err != nil ||
		!maps.Equal(byMinute, want) {
		t.Errorf("by minute: %v, %v, want %v", byMinute, err, want)
	}
	if none, err := n.orders.SalesByMinute(t.Context(), now); err != nil || len(none) != 0 {
		t.Errorf("sold later: %v, %v", none, err)
	}
}

// TestNumbered finds orders by what people call them.
func TestNumbered(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 10)
	n := s.node(s.Pool)
	var all []OrderID
	for range 5 {
		all = append(all, n.buy(s.cart(s.Items...)).ID)
	}
	for _, id := range all {
		if got, err := n.orders.Numbered(t.Context(), id.Number()); err != nil || !slices.Equal(got, []OrderID{id}) {
			t.Errorf("order %s has the number %s, which leads to %v, %v", id, id.Number(), got, err)
		}
	}
	if got, err := n.orders.numbered(t.Context(), all[0].Number(), 4); !errors.Is(err, ErrNoOrder) {
		t.Errorf("the oldest order of five is found among the newest four: %v, %v", got, err)
	}
	if got, err := n.orders.Numbered(t.Context(), newOrderKey().id().Number()); !errors.Is(err, ErrNoOrder) {
		t.Errorf("a number that no order has leads to %v, %v", got, err)
	}
}

func TestOrderNumber(t *testing.T) {
	t.Parallel()
	// what buyers have written down stays true
	if got := OrderID("AAAAAAAAAAAAAAAAAAAAAA").Number(); got != "VMEJ-MH9Y" {
		t.Errorf("the number is %s", got)
	}
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)
	seen := map[OrderNumber]bool{}
	for range 1000 {
		id := newOrderKey().id()
		number := id.Number()
		if !form.MatchString(string(number)) || seen[number] || numberOf(number.raw()) != number {
			t.Errorf("order %s has the number %s", id, number)
		}
		seen[number] = true
		if _, ok := ParseOrderNumber(string(id)); ok {
			t.Errorf("the id %s is taken for a number", id)
		}
	}
	for text, want := range map[string]OrderNumber{
		"K7QF-2M9D": "K7QF-2M9D", "k7qf2m9d": "K7QF-2M9D", " k7qf 2m9d": "K7QF-2M9D", "OoIi-lL99": "0011-1199",
		"": "", "K7QF-2M9": "", "K7QF-2M9DX": "", "U7QF-2M9D": "", "K7QF-2M9é": "", "K7Q!-2M9D": "",
	} {
		if got, ok := ParseOrderNumber(text); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v, want %q", text, got, ok, want)
		}
	}
}
