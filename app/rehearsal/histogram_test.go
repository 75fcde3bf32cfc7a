package rehearsal

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPercentiles holds the histogram against sorting all durations.
func TestPercentiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var h histogram
		all := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 200).Draw(t, "durations")
		for _, d := range all {
			h.add(time.Duration(d))
		}
		slices.Sort(all)
		l := h.latency()
		for _, p := range []struct{ share, got float64 }{{0.5, l.P50}, {0.9, l.P90}, {0.99, l.P99}, {1, l.Max}} {
			want := milliseconds(time.Duration(all[int(math.Ceil(p.share*float64(len(all))))-1]))
			if p.got < want-1e-9 || p.got > max(want*growth, milliseconds(shortest))+1e-9 {
				t.Fatalf("%v of %d durations took up to %v ms, got %v", p.share, len(all), want, p.got)
			}
		}
		if l.Count != int64(len(all)) {
			t.Fatalf("%d counted of %d", l.Count, len(all))
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := Latency{Count: 100, P99: 20}
	r := Report{Deeds: 1000, Reply: good, Push: good, Purchase: good, Page: good, Errors: map[string]int64{"page": 1}}
	limits := Limits{Reply: 20 * time.Millisecond, Push: time.Second, Errors: 0.001}
	if broken := r.Check(limits); len(broken) != 0 {
		t.Errorf("a good one: %v", broken)
	}
	for name, change := range map[string]func(*Report){
		"slow":     func(r *Report) { r.Reply.P99 = 20.1 },
		"errors":   func(r *Report) { r.Errors = map[string]int64{"page": 1, "add": 1} },
		"none":     func(r *Report) { r.Push = Latency{} },
		"no deeds": func(r *Report) { r.Deeds = 0 },
	} {
		bad := r
		if change(&bad); len(bad.Check(limits)) != 1 {
			t.Errorf("%s: %v", name, bad.Check(limits))
		}
	}
}
