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

// OnceOnly returns a *WallClockError if the time was written, by the clock of its zone, as hour and
// minute that the clock shows twice or never. at is what package time makes of it.
func OnceOnly(at time.Time, hour, minute int) error {
	shows := func(t time.Time) bool { return t.Hour() == hour && t.Minute() == minute }
	const change = time.Hour // clocks are hardly ever set by another time
	switch earlier, later := at.Add(-change), at.Add(change); {
	case shows(at) && shows(later) && later.Day() == at.Day():
		return &WallClockError{true, at, later}
	case shows(at) && shows(earlier) && earlier.Day() == at.Day():
		return &WallClockError{true, earlier, at}
	case shows(at):
		return nil
	case at.Hour() > hour:
		return &WallClockError{false, earlier, at}
	default:
		return &WallClockError{false, at, later}
	}
}
