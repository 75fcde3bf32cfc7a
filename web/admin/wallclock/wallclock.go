// Package wallclock reads the times that admins write into forms.
package wallclock

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sneakers23/inventory"
)

// Unclear says in sentences what cannot be read.
type Unclear string

// Error returns the sentences.
func (u Unclear) Error() string { return string(u) }

// ambiguous says that clocks show a time twice, or never.
type ambiguous struct {
	zone          *time.Location
	first, second time.Time
}

// Error says it to an admin who can choose another zone.
func (a *ambiguous) Error() string {
	return fmt.Sprintf("The clocks of %s show that time twice, or never, since they are set then. "+
		"Choose the zone UTC, and %s or %s.", a.zone, inUTC(a.first), inUTC(a.second))
}

// InThatZone returns the words of an error of Parse for a form that has no other zone to choose.
func InThatZone(err error) string {
	if a, ok := errors.AsType[*ambiguous](err); ok {
		return fmt.Sprintf("The clocks of %s show that time twice, or never, since they are set then. "+
			"Choose another time.", a.zone)
	}
	return err.Error()
}

// Layout is how forms of type datetime-local write a time.
const Layout = "2006-01-02T15:04:05"

// Parse reads a time by the clocks of a zone, or one with its own zone. The error has a sentence
// for the person who wrote it.
func Parse(text, zone string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	location, err := time.LoadLocation(strings.TrimSpace(zone))
	if err != nil || zone == "Local" {
		return time.Time{}, Unclear("The zone is none. Write one like Europe/Berlin, America/New_York or UTC.")
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04",
		"2006-01-02 15:04:05"} {
		written, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		at, err := inventory.AtWallClock(written, location)
		if e, ok := errors.AsType[*inventory.WallClockError](err); ok {
			err = &ambiguous{location, e.First, e.Second}
		}
		return at, err
	}
	if text == "" {
		return time.Time{}, Unclear("The time is missing. Write it like 2026-12-24 18:00.")
	}
	return time.Time{}, Unclear("That is no time. Write it like 2026-12-24 18:00.")
}

func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
