package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// setClock moves the shop's clock by some time. The clocks of the machine and of PostgreSQL stay.
func setClock(s *stocktest.Store, by time.Duration) {
	s.Exec(fmt.Sprintf(`CREATE OR REPLACE FUNCTION shop_time() RETURNS timestamptz LANGUAGE sql VOLATILE
		AS 'SELECT clock_timestamp() + interval ''%d milliseconds'''`, by.Milliseconds()))
}

// planned plans a drop that releases the first product and brings pairs of two sizes, in an hour.
func planned(s *stocktest.Store) inventory.Drop {
	s.T.Helper()
	s.Exec(`UPDATE products SET released = false WHERE id = $1`, s.Of[s.Items[0]])
	d, _, err := s.Inv.PlanDrop(inventory.ActingAs(s.T.Context(), "ann"), inventory.Plan{
		At: time.Now().Add(time.Hour), Releases: []inventory.ProductID{s.Of[s.Items[0]]},
		Restocks: []inventory.DropRestock{{Item: s.Items[0], Pairs: 5}, {Item: s.Items[1], Pairs: 7}},
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return d
}

// released reports whether the first product is released, and when it is to be.
func released(s *stocktest.Store) (is bool, at *time.Time) {
	s.T.Helper()
	err := s.Pool.QueryRow(s.T.Context(), `SELECT released, release_at FROM products WHERE id = $1`, s.Of[s.Items[0]]).
		Scan(&is, &at)
	if err != nil {
		s.T.Fatal(err)
	}
	return is, at
}

func TestOpenDrop(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 3)
	n := newNode(s, s.Pool)
	d := planned(s)
	setClock(s, 59*time.Minute)
	if opened, err := n.OpenDrop(t.Context(), d); opened || !errors.Is(err, inventory.ErrNotDue) {
		t.Errorf("a minute early: %t, %v; want ErrNotDue", opened, err)
	}
	if is, at := released(s); is || at == nil || s.Item(s.Items[0]).Available != 3 {
		t.Errorf("a minute early it is released: %t, at %v, and has %d pairs", is, at, s.Item(s.Items[0]).Available)
	}
	setClock(s, time.Hour)
	if opened, err := n.OpenDrop(t.Context(), d); !opened || err != nil {
		t.Fatalf("when due: %t, %v", opened, err)
	}
	is, at := released(s)
	if got := [2]int{s.Item(s.Items[0]).Available, s.Item(s.Items[1]).Available}; !is || at != nil || got != [2]int{8,
		10} {
		t.Errorf("released: %t, to be released at %v, pairs %v; want 8 and 10", is, at, got)
	}
	open, _, err := s.Inv.Drop(t.Context(), d.ID)
	if err != nil || open.OpenedAt == nil || open.OpenedAt.Before(open.At) {
		t.Errorf("opened at %v, before %v, %v", open.OpenedAt, open.At, err)
	}
	if opened, err := n.OpenDrop(t.Context(), d); opened || err != nil || s.Item(s.Items[0]).Available != 8 {
		t.Errorf("again: %t, %v, %d pairs", opened, err, s.Item(s.Items[0]).Available)
	}
	if _, _, err := s.Inv.MoveDrop(t.Context(), d.ID, 0, time.Now().Add(9*time.Hour)); !errors.Is(err,
		inventory.ErrOpened) {
		t.Errorf("moved after it has opened: %v", err)
	}
	if _, _, err := s.Inv.CancelDrop(t.Context(), d.ID, 0); !errors.Is(err, inventory.ErrOpened) {
		t.Errorf("cancelled after it has opened: %v", err)
	}
	s.CheckBooks()
}

// TestOpenDropAtOnce lets many nodes open a drop at the same moment: one of them does, and the
// pairs come once.
func TestOpenDropAtOnce(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 3)
	d := planned(s)
	setClock(s, time.Hour)
	nodes := []*node{newNode(s, s.Pool), newNode(s, s.Pool), newNode(s, s.Pool)}
	var (
		wg     sync.WaitGroup
		opened atomic.Int64
	)
	for i := range 12 {
		wg.Go(func() {
			is, err := nodes[i%len(nodes)].OpenDrop(context.WithoutCancel(t.Context()), d)
			if err != nil {
				t.Error(err)
			}
			if is {
				opened.Add(1)
			}
		})
	}
	wg.Wait()
	if got := s.Item(s.Items[0]).Available; opened.Load() != 1 || got != 8 {
		t.Errorf("opened %d times, %d pairs; want once, and 8", opened.Load(), got)
	}
	s.CheckBooks()
}

