package checkout

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

func TestBuy(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 3, 5)
	n := s.node(s.Pool)
	a, b := s.Items[0], s.Items[4]
	p := s.cart(b, a)
	before := s.Clock()
	o := n.buy(p)
	if o.Total != p.Total || o.Status != Confirmed || len(o.Lines) != 2 || o.Lines[0].Item != a ||
		o.Lines[1].Item != b {
		t.Errorf("got %+v", o)
	}
	if after := s.Clock(); o.CreatedAt.Before(before) || o.CreatedAt.After(after) {
		t.Errorf("made at %v, want a time between %v and %v", o.CreatedAt, before, after)
	}
	l := o.Lines[0]
	if l.LineID != p.Lines[1].ID || l.SKU == "" || l.Size == "" || l.Brand != "Snks 23" || l.Color != "yellow" ||
		l.MainImageURL != "/p.svg" || l.Price != s.Price[s.Of[a]] || !strings.HasPrefix(l.Name, "Hop Man") {
		t.Errorf("got %+v", l)
	}
	if now, _, _ := n.stock.Catalog().Item(a); now.Available != 4 || now.Sold != 1 || now.ItemRow != s.Item(a) {
		t.Errorf("the catalog says %+v, the database %+v", now, s.Item(a))
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
	more := s.cart(s.Items[1], s.Items[3]) // two tabs, one with a line more
	more.Lines = append(more.Lines[:1], p.Lines[0])
	if again := n.buy(more); again.ID != o.ID {
		t.Error("a bought line was bought again with another")
	}
	if other := n.buy(s.cart(a)); other.ID == o.ID {
		t.Error("a new line of the same shoe is no new order")
	}
	if left := s.Item(a).Available; left != 3 {
		t.Errorf("%d pairs are left, want 3", left)
	}
	s.CheckBooks()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newStore(t, 5, 2, 1)
	n := s.node(s.Pool, func(c *config) { c.teller.MaxLines, c.teller.OrderLines = 3, 2 })
	out, soon, there, late, later := s.Items[0], s.Items[2], s.Items[4], s.Items[6], s.Items[8]
	s.Exec(`UPDATE products SET released = false WHERE id = $1`, s.Of[soon])
	n.buy(s.cart(out))
	change := func(p Purchase, f func(*Purchase)) Purchase { f(&p); return p }
	for name, tt := range map[string]struct {
		cart  Purchase
		want  error
		items []inventory.ItemID
	}{
		"empty":        {Purchase{}, ErrEmptyCart, nil},
		"sold out":     {s.cart(there, out), ErrSoldOut, []inventory.ItemID{out}},
		"not released": {s.cart(there, soon), ErrNotReleased, []inventory.ItemID{soon}},
		"both":         {s.cart(soon, out), ErrSoldOut, []inventory.ItemID{out}},
		"cheaper":      {change(s.cart(there), func(p *Purchase) { p.Total-- }), ErrPriceChanged, nil},
		"dearer":       {change(s.cart(there), func(p *Purchase) { p.Total++ }), ErrPriceChanged, nil},
		"too many":     {s.cart(1, 2, 3, 4), ErrTooManyLines, nil},
		"order full":   {s.cart(there, late, later), ErrOrderFull, nil},
		"no such item": {
			change(s.cart(there), func(p *Purchase) { p.Lines[0].Item = 999 }), ErrNoItem, []inventory.ItemID{999},
		},
		"other product": {
			change(s.cart(there), func(p *Purchase) { p.Lines[0].Product = 1 }), ErrNoItem, []inventory.ItemID{there},
		},
		"gone is out": {
			change(s.cart(there), func(p *Purchase) { p.Lines[0].Item = 999 }), ErrSoldOut, []inventory.ItemID{999},
		},
		"same shoe": {s.cart(there, s.Items[5]), ErrBadCart, nil},
		"same line": {
			change(s.cart(there, soon), func(p *Purchase) { p.Lines[1].ID = p.Lines[0].ID }), ErrBadCart, nil,
		},
		"no line": {change(s.cart(there), func(p *Purchase) { p.Lines[0].ID = LineID{} }), ErrBadCart, nil},
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
	if left := s.Item(there); left.Available != 1 || left.Sold != 0 {
		t.Errorf("refused carts left %+v", left)
	}
	s.CheckBooks()
}

// TestLastPairs lets many buyers of few pairs come at once, to two tellers.
func TestLastPairs(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 10)
	nodes := []*node{s.node(s.Pool), s.node(s.Pool)}
	var (
		wg        sync.WaitGroup
		mu        sync.Mutex
		sold, out int
	)
	for i := range 64 {
		wg.Go(func() {
			p := s.cart(s.Items[0], s.Items[1])
			if i%3 == 0 { // one asks for less, and gets no pair that others need for theirs
				p = s.cart(s.Items[i%2])
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
	if got := s.Item(s.Items[0]).Sold + s.Item(s.Items[1]).Sold; got != sold {
		t.Errorf("buyers were told of %d pairs, the database sold %d", sold, got)
	}
	if left := min(s.Item(s.Items[0]).Available, s.Item(s.Items[1]).Available); left != 0 {
		t.Errorf("%d of each are left with %d buyers refused", left, out)
	}
	s.CheckBooks()
}

// TestSameLineAtOnce sends one form many times at once, to two tellers, alone and with another
// line.
func TestSameLineAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 3, 1, 100)
	nodes := []*node{s.node(s.Pool), s.node(s.Pool)}
	for range 20 {
		p := s.cart(s.Items[0])
		moved := p // the same line of another shoe: it waits for no row of the first
		moved.Lines = []Line{{ID: p.Lines[0].ID, Item: s.Items[2], Product: s.Of[s.Items[2]]}}
		moved.Total = s.Price[s.Of[s.Items[2]]]
		var wg sync.WaitGroup
		ids := make([]OrderID, 12)
		for i := range ids {
			wg.Go(func() {
				form := p
				switch i % 3 {
				case 1:
					form = moved
				case 2:
					more := s.cart(s.Items[1])
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
	s.CheckBooks()
}

// TestRefusalsAreLookedUp refuses a crowd after the last pair is sold: nothing is refused from
// memory, and few queries answer all.
func TestRefusalsAreLookedUp(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 1)
	n := s.node(s.Pool)
	first := s.cart(s.Items[0])
	order := n.buy(first)
	const crowd = 400
	asked := s.Pool.Stat().AcquireCount()
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			_, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]))
			var r *Refusal
			if !errors.As(err, &r) || r.Why != ErrSoldOut || !slices.Equal(r.Items, s.Items[:1]) {
				t.Errorf("got %v, want ErrSoldOut of the item", err)
			}
		})
	}
	wg.Wait()
	if queries := s.Pool.Stat().AcquireCount() - asked; queries < 1 || queries > crowd/4 {
		t.Errorf("%d refusals took %d queries", crowd, queries)
	}
	if again := n.buy(first); again.ID != order.ID {
		t.Error("the buyer of the last pair was not shown the order")
	}
	with := s.cart(s.Items[0])
	with.Lines = append(with.Lines, Line{ID: first.Lines[0].ID, Item: s.Items[1], Product: s.Of[s.Items[1]]})
	if again := n.buy(with); again.ID != order.ID {
		t.Error("a cart with a bought line was not shown the order")
	}
	s.CheckBooks()
}

