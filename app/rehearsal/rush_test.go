package rehearsal

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestReaction(t *testing.T) {
	t.Parallel()
	if least, most := reaction(0), reaction(1); least != quickest || most != slowest {
		t.Errorf("from %v to %v", least, most)
	}
	dice, sum := rand.New(rand.NewPCG(seed, 1)), time.Duration(0)
	const n = 10_000
	for range n {
		sum += reaction(dice.Float64())
	}
	if mean := sum / n; mean < time.Second || mean > 1400*time.Millisecond {
		t.Errorf("%v in the mean", mean)
	}
}

// TestWhoWaits counts who waits among the shoppers of rehearsals, small ones too.
func TestWhoWaits(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]int{-1: 0, 0.1: 10, 0.5: 50, 0.9: 90, 1: 100} {
		got := 0
		for n := range 100 {
			if waits(n, share) {
				got++
			}
			if fair := share * float64(n+1); share > 0 && (float64(got) > fair+1 || float64(got) < fair-1) {
				t.Errorf("share %v: %d of the first %d wait", share, got, n+1)
			}
		}
		if got != want {
			t.Errorf("share %v: %d of 100 wait, want %d", share, got, want)
		}
	}
}
