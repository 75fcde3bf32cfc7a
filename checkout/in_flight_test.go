package checkout

import "testing"

// TestInFlight lets a purchase that would be looked up into the ledger only behind another one of
// its lines.
func TestInFlight(t *testing.T) {
	t.Parallel()
	var f inFlight
	yes, no := func() bool { return true }, func() bool { return false }
	cart := []Line{{ID: LineID{1}}, {ID: LineID{2}}}
	if _, ok := f.enter(cart, no); ok {
		t.Error("a purchase entered without a reason")
	}
	first, _ := f.enter(cart[:1], yes)
	second, ok := f.enter(cart, no)
	if !ok {
		t.Fatal("a purchase does not enter behind one of its lines")
	}
	first()
	if third, ok := f.enter(cart[1:], no); !ok {
		t.Error("a purchase does not enter behind one that entered behind another")
	} else {
		third()
	}
	second()
	if _, ok := f.enter(cart, no); ok || len(f.lines) > 0 {
		t.Errorf("lines are counted after all have landed: %v", f.lines)
	}
}
