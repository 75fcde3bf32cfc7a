package wallclock_test

import (
	"strings"
	"testing"
	"time"

	"sneakers23/web/admin/wallclock"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, zone, want string }{
		{"2026-12-24T18:00", "Europe/Berlin", "2026-12-24T17:00:00Z"},
		{" 2026-12-24 18:00:30 ", " Asia/Tokyo ", "2026-12-24T09:00:30Z"},
		{"2026-12-24T18:00:00+02:00", "Nowhere", "2026-12-24T16:00:00Z"},
		{"2026-12-24T18:00:05.5", "UTC", "2026-12-24T18:00:05.5Z"}, // a plan at such a time is refused
	} {
		if at, err := wallclock.Parse(tt.text, tt.zone); err != nil || at.UTC().Format(time.RFC3339Nano) != tt.want {
			t.Errorf("%q in %q is %v, %v; want %s", tt.text, tt.zone, at, err, tt.want)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"2026-12-24T18:00", "2026-12-24T18:00:00", true}, {" 2026-12-24 18:00", "2026-12-24T18:00:00", true},
		{"2026-12-24T18:00", "2026-12-24T18:00:01", false}, {"", "2026-12-24T18:00", false}, {"", "", true},
	} {
		if got := wallclock.Same(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %t", tt.a, tt.b, got)
		}
	}
}

// TestParseRefuses holds that each error has a sentence that tells what to do.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, zone, want, here string }{
		{"", "UTC", "The time is missing.", ""},
		{"soon", "UTC", "That is no time.", ""},
		{"2026-12-24T18:00", "Nowhere", "The zone is none.", ""},
		{"2026-12-24T18:00", "Local", "The zone is none.", ""},
		{"2027-10-31T02:30", "Europe/Berlin", "Choose the zone UTC, and 2027-10-31 00:30 or 2027-10-31 01:30.",
			"Choose another time."},
		{"2027-03-28T02:30", "Europe/Berlin", "Choose the zone UTC, and 2027-03-28 00:30 or 2027-03-28 01:30.",
			"Choose another time."},
	} {
		_, err := wallclock.Parse(tt.text, tt.zone)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q in %q: %v, want %q", tt.text, tt.zone, err, tt.want)
			continue
		}
		here := wallclock.InThatZone(err)
		if tt.here != "" && (!strings.Contains(here, tt.here) || strings.Contains(here, "UTC")) ||
			tt.here == "" && here != err.Error() {
			t.Errorf("%q in %q, with no other zone to choose: %q", tt.text, tt.zone, here)
		}
	}
}
