package checkout

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sneakers23/inventory"
)

func TestBuy(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 3, 5)
	n := s.node(s.pool)
	a, b := s.items[0], s.items[4]
	p := s.cart(b, a)
	before := s.clock()
	o := n.buy(p)
	if o.Total != p.Total || o.Status != Confirmed || len(o.Lines) != 2 || o.Lines[0].Item != a || o.Lines[1].Item != b {
		t.Errorf("got %+v", o)
	}
	if after := s.clock(); o.CreatedAt.Before(before) || o.CreatedAt.After(after) {
		t.Errorf("made at %v, want a time between %v and %v", o.CreatedAt, before, after)
	}
	l := o.Lines[0]
	if l.LineID != p.Lines[1].ID || l.SKU == "" || l.Size == "" || l.Brand != "Snks 23" || l.Color != "yellow" ||
		l.MainImageURL != "/p.svg" || l.Price != s.price[s.of[a]] || !strings.HasPrefix(l.Name, "Hop Man") {
		t.Errorf("got %+v", l)
	}
	if now, _, _ := n.stock.Catalog().Item(a); now.Available != 4 || now.Sold != 1 || now.ItemRow != s.item(a) {
		t.Errorf("the catalog says %+v, the database %+v", now, s.item(a))
	}
	read, err := n.orders.Order(t.Context(), o.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o, read); diff != "" {
		t.Errorf("the buyer was told otherwise than the database knows:\n%s", diff)
	}
	if again := n.buy(p); cmp.Diff(o, again) != "" {
		t.Errorf("the same form again got %+v", again)
	}
	more := s.cart(s.items[1], s.items[3]) // two tabs, one with a line more
	more.Lines = append(more.Lines[:1], p.Lines[0])
	if again := n.buy(more); again.ID != o.ID {
		t.Error("a bought line was bought again with another")
	}
	if other := n.buy(s.cart(a)); other.ID == o.ID {
		t.Error("a new line of the same shoe is no new order")
	}
	if left := s.item(a).Available; left != 3 {
		t.Errorf("%d pairs are left, want 3", left)
	}
	s.checkBooks()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 2, 1)
	n := s.node(s.pool, func(c *TellerConfig) { c.MaxLines = 3 })
	out, soon, there := s.items[0], s.items[2], s.items[4]
	s.exec(`UPDATE products SET released = false WHERE id = $1`, s.of[soon])
	n.buy(s.cart(out))
	change := func(p Purchase, f func(*Purchase)) Purchase { f(&p); return p }
	for name, tt := range map[string]struct {
		cart  Purchase
		want  error
		items []inventory.ItemID
	}{
		"empty":         {Purchase{}, ErrEmptyCart, nil},
		"sold out":      {s.cart(there, out), ErrSoldOut, []inventory.ItemID{out}},
		"not released":  {s.cart(there, soon), ErrNotReleased, []inventory.ItemID{soon}},
		"both":          {s.cart(soon, out), ErrSoldOut, []inventory.ItemID{out}},
		"cheaper":       {change(s.cart(there), func(p *Purchase) { p.Total-- }), ErrPriceChanged, nil},
		"dearer":        {change(s.cart(there), func(p *Purchase) { p.Total++ }), ErrPriceChanged, nil},
		"too many":      {s.cart(1, 2, 3, 4), ErrTooManyLines, nil},
		"no such item":  {change(s.cart(there), func(p *Purchase) { p.Lines[0].Item = 999 }), ErrNoItem, []inventory.ItemID{999}},
		"other product": {change(s.cart(there), func(p *Purchase) { p.Lines[0].Product = 1 }), ErrNoItem, []inventory.ItemID{there}},
		"gone is out":   {change(s.cart(there), func(p *Purchase) { p.Lines[0].Item = 999 }), ErrSoldOut, []inventory.ItemID{999}},
		"same shoe":     {s.cart(there, s.items[5]), ErrBadCart, nil},
		"same line":     {change(s.cart(there, soon), func(p *Purchase) { p.Lines[1].ID = p.Lines[0].ID }), ErrBadCart, nil},
		"no line":       {change(s.cart(there), func(p *Purchase) { p.Lines[0].ID = LineID{} }), ErrBadCart, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := n.teller.Buy(t.Context(), tt.cart)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			var r *Refusal
			if errors.As(err, &r) && !slices.Equal(r.Items, tt.items) || r == nil && tt.items != nil {
				t.Errorf("got %v, want it to name the items %v", err, tt.items)
			}
		})
	}
	if left := s.item(there); left.Available != 1 || left.Sold != 0 {
		t.Errorf("refused carts left %+v", left)
	}
	s.checkBooks()
}

