package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

// at is a time on the clock of this machine, whatever its zone is.
func at(hour, minute int) time.Time {
	return time.Date(2026, 11, 29, hour, minute, 5, 123_000_000, time.Local)
}

// printed is what was printed, with one space between cells, and without the name of the zone.
func printed(print func(*console.Writer)) string {
	var b bytes.Buffer
	print(console.New(&b))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(strings.Join(strings.Fields(line), " "), at(0, 0).Format(" MST"), "")
	}
	return strings.Join(lines, "\n")
}

// checkPrinted compares, and shows the difference line by line.
func checkPrinted(t *testing.T, got string, want ...string) {
	t.Helper()
	if got != strings.Join(want, "\n") {
		t.Errorf("printed:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// TestListOfDevices prints each state of a key, and names that a terminal would act on.
func TestListOfDevices(t *testing.T) {
	t.Parallel()
	seen, revoked := at(12, 30), at(13, 0)
	checkPrinted(t, printed(func(w *console.Writer) {
		printDevices(w, []operator.Device{
			{Name: "kiosk 1", Created: at(9, 0), Seen: &seen, Key: "current"},
			{Name: "kiosk\x1b[2J", Created: at(9, 0), Key: operator.KeyOlder},
			{Name: "till", Created: at(9, 0), Key: operator.KeyLost},
			{Name: "till", Created: at(8, 0), Key: operator.KeyLost, Revoked: &revoked},
		})
	}),
		"DEVICE ADDED SEEN KEY",
		"kiosk 1 2026-11-29 09:00:05 2026-11-29 12:30:05 valid",
		`kiosk\x1b[2J 2026-11-29 09:00:05 never valid, under an older --secret`,
		"till 2026-11-29 09:00:05 never lost",
		"till 2026-11-29 08:00:05 never revoked 2026-11-29 13:00:05",
		"",
		"a lost key was stored under a --secret that is no longer set: set that one too, or revoke the device and add it again")
	checkPrinted(t, printed(func(w *console.Writer) { printDevices(w, nil) }),
		"There is no device yet. Add one: "+program()+" devices add NAME")
}

// TestListOfVariables prints what is wanted beside what was reported.
func TestListOfVariables(t *testing.T) {
	t.Parallel()
	checkPrinted(t, printed(func(w *console.Writer) {
		printVariables(w, []operator.DeviceVariable{
			{
				Name: "new", Wanted: &operator.WantedValue{
					Type: "boolean", Value: []byte("true"), Since: at(12, 0), Who: "bob",
				},
			},
			{
				Name: "testing1", Reported: &operator.ReportedValue{
					Type: "string", Value: []byte(`"a\u001b[2J"`), At: at(9, 0),
				},
			},
			{
				Name: "testing2", Reported: &operator.ReportedValue{Type: "float", Value: []byte("-1"), At: at(9, 0)},
				Wanted: &operator.WantedValue{Type: "integer", Value: []byte("-1"), Since: at(12, 0), Who: "bob"},
			},
			{
				Name: "long", Reported: &operator.ReportedValue{
					Type: "string", Value: []byte(`"` + strings.Repeat("ä", 61) + `"`), At: at(9, 0),
				},
			},
		})
	}),
		"VARIABLE TYPE REPORTED AT WANTED SINCE BY",
		"new boolean - true 2026-11-29 12:00:05 bob",
		`testing1 string a\x1b[2J 2026-11-29 09:00:05 -`,
		"testing2 float -1 2026-11-29 09:00:05 -1 (integer) 2026-11-29 12:00:05 bob",
		"long string "+strings.Repeat("ä", 60)+"… 2026-11-29 09:00:05 -")
}

// TestListOfLogs prints what a device has sent, and lets none of it act on the terminal.
func TestListOfLogs(t *testing.T) {
	t.Parallel()
	checkPrinted(t, printed(func(w *console.Writer) {
		printLogs(w, []operator.DeviceLog{
			{
				Device: "kiosk 1", Received: at(9, 0), Message: "card\nread\x1b]0;x\x07", Stamp: []byte("17"),
				Fields: []byte(`{"level":"info"}`),
			},
			{Device: "till", Received: at(8, 59), Message: "<script>"},
		})
	}),
		"RECEIVED DEVICE MESSAGE",
		`2026-11-29 09:00:05.123 kiosk 1 card\nread\x1b]0;x\a timestamp=17 {"level":"info"}`,
		"2026-11-29 08:59:05.123 till <script>")
}

// fakeLogs is a node on which records arrive with time, one a second from the 10th second on, and
// ten in the 20th.
type fakeLogs struct {
	began time.Time
	asked []string
	fails bool
}

func (n *fakeLogs) DeviceLogs(ctx context.Context, q operator.DeviceLogsRequest) (operator.DeviceLogs, error) {
	n.asked = append(n.asked, fmt.Sprint(int(time.Since(n.began).Seconds()), " ", q.Follow, " ", q.After))
	if n.fails && q.After > 2 {
		return operator.DeviceLogs{}, errors.New("the node is gone")
	}
	if !q.Follow {
		// the third has come meanwhile
		return operator.DeviceLogs{Records: []operator.DeviceLog{{ID: 3}, {ID: 2}, {ID: 1}}}, nil
	}
	switch q.After {
	case -1:
		return operator.DeviceLogs{Next: 2}, nil
	case 2:
		return operator.DeviceLogs{Records: []operator.DeviceLog{{ID: 3}}, Next: 3}, nil
	case 3:
		return operator.DeviceLogs{Records: []operator.DeviceLog{{ID: 4}}, Next: 4, More: true}, nil
	case 4:
		return operator.DeviceLogs{Records: []operator.DeviceLog{{ID: 5}}, Next: 5}, nil
	}
	return operator.DeviceLogs{Next: q.After}, nil
}

// TestFollowLogs shows each record once, in the order in which they came, asks at once while there
// are more and else each second.
func TestFollowLogs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		node := &fakeLogs{began: time.Now()}
		var shown []int64
		err := follow(ctx, node, operator.DeviceLogsRequest{Limit: 3}, func(records []operator.DeviceLog) error {
			for _, r := range records {
				shown = append(shown, r.ID)
			}
			return nil
		})
		if err != nil || fmt.Sprint(shown) != "[1 2 3 4 5]" {
			t.Errorf("shown: %v, %v", shown, err)
		}
		want := "0 true -1, 0 false 0, 1 true 2, 2 true 3, 2 true 4, 3 true 5"
		if got := strings.Join(node.asked, ", "); got != want {
			t.Errorf("asked: %s\nwant:  %s", got, want)
		}
		ignore := func([]operator.DeviceLog) error { return nil }
		if err := follow(t.Context(), &fakeLogs{fails: true}, operator.DeviceLogsRequest{}, ignore); err == nil {
			t.Error("the end of the node is no error")
		}
	})
}

