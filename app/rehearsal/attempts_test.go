package rehearsal

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestAttempts compares the pauses with those of the shop's pages.
func TestAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		pausesFor := func(what string, want time.Duration) {
			t.Helper()
			if got := a.end(); got < want/2 || got > want*3/2 {
				t.Errorf("%s: waits %v, want %v, spread by half", what, got, want)
			}
		}
		a.begin()
		a.heard()
		time.Sleep(2 * lasting)
		pausesFor("a connection that lasted", pauses[0])
		for _, want := range append(pauses, longestPause, longestPause) {
			a.begin()
			pausesFor("one more that was refused", want)
			time.Sleep(lasting)
		}
		a.begin()
		a.heard()
		time.Sleep(lasting - 1)
		pausesFor("one that did not last after many", longestPause)
		time.Sleep(time.Minute)
		a.begin()
		a.heard()
		time.Sleep(lasting)
		pausesFor("one that lasted after many", pauses[0])
	})
}

// TestAttemptsOfAMinute bounds how often a tab tries, though each connection lasts.
func TestAttemptsOfAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		began := time.Now()
		for range 10 * attemptsPerMinute {
			a.begin()
			a.heard()
			a.tries = 0
			time.Sleep(a.end())
		}
		if took := time.Since(began); took < 10*time.Minute {
			t.Errorf("%d attempts took %v", 10*attemptsPerMinute, took)
		}
	})
}
