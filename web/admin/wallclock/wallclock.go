// Package wallclock reads the times that admins write into forms.
package wallclock

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sneakers23/inventory"
)

// unclear says in sentences what cannot be read.
type unclear string

// Error returns the sentences.
func (u unclear) Error() string { return string(u) }

// ambiguous says that clocks show a time twice, or never.
type ambiguous struct {
	zone *time.Location
	*inventory.WallClockError
}

// Error says it to an admin who can choose another zone.
func (a *ambiguous) Error() string {
	return fmt.Sprintf("%s Choose the zone UTC, and %s or %s.", a.why(), inUTC(a.First), inUTC(a.Second))
}

func (a *ambiguous) why() string {
	if a.Twice {
		return fmt.Sprintf("The clocks of %s are set back then, and show that time twice.", a.zone)
	}
	return fmt.Sprintf("The clocks of %s are set forward then, and never show that time.", a.zone)
}

// InThatZone returns the words of an error of Parse for a form that has no other zone to choose.
func InThatZone(err error) string {
	if a, ok := errors.AsType[*ambiguous](err); ok {
		return a.why() + " Choose another time."
	}
	return err.Error()
}

// Layout is how forms of type datetime-local write a time.
const Layout = "2006-01-02T15:04:05"

// layouts are how forms and people write a time. Browsers leave out seconds that are zero.
var layouts = []string{"2006-01-02T15:04", Layout, "2006-01-02 15:04", "2006-01-02 15:04:05"}

// Same reports whether two texts say the same date and time of day.
func Same(a, b string) bool {
	read := func(text string) string {
		for _, layout := range layouts {
			if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
				return at.Format(Layout)
			}
		}
		return text
	}
	return read(a) == read(b)
}

// Parse reads a time by the clocks of a zone, or one with its own zone. The error has a sentence
// for the person who wrote it.
func Parse(text, zone string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	location, err := time.LoadLocation(strings.TrimSpace(zone))
	if err != nil || zone == "Local" {
		return time.Time{}, unclear("The zone is none. Write one like Europe/Berlin, America/New_York or UTC.")
	}
	for _, layout := range layouts {
		written, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		at, err := inventory.AtWallClock(written, location)
		if e, ok := errors.AsType[*inventory.WallClockError](err); ok {
			err = &ambiguous{location, e}
		}
		return at, err
	}
	if text == "" {
		return time.Time{}, unclear("The time is missing. Write it like 2026-12-24 18:00.")
	}
	return time.Time{}, unclear("That is no time. Write it like 2026-12-24 18:00.")
}

func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
