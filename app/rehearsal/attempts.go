package rehearsal

import (
	"math/rand/v2"
	"time"
)

// attempts says when a tab connects again. It follows the shop's pages (assets/js/attempts.js),
// whose pauses are those of phoenix.js, except that simulated shoppers have no long-poll to fall
// back to.
type attempts struct {
	tries  int         // in a row that did not last
	starts []time.Time // of the latest attempts, attemptsPerMinute at most
	alive  time.Time   // when the latest attempt brought something, zero until then
}

// The pauses before the next attempt, each of which is spread by half.
var pauses = []time.Duration{
	10 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 4 * time.Second,
}

const (
	longestPause      = 6 * time.Second
	attemptsPerMinute = 15
	lasting           = 30 * time.Second // a connection that lives so long works
)

// begin counts an attempt to connect.
func (a *attempts) begin() {
	if len(a.starts) == attemptsPerMinute {
		a.starts = a.starts[1:]
	}
	a.starts = append(a.starts, time.Now())
	a.alive = time.Time{}
}

// heard says that the attempt has brought a message.
func (a *attempts) heard() {
	if a.alive.IsZero() {
		a.alive = time.Now()
	}
}

// end says that the attempt is over, and returns how long to wait before the next one.
func (a *attempts) end() time.Duration {
	if !a.alive.IsZero() && time.Since(a.alive) >= lasting {
		a.tries = 0
	} else {
		a.tries++
	}
	wait := longestPause
	if i := max(a.tries, 1) - 1; i < len(pauses) {
		wait = pauses[i]
	}
	wait = spread(wait)
	if len(a.starts) == attemptsPerMinute {
		wait = max(wait, time.Until(a.starts[0].Add(time.Minute)))
	}
	return wait
}

// spread is a duration between half and one and a half of d, so that the tabs of a node that is
// gone do not all come at once.
func spread(d time.Duration) time.Duration { return time.Duration((0.5 + rand.Float64()) * float64(d)) }