// TestRequestOfLogs checks the flags.
func TestRequestOfLogs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		devicesLogsCmd
		want string
	}{
		{devicesLogsCmd{Limit: 0}, "--limit must be from 1 to 500"},
		{devicesLogsCmd{Limit: 501}, "--limit must be from 1 to 500"},
		{devicesLogsCmd{Limit: 1, Since: "soon"}, `--since "soon" is no time`},
		{devicesLogsCmd{Limit: 1, Until: "-1h"}, `--until "-1h" is no time`},
		{devicesLogsCmd{Limit: 1, Since: "1h", Until: "2h"}, "--since is not before --until"},
	} {
		if _, err := tt.request(now); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %s", tt.devicesLogsCmd, err, tt.want)
		}
	}
	for says, want := range map[string]string{
		"90m": "2026-11-29T10:30:00Z", "1h": "2026-11-29T11:00:00Z", "2d": "2026-11-27T12:00:00Z",
		"1d12h": "2026-11-28T00:00:00Z", "0s": "2026-11-29T12:00:00Z",
		"18:00": "2026-11-29T18:00:00Z", "yesterday 18:00": "2026-11-28T18:00:00Z",
		"2026-11-01":       "2026-11-01T00:00:00Z",
		"2026-11-01 10:00": "2026-11-01T10:00:00Z", "2026-11-01T10:00:00+01:00": "2026-11-01T09:00:00Z",
	} {
		got, err := parsePast("--since", says, now)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v; want %s", says, got, err, want)
		}
	}
	l := devicesLogsCmd{Device: "kiosk 1", Text: `it's "so"`, Since: "2d"}
	if got, want := l.flags(), ` --device='kiosk 1' --text='it'\''s "so"' --since=2d`; got != want {
		t.Errorf("the flags of the next page: %s, want %s", got, want)
	}
}

// TestNegativeValues takes numbers below zero for values, and not for flags.
func TestNegativeValues(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"devices set till volume -1":                       "devices set till volume -- -1",
		"devices set till volume -1.5e3 --type float":      "devices set till volume --type float -- -1.5e3",
		"--json devices set --type integer till volume -1": "--json devices set --type integer till volume -- -1",
		"devices set till volume 1":                        "devices set till volume 1",
		"devices set till volume -- -1":                    "devices set till volume -- -1",
		"devices set till volume --json":                   "devices set till volume --json",
		"stock set -1":                                     "stock set -1",
	} {
		if got := strings.Join(lastNegative(strings.Fields(args)), " "); got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}
