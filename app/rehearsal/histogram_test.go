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