// TestOpenDropMeetsAChange holds the rows of a drop as its opening does not: a drop that is
// cancelled or moved at the last moment does not open, also if the node that opens it does not know
// yet.
func TestOpenDropMeetsAChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*stocktest.Store, inventory.DropID) error{
		"cancelled": func(s *stocktest.Store, id inventory.DropID) error {
			_, _, err := s.Inv.CancelDrop(s.T.Context(), id, 0)
			return err
		},
		"moved": func(s *stocktest.Store, id inventory.DropID) error {
			_, _, err := s.Inv.MoveDrop(s.T.Context(), id, 0, time.Now().Add(2*time.Hour))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocktest.New(t, 1, 2, 3)
			n := newNode(s, s.Pool)
			d := planned(s)
			hold := s.Hold(s.Items[0]) // the opening waits for a sale
			setClock(s, time.Hour)
			told := make(chan error, 1) // buffer: the test may end before
			go func() {
				opened, err := n.OpenDrop(context.WithoutCancel(t.Context()), d)
				if opened {
					err = errors.New("it has opened")
				}
				told <- err
			}()
			s.UntilWaits(1)
			if err := change(s, d.ID); err != nil {
				t.Fatal(err)
			}
			hold()
			if err := <-told; err != nil && !errors.Is(err, inventory.ErrNotDue) {
				t.Error(err)
			}
			if is, _ := released(s); is || s.Item(s.Items[0]).Available != 3 {
				t.Errorf("released: %t, %d pairs", is, s.Item(s.Items[0]).Available)
			}
			s.CheckBooks()
		})
	}
}

// TestHeldDropHoldsNobody holds the row of a drop, and then that of its product: the drop does not
// open meanwhile, and a restock that comes with it is not kept waiting.
func TestHeldDropHoldsNobody(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]string{
		"the drop":    `SELECT FROM drops FOR UPDATE`,
		"its product": `SELECT FROM products FOR UPDATE`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocktest.New(t, 1, 2, 3)
			n := newNode(s, s.Pool)
			d := planned(s)
			setClock(s, time.Hour)
			held, err := s.Pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := held.Exec(t.Context(), hold); err != nil {
				t.Fatal(err)
			}
			if opened, err := n.OpenDrop(t.Context(), d); opened || !errors.Is(err, inventory.ErrNotDue) {
				t.Errorf("opened: %t, %v; want ErrNotDue", opened, err)
			}
			if err := n.Restock(t.Context(), s.Items[1], 1); err != nil {
				t.Errorf("a restock beside it: %v", err)
			}
			if err := held.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
			if opened, err := n.OpenDrop(t.Context(), d); !opened || err != nil {
				t.Errorf("opened after that: %t, %v", opened, err)
			}
			if is, _ := released(s); !is || s.Item(s.Items[0]).Available != 8 {
				t.Errorf("released: %t, %d pairs", is, s.Item(s.Items[0]).Available)
			}
		})
	}
}

// banner returns what the shop's pages show at their head, and until when.
func banner(s *stocktest.Store) (text string, ends *time.Time) {
	s.T.Helper()
	err := s.Pool.QueryRow(s.T.Context(), `SELECT coalesce(max(banner), '-'), max(banner_ends) FROM shop_settings`).
		Scan(&text, &ends)
	if err != nil {
		s.T.Fatal(err)
	}
	return text, ends
}

