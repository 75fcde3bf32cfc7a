package presence

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// TestManyOfAKey has 50,000 presences of a key leave, each from the place where it is: nothing is
// searched, and the list never has more than twice as many places as presences.
func TestManyOfAKey(t *testing.T) {
	t.Parallel()
	s := NewState(Replica{"a", 1}, nil)
	var all []*Presence
	for i := range 50_000 {
		all = append(all, s.Join("room", "ann", json.RawMessage(`{}`), nil))
		if i%3 == 2 {
			s.Leave(all[i-1]) // some leave out of the middle
			all[i-1] = nil
		}
	}
	left := slices.DeleteFunc(all, func(p *Presence) bool { return p == nil })
	if got := s.ByKey("room", "ann"); !slices.Equal(got, left) {
		t.Fatalf("%d by key, want %d, in the order in which they came", len(got), len(left))
	}
	began, places, moved := time.Now(), len(s.topics["room"].byKey["ann"].list), 0
	for i, p := range slices.Backward(left) {
		list := s.topics["room"].byKey["ann"].list
		if n := len(list); n > 2*(i+1)+1 {
			t.Fatalf("%d places for %d", n, i+1)
		} else if n != places {
			places, moved = n, moved+n // all were moved to a shorter list
		}
		if list[p.place] != p {
			t.Fatalf("presence %d is not where it says", i)
		}
		s.Leave(p)
	}
	t.Logf("%d leave within %v, and move %d places", len(left), time.Since(began), moved)
	if moved > 2*len(left) {
		t.Errorf("%d leave, and move %d places, want two each at most", len(left), moved)
	}
	if s.List("room") != nil {
		t.Error("somebody is left")
	}
}
