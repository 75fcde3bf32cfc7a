package checkout

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// once is a line's fate that strikes the first so many transactions.
func once(f pgtest.Fault, times int64) func() pgtest.Fault {
	var asked atomic.Int64
	return func() pgtest.Fault {
		if asked.Add(1) <= times {
			return f
		}
		return pgtest.Passes
	}
}

// TestCutAtCommit loses the connection when the outcome is unknown, before and after the database
// committed. The buyer does not notice, and the pair is sold once. A cart that promises to be sold
// goes through without a look. One whose pairs came behind the node's back is looked at.
func TestCutAtCommit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pgtest.Fault
		times int
	}{
		"before": {pgtest.LosesCommit, 3}, "after": {pgtest.LosesAnswer, 3},
		"said rolled back": {pgtest.LiesRollback, 3},
		"silent before":    {pgtest.SwallowsMore, 1}, "silent after": {pgtest.HoldsAnswer, 3},
	} {
		t.Run(name+"/lone", func(t *testing.T) { cutAtCommit(t, tt.Fault, tt.times, 2, 0) })
		t.Run(name+"/looked at", func(t *testing.T) { cutAtCommit(t, tt.Fault, tt.times, 0, 2) })
	}
}

func cutAtCommit(t *testing.T, f pgtest.Fault, times, known, unknown int) {
	t.Parallel()
	s := newStore(t, 1, 1, known)
	line, pool := pgtest.NewCutter(t, s.Pool, once(f, int64(times)))
	var log waittest.Log
	n := s.node(pool, func(c *config) { c.ledger.LockWithin, c.ledger.Log = 200*time.Millisecond, log.Logger() })
	if unknown > 0 {
		s.Restock(s.Items[0], unknown)
	}
	p := s.cart(s.Items[0])
	bought := make(chan answer, 1)
	go func() { bought <- n.answer(p) }()
	if f == pgtest.SwallowsMore {
		endSilence(t, line, &log, bought)
	}
	got := waittest.Receive(t, "the order", bought)
	if got.err != nil {
		t.Fatal(got.err)
	}
	if line.Faults[f].Load() == 0 {
		t.Error("the line was not cut")
	}
	if !strings.Contains(log.String(), "tried again") {
		t.Errorf("what became of it was not looked up:\n%s", log.String())
	}
	id := p.Lines[0].ID
	if known, err := n.teller.Bought(t.Context(), []LineID{id}); err != nil || known[id].Order != got.order.ID {
		t.Errorf("the line is in order %q, the buyer was told of another: %v", known[id].Order, err)
	}
	want := s.Item(s.Items[0])
	if now, _, _ := n.stock.Catalog().Item(want.ID); want.Available != 1 || want.Sold != 1 || now.ItemRow != want {
		t.Errorf("the database says %+v, the catalog %+v", want, now.ItemRow)
	}
	s.CheckBooks()
}

// endSilence ends the silence of a line when another attempt has waited in vain for the row that
// the silent transaction keeps. The buyer is not answered before, since the outcome of that
// transaction is unknown.
func endSilence(t *testing.T, line *pgtest.Cutter, log *waittest.Log, bought <-chan answer) {
	t.Helper()
	log.Until(t, parked)
	select {
	case got := <-bought:
		t.Fatalf("answered while the transaction in doubt holds the row: %+v", got)
	default:
	}
	line.Silence <- struct{}{}
}

// TestNobodyKnows keeps back every answer: the buyer must not be told that there is no order.
func TestNobodyKnows(t *testing.T) {
	t.Parallel()
	t.Run("lone", func(t *testing.T) { loseAnswers(t, pgtest.LosesAnswer, 1, 0) })
	t.Run("looked at", func(t *testing.T) { loseAnswers(t, pgtest.LosesAnswer, 0, 1) })
	t.Run("silent", func(t *testing.T) { loseAnswers(t, pgtest.HoldsAnswer, 0, 1) }) // the patience ends at the COMMIT
}

func loseAnswers(t *testing.T, f pgtest.Fault, known, unknown int) {
	t.Parallel()
	s := newStore(t, 1, 1, known)
	cut, gone := pgtest.CutForGood(t, s.Pool, f)
	n := s.node(cut, func(c *config) {
		c.ledger.Patience, c.ledger.LockWithin = 500*time.Millisecond, 200*time.Millisecond
	})
	if unknown > 0 {
		s.Restock(s.Items[0], unknown)
	}
	p := s.cart(s.Items[0])
	// at once, unless the teller's patience was too short
	waittest.Until(t, "a commit whose answer is lost", func() bool {
		if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrFailed) {
			t.Fatalf("got %v, want ErrUnknown", err)
		}
		return gone()
	})
	// the next attempt was never begun: the order is there, and this node can't look
	if _, err := n.teller.Buy(t.Context(), p); !errors.Is(err, ErrUnknown) || errors.Is(err, ErrFailed) {
		t.Errorf("sent again without a database: got %v, want ErrUnknown", err)
	}
	other := s.node(s.Pool)
	if o, err := other.teller.Buy(t.Context(), p); err != nil || len(o.Lines) != 1 {
		t.Errorf("the same form at another node: %+v, %v, want the order", o, err)
	}
	s.CheckBooks()
}
