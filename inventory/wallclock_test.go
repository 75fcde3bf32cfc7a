package inventory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // zones are the same whatever the machine knows

	"sneakers23/inventory"
)

// TestAtWallClock reads times around changes of clocks: by an hour, by half of one, at midnight,
// and by a day.
func TestAtWallClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		zone, written string
		want          string // in UTC; "first|second" if the time is shown twice, "first/second" if never
	}{
		{"UTC", "2027-03-28 02:30", "2027-03-28 02:30"},
		{"Europe/Berlin", "2027-07-01 12:00", "2027-07-01 10:00"},
		{"Europe/Berlin", "2027-03-28 01:59", "2027-03-28 00:59"},
		{"Europe/Berlin", "2027-03-28 02:00", "2027-03-28 00:00/2027-03-28 01:00"},
		{"Europe/Berlin", "2027-03-28 02:30", "2027-03-28 00:30/2027-03-28 01:30"},
		{"Europe/Berlin", "2027-03-28 03:00", "2027-03-28 01:00"},
		{"Europe/Berlin", "2027-10-31 01:59", "2027-10-30 23:59"},
		{"Europe/Berlin", "2027-10-31 02:00", "2027-10-31 00:00|2027-10-31 01:00"},
		{"Europe/Berlin", "2027-10-31 02:59", "2027-10-31 00:59|2027-10-31 01:59"},
		{"Europe/Berlin", "2027-10-31 03:00", "2027-10-31 02:00"},
		{"Australia/Lord_Howe", "2027-04-04 01:29", "2027-04-03 14:29"},
		{"Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03 14:45|2027-04-03 15:15"},
		{"Australia/Lord_Howe", "2027-04-04 02:00", "2027-04-03 15:30"},
		{"Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-02 15:15/2027-10-02 15:45"},
		{"Africa/Cairo", "2027-10-28 23:30", "2027-10-28 20:30|2027-10-28 21:30"},
		{"Pacific/Apia", "2011-12-29 12:00", "2011-12-29 22:00"},
		{"Pacific/Apia", "2011-12-30 12:00", "2011-12-29 22:00/2011-12-30 22:00"},
		{"Pacific/Apia", "2011-12-31 12:00", "2011-12-30 22:00"},
		{"Pacific/Kiritimati", "2027-01-01 00:00", "2026-12-31 10:00"},
		{"Etc/GMT+12", "2027-01-01 00:00", "2027-01-01 12:00"},
	} {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		const layout = "2006-01-02 15:04"
		written, err := time.Parse(layout, tt.written)
		if err != nil {
			t.Fatal(err)
		}
		at, err := inventory.AtWallClock(written, zone)
		got := at.UTC().Format(layout)
		var unclear *inventory.WallClockError
		if errors.As(err, &unclear) {
			between := "/"
			if unclear.Twice {
				between = "|"
			}
			got = fmt.Sprint(unclear.First.UTC().Format(layout), between, unclear.Second.UTC().Format(layout))
		} else if shows := at.Format(layout); shows != tt.written {
			t.Errorf("%s in %s: the clocks show %s then", tt.written, tt.zone, shows)
		}
		if got != tt.want {
			t.Errorf("%s in %s is %s, want %s", tt.written, tt.zone, got, tt.want)
		}
	}
}
