package checkout

import (
	"testing"

	"sneakers23/app/waittest"
)

// TestLookAfterLock lets a teller wait for the row of the last pair. Meanwhile another one buys the
// same line, as another shoe, and then the pair goes. A teller that had looked before it had the
// lock would say that the pair is sold out, and one whose look is of the moment at which it began
// would have to try again.
func TestLookAfterLock(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 1, 1)
	var log waittest.Log
	looks := s.blindNode(s.SnapshotPool(), func(c *config) {
		c.ledger.Log, c.ledger.LockWithin = log.Logger(), waittest.Limit()
	})
	other := s.node(s.Pool)
	p, moved := s.cart(s.Items[0]), s.cart(s.Items[1])
	moved.Lines[0].ID = p.Lines[0].ID
	commit := s.Selling(s.Items[0])
	bought := make(chan answer, 1)
	go func() { bought <- looks.answer(p) }()
	s.UntilWaits(1)
	want := other.buy(moved)
	commit()
	if got := waittest.Receive(t, "the answer", bought); got.err != nil || got.order.ID != want.ID {
		t.Errorf("got %+v, %v, want the order %s", got.order, got.err, want.ID)
	}
	if text := log.Without("msg=sold "); text != "" {
		t.Errorf("the teller tried again:\n%s", text)
	}
	s.CheckBooks()
}

// TestSoldAfterTheLock lets a cart wait for a row of which another transaction sells a pair: it is
// sold at the first attempt.
func TestSoldAfterTheLock(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 2)
	pool, tracer := traced(t, s.SnapshotPool())
	n := s.node(pool, func(c *config) { c.ledger.LockWithin = waittest.Limit() })
	commit := s.Selling(s.Items[0])
	sold := make(chan error, 1)
	go func() {
		_, err := n.teller.Buy(t.Context(), s.cart(s.Items[0]))
		sold <- err
	}()
	s.UntilWaits(1)
	commit()
	if err := waittest.Receive(t, "the answer", sold); err != nil {
		t.Error(err)
	}
	if failed := tracer.rolledBack.Load(); failed != 0 {
		t.Errorf("%d attempts met another transaction and failed, want none", failed)
	}
	s.CheckBooks()
}