// TestLastPairs lets many buyers of few pairs come at once, to two tellers.
func TestLastPairs(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 10)
	nodes := []*node{s.node(s.pool), s.node(s.pool)}
	var (
		wg        sync.WaitGroup
		mu        sync.Mutex
		sold, out int
	)
	for i := range 64 {
		wg.Go(func() {
			p := s.cart(s.items[0], s.items[1])
			if i%3 == 0 { // one asks for less, and gets no pair that others need for theirs
				p = s.cart(s.items[i%2])
			}
			_, err := nodes[i%2].teller.Buy(t.Context(), p)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				sold += len(p.Lines)
			case errors.Is(err, ErrSoldOut):
				out++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.item(s.items[0]).Sold + s.item(s.items[1]).Sold; got != sold {
		t.Errorf("buyers were told of %d pairs, the database sold %d", sold, got)
	}
	if left := min(s.item(s.items[0]).Available, s.item(s.items[1]).Available); left != 0 {
		t.Errorf("%d of each are left with %d buyers refused", left, out)
	}
	s.checkBooks()
}

// TestSameLineAtOnce sends one form many times at once, to two tellers, alone and with another line.
func TestSameLineAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 100)
	nodes := []*node{s.node(s.pool), s.node(s.pool)}
	for range 20 {
		p := s.cart(s.items[0])
		moved := p // the same line of another shoe: it waits for no row of the first
		moved.Lines = []Line{{ID: p.Lines[0].ID, Item: s.items[2], Product: s.of[s.items[2]]}}
		moved.Total = s.price[s.of[s.items[2]]]
		var wg sync.WaitGroup
		ids := make([]OrderID, 12)
		for i := range ids {
			wg.Go(func() {
				form := p
				switch i % 3 {
				case 1:
					form = moved
				case 2:
					more := s.cart(s.items[1])
					form.Lines = append(slices.Clone(p.Lines), more.Lines...)
					form.Total += more.Total
				}
				o, err := nodes[i%2].teller.Buy(t.Context(), form)
				if err != nil {
					t.Error(err)
				}
				ids[i] = o.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatal("one line is in two orders")
			}
		}
	}
	s.checkBooks()
}

func TestRefusedFromMemory(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 1)
	n := s.node(s.pool)
	first := s.cart(s.items[0])
	order := n.buy(first)
	out, _, _ := n.stock.Catalog().Item(s.items[0])
	known := func(p Purchase) Purchase {
		p.Lines = slices.Clone(p.Lines)
		p.Lines[0].OutAt = out.Revision
		return p
	}
	asked := s.pool.Stat().AcquireCount()
	_, err := n.teller.Buy(t.Context(), known(s.cart(s.items[0])))
	var r *Refusal
	if !errors.As(err, &r) || r.Why != ErrSoldOut || !slices.Equal(r.Items, s.items[:1]) {
		t.Errorf("got %v, want ErrSoldOut of the item", err)
	}
	if now := s.pool.Stat().AcquireCount(); now != asked {
		t.Errorf("%d questions to the database, want none", now-asked)
	}
	// a node that can't compare its catalog looks everything up
	stale := s.node(s.pool, func(c *TellerConfig) { c.Fresh = func() bool { return false } })
	asked = s.pool.Stat().AcquireCount()
	if _, err := stale.teller.Buy(t.Context(), known(s.cart(s.items[0]))); !errors.Is(err, ErrSoldOut) {
		t.Errorf("got %v, want ErrSoldOut", err)
	}
	if s.pool.Stat().AcquireCount() == asked {
		t.Error("refused from a memory that is old")
	}
	// a line that may be bought is looked up, whatever is known of the others
	if again := n.buy(first); again.ID != order.ID {
		t.Error("the buyer of the last pair was not shown the order")
	}
	with := known(s.cart(s.items[0]))
	with.Lines = append(with.Lines, Line{ID: first.Lines[0].ID, Item: s.items[1], Product: s.of[s.items[1]]})
	if again := n.buy(with); again.ID != order.ID {
		t.Error("a cart with a bought line was not shown the order")
	}
	there, _, _ := n.stock.Catalog().Item(s.items[1]) // a revision alone refuses nothing that is there
	sure := s.cart(s.items[1])
	sure.Lines[0].OutAt = there.Revision
	n.buy(sure)
	if err := n.stock.Restock(t.Context(), s.items[0], 1); err != nil {
		t.Fatal(err)
	}
	late := known(s.cart(s.items[0]))
	bought := n.buy(late) // it is back
	if again := n.buy(late); again.ID != bought.ID {
		t.Error("out again, and the buyer was not shown the order")
	}
	s.checkBooks()
}

// TestRefusalShows lets a node that was not told of the last pair's sale refuse a cart, or find an earlier order: it shows
// the size as out before anybody is answered.
func TestRefusalShows(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	seller, refuser, finder := s.node(s.pool), s.node(s.pool), s.node(s.pool)
	p := s.cart(s.items[0])
	order := seller.buy(p)
	if _, err := refuser.teller.Buy(t.Context(), s.cart(s.items[0])); !errors.Is(err, ErrSoldOut) {
		t.Errorf("got %v, want ErrSoldOut", err)
	}
	if again := finder.buy(p); again.ID != order.ID {
		t.Errorf("got %+v, want the order", again)
	}
	want, _, _ := seller.stock.Catalog().Item(s.items[0])
	for _, n := range []*node{refuser, finder} {
		if shown, _, _ := n.stock.Catalog().Item(s.items[0]); shown != want {
			t.Errorf("the node shows %+v, want %+v", shown, want)
		}
	}
}
