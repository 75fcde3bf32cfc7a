package main

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // whatever the machine knows
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 3, 28, 12, 0, 0, 500, berlin) // clocks are set forward in the night that follows
	for _, tt := range []struct {
		says string
		want string // or what the error says
	}{
		{"18:00", "2026-03-28 18:00:00 CET"},
		{"18:00:30", "2026-03-28 18:00:30 CET"},
		{"today 18:00", "2026-03-28 18:00:00 CET"},
		{"tomorrow 18:00", "2026-03-29 18:00:00 CEST"},
		{"tomorrow 9:30", "2026-03-29 09:30:00 CEST"},
		{"10m", "2026-03-28 12:10:01 CET"},
		{"1d", "2026-03-29 12:00:01 CEST"}, // the same time of the next day
		{"24h", "2026-03-29 13:00:01 CEST"},
		{"2d12h", "2026-03-31 00:00:01 CEST"},
		{"2026-12-24 18:00", "2026-12-24 18:00:00 CET"},
		{"2026-12-24T18:00:05", "2026-12-24 18:00:05 CET"},
		{"2026-12-24T18:00:00+01:00", "2026-12-24 18:00:00 CET"},
		{"2026-12-24T18:00:00Z", "2026-12-24 19:00:00 CET"},
		{"11:59", `"tomorrow 11:59"`},
		{"12:00", `it is 12:00:00 CET now`},
		{"tomorrow 02:30", "never show that time; write 2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00"},
		{"2026-03-29 02:30", "never show that time; write 2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00"},
		{"2026-03-29 03:00", "2026-03-29 03:00:00 CEST"},
		{"2026-03-29 01:59", "2026-03-29 01:59:00 CET"},
		{"2026-10-25 02:30", "show that time twice; write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"},
		{"2026-10-25 03:00", "2026-10-25 03:00:00 CET"},
		{"2026-10-25 01:59", "2026-10-25 01:59:00 CEST"},
		{"2026-10-25T02:30:00+01:00", "2026-10-25 02:30:00 CET"},
		{"18:00:30.5", "2026-03-28 18:00:30.5 CET"}, // the node refuses the fraction
		{"tomorrow 18:00:30.5", "2026-03-29 18:00:30.5 CEST"},
		{"2026-12-24 18:00:05.5", "2026-12-24 18:00:05.5 CET"},
		{"2026-12-24T18:00:05.5+01:00", "2026-12-24 18:00:05.5 CET"},
		{"0.5s", "2026-03-28 12:00:01 CET"},
		{"soon", "is no time"},
		{"", "is no time"},
		{"d", "is no time"},
		{"1d-2h", "is no time"},
		{"1day", "is no time"},
		{"25:00", "is no time"},
		{"tomorrow", "is no time"},
	} {
		at, err := parseTime("--at", tt.says, noon)
		got := at.In(berlin).Format("2006-01-02 15:04:05.999999999 MST")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) {
			t.Errorf("--at %q: got %s, want %s", tt.says, got, tt.want)
		}
	}
	if at, err := parseTime("--at", "-5m", noon); err != nil || at.After(noon) {
		t.Errorf("--at -5m: got %v, %v; the node says that it is in the past", at, err)
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{10 * time.Second, "10s"},
		{90 * time.Second, "1m30s"},
		{2 * time.Minute, "2m"},
		{30*time.Minute + time.Second, "30m"},
		{24 * time.Hour, "24h"},
		{25*time.Hour + 10*time.Minute, "25h10m"},
		{48*time.Hour - time.Second, "2 days"},
		{50 * time.Hour, "2 days 2h"},
	} {
		if got := span(tt.d); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.d, got, tt.want)
		}
	}
}