// TestOpenDropAnnounces holds that the banner of a drop is that of the shop from the transaction on
// that opens it, that its end is the drop's, and that it leaves all other settings alone.
func TestOpenDropAnnounces(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 3)
	n := newNode(s, s.Pool)
	ends := time.Now().Add(2 * time.Hour).Truncate(time.Second)
	var drops []inventory.Drop
	for _, text := range []string{"Volt is here.", "Bolt is here."} {
		d, _, err := s.Inv.PlanDrop(t.Context(), inventory.Plan{
			At: time.Now().Add(time.Hour), EndsAt: &ends, Announces: text,
		})
		if err != nil {
			t.Fatal(err)
		}
		drops = append(drops, d)
	}
	if opened, err := n.OpenDrop(t.Context(), drops[0]); opened || !errors.Is(err, inventory.ErrNotDue) {
		t.Fatalf("early: %t, %v", opened, err)
	}
	if text, _ := banner(s); text != "-" {
		t.Errorf("early, the banner is %q", text)
	}
	setClock(s, time.Hour)
	if opened, err := n.OpenDrop(t.Context(), drops[0]); !opened || err != nil {
		t.Fatalf("when due: %t, %v", opened, err)
	}
	if text, until := banner(s); text != "Volt is here." || until == nil || !until.Equal(ends) {
		t.Errorf("the banner is %q until %v", text, until)
	}
	later := ends.Add(time.Hour)
	if _, err := s.Inv.EndDrop(t.Context(), drops[0].ID, 0, &later); err != nil {
		t.Fatal(err)
	}
	if _, until := banner(s); until == nil || !until.Equal(later) {
		t.Errorf("the drop ends at %v, its banner at %v", later, until)
	}
	s.Exec(`UPDATE shop_settings SET name = 'Volt', banner = '', banner_ends = NULL`) // it has ended
	if _, err := s.Inv.EndDrop(t.Context(), drops[0].ID, 0, &later); err != nil {
		t.Fatal(err)
	}
	if text, until := banner(s); text != "Volt is here." || until == nil || !until.Equal(later) {
		t.Errorf("another end did not bring the banner back: %q until %v", text, until)
	}
	if opened, err := n.OpenDrop(t.Context(), drops[1]); !opened || err != nil {
		t.Fatalf("the second: %t, %v", opened, err)
	}
	if text, until := banner(s); text != "Bolt is here." || !until.Equal(ends) {
		t.Errorf("after the second drop the banner is %q until %v", text, until)
	}
	if _, err := s.Inv.EndDrop(t.Context(), drops[0].ID, 0, nil); err != nil {
		t.Fatal(err)
	}
	if _, until := banner(s); until == nil || !until.Equal(ends) {
		t.Errorf("the end of the first drop changed that of the second one's banner, to %v", until)
	}
	var name string
	if err := s.Pool.QueryRow(t.Context(), `SELECT name FROM shop_settings`).Scan(&name); err != nil || name != "Volt" {
		t.Errorf("the name is %q, %v", name, err)
	}
}

// TestOpenDropMeetsSettings holds the lock of an edit of the settings: a drop that has a banner
// does not wait for it, since sales would wait as well, and opens when it is free.
func TestOpenDropMeetsSettings(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 3)
	n := newNode(s, s.Pool)
	d, _, err := s.Inv.PlanDrop(t.Context(), inventory.Plan{At: time.Now().Add(time.Hour), Announces: "Here."})
	if err != nil {
		t.Fatal(err)
	}
	setClock(s, time.Hour)
	tx, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(`+inventory.StorefrontKey+`)`); err != nil {
		t.Fatal(err)
	}
	if opened, err := n.OpenDrop(t.Context(), d); opened || !errors.Is(err, inventory.ErrNotDue) {
		t.Errorf("while an edit holds the settings: %t, %v; want ErrNotDue", opened, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if opened, err := n.OpenDrop(t.Context(), d); !opened || err != nil {
		t.Errorf("after the edit: %t, %v", opened, err)
	}
	if text, _ := banner(s); text != "Here." {
		t.Errorf("the banner is %q", text)
	}
}

// TestEndDropNow ends a drop that is open, once, and one that has not opened not at all.
func TestEndDropNow(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 2, 3)
	n := newNode(s, s.Pool)
	d, _, err := s.Inv.PlanDrop(t.Context(), inventory.Plan{At: time.Now().Add(time.Hour), Announces: "Here."})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Inv.EndDropNow(t.Context(), d.ID, 0); !errors.Is(err, inventory.ErrNotOpen) {
		t.Errorf("before it has opened: %v", err)
	}
	setClock(s, time.Hour)
	if opened, err := n.OpenDrop(t.Context(), d); !opened || err != nil {
		t.Fatalf("when due: %t, %v", opened, err)
	}
	if _, err := s.Inv.EndDropNow(t.Context(), d.ID, d.Version+9); !errors.Is(err, inventory.ErrEdited) {
		t.Errorf("by an operator who looked at another version: %v", err)
	}
	first, err := s.Inv.EndDropNow(t.Context(), d.ID, 0)
	if err != nil || first.EndsAt == nil || first.State(time.Now().Add(2*time.Hour)) != inventory.DropOver {
		t.Fatalf("ended: %+v, %v", first, err)
	}
	if text, until := banner(s); text != "" || until != nil {
		t.Errorf("the banner is %q until %v", text, until)
	}
	again, err := s.Inv.EndDropNow(t.Context(), d.ID, 0)
	if err != nil || !again.EndsAt.Equal(*first.EndsAt) {
		t.Errorf("ended again at %v, %v; it was over since %v", again.EndsAt, err, first.EndsAt)
	}
	later := time.Now().Add(3 * time.Hour)
	if _, err := s.Inv.EndDrop(t.Context(), d.ID, 0, &later); err != nil {
		t.Fatal(err)
	}
	if text, _ := banner(s); text != "Here." {
		t.Errorf("after it goes on, the banner is %q", text)
	}
}
