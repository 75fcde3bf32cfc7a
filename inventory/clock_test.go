package inventory

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock
		ahead := func() time.Duration { return time.Until(c.Now()) }
		learn := func(ahead, took time.Duration) {
			sent := time.Now()
			time.Sleep(took)
			c.learn(sent.Add(took/2).Add(ahead), sent, time.Now())
		}
		if got := ahead(); got != 0 {
			t.Errorf("a clock that knows nothing is %v ahead", got)
		}
		const ms = time.Millisecond
		for _, step := range []struct {
			name        string
			pause       time.Duration
			ahead, took time.Duration
			want        time.Duration
		}{
			{"the first reading counts", 0, 3 * time.Minute, 40 * ms, 3 * time.Minute},
			{"a surer one counts", time.Second, 3*time.Minute + 5*ms, 2 * ms, 3*time.Minute + 5*ms},
			{"one that is less sure does not", time.Second, 3 * time.Minute, 50 * ms, 3*time.Minute + 5*ms},
			{"later it does", time.Minute, 3 * time.Minute, 50 * ms, 3 * time.Minute},
			{"one that contradicts counts", time.Second, -time.Minute, 90 * ms, -time.Minute},
		} {
			time.Sleep(step.pause)
			learn(step.ahead, step.took)
			if got := ahead(); got != step.want {
				t.Errorf("%s: the clock is %v ahead, want %v", step.name, got, step.want)
			}
		}
	})
}
