package checkout

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// limit gives a product a limit, of which no node has been told.
func (s *store) limit(product inventory.ProductID, pairs int) {
	s.Exec(`UPDATE products SET per_shopper = $2 WHERE id = $1`, product, pairs)
}

// by is a purchase of a shopper.
func (p Purchase) by(shopper string) Purchase {
	p.Buyer = ShopperOf(shopper)
	return p
}

func TestLimit(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 3, 10)
	n := s.node(s.Pool)
	nine, ten, other := s.Items[0], s.Items[1], s.Items[3]
	if s.Of[nine] != s.Of[ten] || s.Of[other] == s.Of[nine] {
		t.Fatalf("items %v are not as the test wants them", s.Items)
	}
	s.limit(s.Of[nine], 2) // the catalog does not know: the first sale finds out
	buy := func(p Purchase) error {
		_, err := n.teller.Buy(t.Context(), p)
		return err
	}
	first, err := n.teller.Buy(t.Context(), s.cart(nine).by("ann"))
	if err != nil {
		t.Fatal(err)
	}
	second := s.cart(ten, other).by("ann")
	if err := buy(second); err != nil {
		t.Errorf("the second pair: %v", err)
	}
	var refusal *Refusal
	if err := buy(s.cart(nine, other).by("ann")); !errors.Is(err, ErrLimit) || !errors.As(err, &refusal) ||
		len(refusal.Items) != 1 || refusal.Items[0] != nine {
		t.Errorf("the third pair: %v, want ErrLimit for item %d", err, nine)
	}
	if err := buy(second); err != nil { // sent again: it is bought already, whatever the limit is
		t.Errorf("the second form again: %v", err)
	}
	if err := buy(s.cart(other).by("ann")); err != nil {
		t.Errorf("a product without a limit: %v", err)
	}
	if err := buy(s.cart(nine).by("bob")); err != nil {
		t.Errorf("another shopper: %v", err)
	}
	if err := buy(s.cart(nine)); !errors.Is(err, ErrLimit) {
		t.Errorf("a shopper whom nobody knows: %v, want ErrLimit", err)
	}
	if _, err := n.orders.Cancel(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	if err := buy(s.cart(nine).by("ann")); err != nil {
		t.Errorf("after a cancellation: %v", err)
	}
	if err := buy(s.cart(ten).by("ann")); !errors.Is(err, ErrLimit) {
		t.Errorf("after that: %v, want ErrLimit", err)
	}
	s.CheckBooks()
}

// TestLimitIsNew gives a product a limit that a shopper has met before any catalog knows of it.
func TestLimitIsNew(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 2, 10)
	n := s.node(s.Pool)
	if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]).by("ann")); err != nil {
		t.Fatal(err)
	}
	s.limit(s.Of[s.Items[0]], 1)
	if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[1]).by("ann")); !errors.Is(err, ErrLimit) {
		t.Errorf("a second pair: %v, want ErrLimit", err)
	}
}

// TestLimitAtOnce lets two nodes sell two sizes of a product to one shopper at the same moment: one
// of them sells.
func TestLimitAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 2, 10)
	s.limit(s.Of[s.Items[0]], 1)
	ann := ShopperOf("ann")
	held, err := s.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(t.Context(), lockShoppers, []int64{int64(binary.BigEndian.Uint64(ann[:8]))}); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 2) // buffer: the test may end before
	for _, item := range s.Items[:2] {
		n := s.node(s.SnapshotPool())
		go func() {
			_, err := n.teller.Buy(context.WithoutCancel(t.Context()), s.cart(item).by("ann"))
			told <- err
		}()
	}
	s.UntilWaits(2) // each holds the row of its size
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	sold := 0
	for range 2 {
		switch err := waittest.Receive(t, "an answer", told); {
		case err == nil:
			sold++
		case !errors.Is(err, ErrLimit):
			t.Error(err)
		}
	}
	if sold != 1 {
		t.Errorf("%d pairs are sold, want 1", sold)
	}
	s.CheckBooks()
}

// TestPausedIsNotSold pauses a product while a sale of it is between its look and its write: the
// pause waits for that sale, and no later one is made. The order of before is shown.
func TestPausedIsNotSold(t *testing.T) {
	t.Parallel()
	for name, paused := range map[string]func(s *store) inventory.ProductID{
		"the product": func(s *store) inventory.ProductID { return s.Of[s.Items[0]] },
		"the shop":    func(*store) inventory.ProductID { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, 1, 2, 10)
			n := s.node(s.Pool)
			before := s.cart(s.Items[0]).by("ann")
			if _, err := n.teller.Buy(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			commit := s.Selling(s.Items[1])
			done := make(chan error, 1) // buffer: the test may end before
			go func() {
				_, err := s.Inv.Pause(context.WithoutCancel(t.Context()), paused(s))
				done <- err
			}()
			s.UntilWaits(1)
			commit()
			if err := waittest.Receive(t, "the pause", done); err != nil {
				t.Fatal(err)
			}
			// this node's catalog does not know of the pause
			for range 2 { // the second time it does
				if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]).by("bob")); !errors.Is(err, ErrPaused) {
					t.Errorf("a purchase while selling is paused: %v, want ErrPaused", err)
				}
			}
			if _, err := n.teller.Buy(t.Context(), before); err != nil {
				t.Errorf("what was bought before: %v", err)
			}
			if sales, err := n.ledger.SellUpTo(t.Context(), map[inventory.ItemID]int{s.Items[0]: 1},
				ledger.OnlyReleased); err != nil || len(sales) > 0 {
				t.Errorf("an operator has sold %v, %v", sales, err)
			}
			if _, err := s.Inv.Resume(t.Context(), paused(s)); err != nil {
				t.Fatal(err)
			}
			if _, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]).by("bob")); err != nil {
				t.Errorf("a purchase after selling was resumed: %v", err)
			}
			s.CheckBooks()
		})
	}
}
