package rehearsal

import (
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	good := Latency{Count: 100, P99: 20}
	r := Report{Deeds: 1000, Reply: good, Push: good, Purchase: good, Page: good, Errors: map[string]int64{"page": 1}}
	limits := Limits{Reply: 20 * time.Millisecond, Push: time.Second, Errors: 0.001}
	if broken := r.Check(limits); len(broken) != 0 {
		t.Errorf("a good one: %v", broken)
	}
	for name, change := range map[string]func(*Report){
		"slow":      func(r *Report) { r.Reply.P99 = 20.1 },
		"errors":    func(r *Report) { r.Errors = map[string]int64{"page": 1, "add": 1} },
		"one error": func(r *Report) { r.Deeds = 100; r.Errors = map[string]int64{"page": 1} },
		"none":      func(r *Report) { r.Push = Latency{} },
		"no deeds":  func(r *Report) { r.Deeds = 0 },
	} {
		bad := r
		if change(&bad); len(bad.Check(limits)) != 1 {
			t.Errorf("%s: %v", name, bad.Check(limits))
		}
	}
	if broken := r.Check(Limits{Errors: 0}); len(broken) != 1 {
		t.Errorf("an error where none may be: %v", broken)
	}
	r.Errors = map[string]int64{"connect": 5000}
	if broken := r.Check(Limits{Errors: 1}); len(broken) != 0 {
		t.Errorf("errors where all may be: %v", broken)
	}
}
