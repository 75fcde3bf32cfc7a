package presence

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// TestManyOfAKey costs no more for each than few.
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
	began := time.Now()
	for i, p := range slices.Backward(left) {
		if n := len(s.topics["room"].byKey["ann"].list); n > 2*(i+1)+1 {
			t.Fatalf("%d places for %d", n, i+1)
		}
		s.Leave(p)
	}
	if took := time.Since(began); took > 5*time.Second { // it took minutes, with the race detector
		t.Errorf("%d leave within %v", len(left), took)
	}
	if s.List("room") != nil {
		t.Error("somebody is left")
	}
}
