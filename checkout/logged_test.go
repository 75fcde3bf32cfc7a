package checkout

import (
	"strings"
	"testing"

	"sneakers23/app/waittest"
)

// TestOrdersAreLogged counts what the log says of orders: each once, in sum, and never by its id.
func TestOrdersAreLogged(t *testing.T) {
	t.Parallel()
	s := newStore(t, 2, 2, 10)
	var log waittest.Log
	n := s.node(s.Pool, func(c *config) { c.teller.Log = log.Logger() })
	p := s.cart(s.Items[0], s.Items[2])
	o := n.buy(p)
	drain := func() { // what is answered is logged a moment later
		t.Helper()
		if err := n.ledger.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	drain()
	if want := "msg=sold orders=1 pairs=2 cents=20003"; log.Count(want) != 1 {
		t.Errorf("%q is not in the log:\n%s", want, log.String())
	}
	if again := n.buy(p); again.ID != o.ID {
		t.Errorf("the same form made %s and %s", o.ID, again.ID)
	}
	if _, err := n.teller.Buy(t.Context(), Purchase{Lines: p.Lines[:1], Total: p.Total}); err != nil {
		t.Error(err)
	}
	empty := s.cart(s.Items[1])
	empty.Total++
	if _, err := n.teller.Buy(t.Context(), empty); err == nil {
		t.Error("a wrong price was sold at")
	}
	drain()
	if got := log.Count("msg=sold"); got != 1 {
		t.Errorf("%d sales are logged, want 1:\n%s", got, log.String())
	}
	if strings.Contains(log.String(), string(o.ID)) {
		t.Error("the id of the order is in the log")
	}
}