// TestSoldBehindTheBack has a size restocked and the form sold at another node, of which this one
// hears nothing: its catalog says that the size is out, and it leads to the order.
func TestSoldBehindTheBack(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	here, there := s.node(s.Pool), s.node(s.Pool)
	here.buy(s.cart(s.Items[0]))
	form := s.cart(s.Items[0]) // added while the size is out
	if err := there.ledger.Restock(t.Context(), s.Items[0], 1); err != nil {
		t.Fatal(err)
	}
	order := there.buy(form)
	if it, _, _ := here.stock.Catalog().Item(s.Items[0]); it.Available != 0 {
		t.Fatalf("the node knows of %d pairs, want none", it.Available)
	}
	if bought, err := here.teller.Bought(t.Context(), []LineID{form.Lines[0].ID}); err != nil ||
		bought[form.Lines[0].ID].Order != order.ID {
		t.Errorf("the page would show %v, %v, want the order", bought, err)
	}
	if again := here.buy(form); again.ID != order.ID {
		t.Errorf("got %+v, want the order of the other node", again)
	}
}

// TestSecondFormWaitsForTheFirst sends a form again while its first purchase waits for a row, and
// the catalog says that the size is out: it is not refused, since the first one is sold when pairs
// come.
func TestSecondFormWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	n := s.node(s.Pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	form := s.cart(s.Items[0])
	holder, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(),
		`UPDATE item_availabilities SET available_count = 0, sold_count = 1`); err != nil {
		t.Fatal(err)
	}
	answers := make(chan answer, 2) // one for each form
	go func() { answers <- n.answer(form) }()
	s.UntilWaits(1)
	out := s.Item(s.Items[0])
	out.Available, out.Revision = 0, out.Revision+1
	if err := n.stock.Apply(t.Context(), inventory.Change{Item: &out}); err != nil {
		t.Fatal(err)
	}
	go func() { answers <- n.answer(form) }()
	waittest.Until(t, "the second form waits behind the first", func() bool { return n.ledger.Waiting() == 1 })
	if err := holder.Rollback(t.Context()); err != nil { // the pair is there all the same
		t.Fatal(err)
	}
	first, second := waittest.Receive(t, "an answer", answers), waittest.Receive(t, "another answer", answers)
	if first.err != nil || second.err != nil || first.order.ID != second.order.ID {
		t.Errorf("got %v and %v, want one order", first.err, second.err)
	}
}

// TestLookUpWithoutDatabase answers that the outcome is unknown.
func TestLookUpWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 0)
	cfg := s.Pool.Config()
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := s.node(pool)
	pool.Close()
	p := s.cart(s.Items[0])
	if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	if _, err := n.teller.Bought(t.Context(), []LineID{p.Lines[0].ID}); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
}

// TestRefusalShows lets a node that was not told of the last pair's sale refuse a cart, or find an
// earlier order: it shows the size as out before anybody is answered.
func TestRefusalShows(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	seller, refuser, finder := s.node(s.Pool), s.node(s.Pool), s.node(s.Pool)
	p := s.cart(s.Items[0])
	order := seller.buy(p)
	if _, err := refuser.teller.Buy(t.Context(), s.cart(s.Items[0])); !errors.Is(err, ErrSoldOut) {
		t.Errorf("got %v, want ErrSoldOut", err)
	}
	if again := finder.buy(p); again.ID != order.ID {
		t.Errorf("got %+v, want the order", again)
	}
	want, _, _ := seller.stock.Catalog().Item(s.Items[0])
	for _, n := range []*node{refuser, finder} {
		if shown, _, _ := n.stock.Catalog().Item(s.Items[0]); shown != want {
			t.Errorf("the node shows %+v, want %+v", shown, want)
		}
	}
}
