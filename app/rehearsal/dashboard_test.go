package rehearsal

import (
	"testing"
	"time"
)

// TestDashboardRate sends frames at some pace. Frames that were sent in time and held up on their
// way are not too many.
func TestDashboardRate(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		every, held time.Duration // pace; frames of that first time arrive together at its end
		broken      int
	}{
		"four a second":          {every: 250 * ms},
		"after a long stall":     {every: 250 * ms, held: 20 * time.Second},
		"five a second":          {every: 200 * ms, broken: 1},
		"five, after a stall":    {every: 200 * ms, held: 20 * time.Second, broken: 1},
		"all of a minute at end": {every: 250 * ms, held: time.Minute},
	} {
		var d Dashboard
		for sent := tt.every; sent <= time.Minute; sent += tt.every {
			d.saw(100, max(sent, tt.held))
		}
		if broken := d.check(); len(broken) != tt.broken {
			t.Errorf("%s: %v", name, broken)
		}
	}
	var d Dashboard
	for at := range 8 { // within two seconds, and then none
		d.saw(100, time.Duration(at)*125*ms)
	}
	if broken := d.check(); len(broken) != 1 || d.MostASecond != 1.6 || d.Frames != 8 {
		t.Errorf("eight in a second: %v, %+v", broken, d)
	}
}
