package presence

import (
	"encoding/json"
	"testing"
)

// Cases that random histories reach too seldom.

// known returns a state that knows two runs of b, the later one with a presence of bob's.
func known(t *testing.T) (s *State, earlier, later Replica) {
	t.Helper()
	s, earlier, later = NewState(Replica{"a", 1}, nil), Replica{"b", 1}, Replica{"b", 2}
	s.Heard(earlier)
	s.Heard(later)
	if _, ok := s.Merge(later, joins(0, 1)); !ok || len(s.List("room")) != 1 {
		t.Fatalf("lists %d, merged: %v", len(s.List("room")), ok)
	}
	return s, earlier, later
}

// joins is a delta in which each step of the clock was a join.
func joins(from, to uint64) Delta {
	d := Delta{From: from, To: to}
	for tag := from + 1; tag <= to; tag++ {
		d.Joins = append(d.Joins, joined{Tag: tag, Topic: "room", Key: "bob", Meta: json.RawMessage(`{}`)})
	}
	return d
}

// TestEarlierRun receives what an earlier run has said when the later one is up.
func TestEarlierRun(t *testing.T) {
	t.Parallel()
	s, earlier, later := known(t)
	if changed, fresh := s.Heard(earlier); fresh || len(changed) > 0 {
		t.Errorf("the earlier run is fresh: %v, and changes %v", fresh, changed)
	}
	if _, ok := s.Merge(earlier, joins(0, 3)); ok || s.Known(later) != 1 || len(s.List("room")) != 1 {
		t.Errorf("merged: %v, lists %d, knows %d of the later run", ok, len(s.List("room")), s.Known(later))
	}
}

// TestAnswerOfOneThatIsDown merges an answer that comes when its replica is down: all of it is
// listed when that is up again.
func TestAnswerOfOneThatIsDown(t *testing.T) {
	t.Parallel()
	s, _, later := known(t)
	s.Down("b")
	changed, ok := s.Merge(later, joins(1, 3))
	if !ok || len(changed) > 0 || len(s.List("room")) != 0 {
		t.Errorf("merged: %v, changes %v, lists %d of a replica that is down", ok, changed, len(s.List("room")))
	}
	if s.Known(later) != 3 {
		t.Errorf("knows %d, want 3: a replica that is down is known still", s.Known(later))
	}
	changed, _ = s.Heard(later)
	if d := changed["room"]; d == nil || len(d.Joins) != 3 || len(s.List("room")) != 3 {
		t.Errorf("up again: changes %v, lists %d, want 3", changed, len(s.List("room")))
	}
}

// TestAnswerGoesBack asks for less and less of what is missing: the answer begins there or before,
// or has everything.
func TestAnswerGoesBack(t *testing.T) {
	t.Parallel()
	s := NewState(Replica{"a", 1}, []int{2, 5})
	for range 20 {
		s.Join("room", "ann", json.RawMessage(`{}`), nil)
		s.Delta()
		for since := range s.Clock() + 1 {
			if d := s.Since(since); d.From > since || d.To != s.Clock() {
				t.Fatalf("since %d of %d: the answer covers %d to %d", since, s.Clock(), d.From, d.To)
			}
		}
	}
}
