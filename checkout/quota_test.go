package checkout

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/web/quota"
)

// A buyer holds few of the places of those who wait, also when he does not wait for the answer.
func TestPlacesOfABuyer(t *testing.T) {
	t.Parallel()
	const each = 3
	s := newStore(t, 1, 1, 2*each+1)
	n := s.node(s.Pool, func(c *config) { c.teller.Places, c.ledger.LockWithin = quota.New(each), waittest.Limit() })
	ann, bob := quota.Parse("192.0.2.1"), quota.Parse("192.0.2.2")
	holder, err := s.Pool.Begin(t.Context()) // of the one row: no buyer is answered
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(context.WithoutCancel(t.Context()))
	if _, err := holder.Exec(t.Context(), `SELECT FROM item_availabilities FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 2*each)
	buy := func(ctx context.Context, from netip.Prefix) {
		p := s.cart(s.Items[0])
		p.From = from
		_, err := n.teller.Buy(ctx, p)
		answers <- err
	}
	go buy(t.Context(), bob)
	s.UntilWaits(1) // the committer is busy with it: all others stay in the queue
	gone, leave := context.WithCancel(t.Context())
	for range each {
		go buy(gone, ann)
	}
	waittest.Until(t, "the others wait", func() bool { return n.ledger.Waiting() == each })
	leave()
	for range each {
		if err := waittest.Receive(t, "the answer to one who went away", answers); !errors.Is(err, context.Canceled) {
			t.Fatalf("a buyer who does not wait: %v", err)
		}
	}
	p := s.cart(s.Items[0])
	p.From = ann
	if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrBusy) {
		t.Errorf("one more of the same buyer: %v, want ErrBusy", err)
	}
	for range each - 1 {
		go buy(t.Context(), bob)
	}
	waittest.Until(t, "another buyer's wait too", func() bool { return n.ledger.Waiting() == 2*each-1 })
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range each {
		if err := waittest.Receive(t, "the answer to another buyer", answers); err != nil {
			t.Errorf("another buyer: %v", err)
		}
	}
	p = s.cart(s.Items[0])
	p.From = ann
	if _, err := n.teller.Buy(t.Context(), p); err != nil {
		t.Errorf("when those before were answered: %v", err)
	}
	s.CheckBooks()
}

// TestPlaceOfARefusal refuses a buyer who may have one place, and again.
func TestPlaceOfARefusal(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 0)
	n := s.node(s.Pool, func(c *config) { c.teller.Places = quota.New(1) })
	for range 2 {
		p := s.cart(s.Items[0])
		p.From = quota.Parse("192.0.2.1")
		if _, err := n.teller.Buy(t.Context(), p); !errors.As(err, new(*Refusal)) {
			t.Errorf("got %v, want a refusal", err)
		}
	}
}
