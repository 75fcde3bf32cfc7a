package inventory

import (
	"fmt"
	"time"
)

// WallClockError says that the clocks of a zone show a time twice, because they are set back then,
// or never, because they are set forward.
type WallClockError struct {
	Twice         bool
	First, Second time.Time // the times that may be meant
}

// Error names both times, so that one of them can be written instead.
func (e *WallClockError) Error() string {
	why := "clocks are set forward then, and never show that time"
	if e.Twice {
		why = "clocks are set back then, and show that time twice"
	}
	return fmt.Sprintf("%s; write %s or %s", why, e.First.Format(time.RFC3339), e.Second.Format(time.RFC3339))
}

// AtWallClock returns the time at which the clocks of a zone show what written says in UTC. The
// error is a *WallClockError if they show it twice or never.
func AtWallClock(written time.Time, zone *time.Location) (time.Time, error) {
	// Offsets from UTC are from -12h to +14h. So a change of the clocks that matters lies between
	// these two times, and no zone has a second one there.
	const around = 25 * time.Hour
	first, second := offsetBy(written, written.Add(around), zone), offsetBy(written, written.Add(-around), zone)
	if second.Before(first) {
		first, second = second, first
	}
	switch shows, showsToo := showing(first, written), showing(second, written); {
	case first.Equal(second), shows && !showsToo:
		return first, nil
	case showsToo && !shows:
		return second, nil
	default:
		return first, &WallClockError{shows, first, second}
	}
}

// offsetBy returns the time that is written if the zone's clocks differ from UTC as they do at
// another time.
func offsetBy(written, at time.Time, zone *time.Location) time.Time {
	_, seconds := at.In(zone).Zone()
	return written.Add(-time.Duration(seconds) * time.Second).In(zone)
}

// showing reports whether the clocks of its zone show at that time what is written.
func showing(at, written time.Time) bool {
	_, seconds := at.Zone()
	return at.Add(time.Duration(seconds) * time.Second).Equal(written)
}
