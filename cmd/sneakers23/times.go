package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sneakers23/app/operator"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
)

// parseTime reads a time to come as operators write it: a duration from now, a time of today or
// tomorrow, a day with a time, or all of it with its zone. Where none is written, it is that of
// now.
func parseTime(flag, s string, now time.Time) (time.Time, error) {
	if at, ok := later(s, now); ok {
		return at, nil
	}
	if at, ok, err := onADay(flag, s, now); ok {
		return at, err
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	for _, layout := range []string{
		"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04",
	} {
		if written, err := time.Parse(layout, s); err == nil {
			return atWallClock(flag, s, written, now.Location())
		}
	}
	return time.Time{}, fmt.Errorf(`%s %q is no time: write 18:00, "tomorrow 18:00", "2026-12-24 18:00", `+
		`2026-12-24T18:00:00+01:00, or 10m or 1d from now`, flag, s)
}

// parsePast reads a time that is over as operators write it: a duration before now, a time of today
// or yesterday, a day, or a day with a time. Where no zone is written, it is that of now.
func parsePast(flag, s string, now time.Time) (time.Time, error) {
	if ago, ok := earlier(s, now); ok {
		return ago, nil
	}
	clock, yesterday := strings.CutPrefix(s, "yesterday ")
	for _, layout := range []string{"15:04:05", "15:04"} {
		if written, err := time.Parse(layout, strings.TrimPrefix(clock, "today ")); err == nil {
			year, month, day := now.Date()
			if yesterday {
				day--
			}
			return time.Date(year, month, day, written.Hour(), written.Minute(), written.Second(), 0, now.Location()),
				nil
		}
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	for _, layout := range []string{
		"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02",
	} {
		if at, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf(`%s %q is no time: write 90m, 1h or 2d for so long ago, 18:00, "yesterday 18:00", 2026-12-24, `+
		`"2026-12-24 18:00" or 2026-12-24T18:00:00+01:00`, flag, s)
}

// earlier reads a duration before now, like 10m, 1d or 2d12h. A day earlier is the same time of the
// day before.
func earlier(s string, now time.Time) (at time.Time, ok bool) {
	rest := s
	if found := days.FindStringSubmatch(s); found != nil {
		n, _ := strconv.Atoi(found[1])
		now = now.AddDate(0, 0, -n)
		if rest = strings.TrimPrefix(s, found[0]); rest == "" {
			return now, true
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 {
		return time.Time{}, false
	}
	return now.Add(-d), true
}

var days = regexp.MustCompile(`^(\d{1,5})d`)

// later reads a duration from now, like 10m, 1d or 2d12h. A day later is the same time of the next
// day.
func later(s string, now time.Time) (at time.Time, ok bool) {
	rest := s
	if found := days.FindStringSubmatch(s); found != nil {
		n, _ := strconv.Atoi(found[1])
		now = now.AddDate(0, 0, n)
		rest = strings.TrimPrefix(s, found[0])
	}
	d, err := time.ParseDuration(rest)
	if rest == "" && s != "" {
		d, err = 0, nil
	}
	if err != nil || strings.HasPrefix(rest, "-") && rest != s {
		return time.Time{}, false
	}
	return now.Add(d + time.Second - 1).Truncate(time.Second), true // the next full second: never early
}

// onADay reads a time of today or of tomorrow. One that is over today is not taken for tomorrow's:
// who is late by a minute must be told.
func onADay(flag, s string, now time.Time) (at time.Time, ok bool, err error) {
	clock, tomorrow := strings.CutPrefix(s, "tomorrow ")
	clock = strings.TrimPrefix(clock, "today ")
	for _, layout := range []string{"15:04:05", "15:04"} {
		written, err := time.Parse(layout, clock)
		if err != nil {
			continue
		}
		year, month, day := now.Date()
		if tomorrow {
			day++
		}
		written = time.Date(year, month, day, written.Hour(), written.Minute(), written.Second(),
			written.Nanosecond(), time.UTC)
		if at, err = atWallClock(flag, s, written, now.Location()); err == nil && !at.After(now) {
			return at, true, fmt.Errorf(`%s %q is over: it is %s now; write "tomorrow %s" if you mean that`,
				flag, s, now.Format("15:04:05 MST"), clock)
		}
		return at, true, err
	}
	return at, false, nil
}

// atWallClock returns the time at which the clocks of a zone show what was written. It refuses one
// that they show twice or never.
func atWallClock(flag, s string, written time.Time, zone *time.Location) (time.Time, error) {
	at, err := inventory.AtWallClock(written, zone)
	if err != nil {
		err = fmt.Errorf("%s %q: %w", flag, s, err)
	}
	return at, err
}

// stamp writes a time as people read it, with its zone.
func stamp(t time.Time) string { return t.Format("2006-01-02 15:04:05 MST") }

// when writes a time to come, on the clock of this machine, so that parseTime reads the same.
func when(t time.Time) string {
	return fmt.Sprintf("%s (in %s)", t.Local().Format(time.RFC3339), span(time.Until(t).Round(time.Second)))
}

// inZone returns the time of the clocks of a zone, "" for that of this machine. The error is a
// usageError.
func inZone(now time.Time, zone string) (time.Time, error) {
	if zone == "" {
		return now, nil
	}
	location, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return now, usageError{fmt.Errorf("--zone %q is no time zone: write one like Europe/Berlin, America/New_York or UTC", zone)}
	}
	return now.In(location), nil
}

// zoneOr returns the zone that was named, else that of the shop. It returns "", that of this
// machine, if the shop's is UTC: most shops that are UTC have never been set.
func zoneOr(ctx context.Context, c *operator.Client, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	shop, err := c.Shop(ctx)
	if err != nil || shop.Zone == storefront.DefaultZone {
		return "", err
	}
	return shop.Zone, nil
}

// span writes a duration as people say it: with its days, when it has two or more, and without
// seconds, when it is long.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 10*time.Minute {
		d = d.Round(time.Minute)
	}
	if d < 2*day {
		words := d.String()
		if d >= time.Minute && d%time.Minute == 0 {
			words = strings.TrimSuffix(words, "0s")
		}
		if d >= time.Hour && d%time.Hour == 0 {
			words = strings.TrimSuffix(words, "0m")
		}
		return words
	}
	if hours := d % day / time.Hour; hours > 0 {
		return fmt.Sprintf("%d days %dh", d/day, hours)
	}
	return fmt.Sprintf("%d days", d/day)
}
