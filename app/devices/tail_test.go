package devices_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sneakers23/app/devices"
)

// TestTail returns the newest records since the last poll, and counts the rest.
func TestTail(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	ctx := eventually(t)
	tail := func(device devices.ID, after int64, limit int) (string, devices.Tail) {
		t.Helper()
		g, err := s.Tail(ctx, devices.TailQuery{Device: device, After: after, Limit: limit, Length: 5})
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, l := range g.Lines {
			texts = append(texts, l.Name+" "+l.Message)
		}
		return fmt.Sprintf("%s +%d", strings.Join(texts, ", "), g.More), g
	}
	if got, g := tail(0, -1, 10); got != " +0" || g.Next != 0 {
		t.Errorf("where nothing was ever said: %s, next %d", got, g.Next)
	}
	w := startWriter(t, pool, spoolFile(t), nil)
	write := func(id devices.ID, records ...devices.Record) {
		t.Helper()
		before := rowsOf(t, pool, "true")
		if err := w.Write(ctx, id, records); err != nil {
			t.Fatal(err)
		}
		untilRows(t, pool, before+len(records))
	}
	write(1, messages("before")...)
	got, g := tail(0, -1, 10)
	if got != " +0" || g.Next != 1 {
		t.Errorf("from now on: %s, next %d", got, g.Next)
	}
	write(2, messages("a", "b")...)
	write(1, messages("c")...)
	write(3, messages("d")...)
	for _, tt := range []struct {
		device devices.ID
		limit  int
		want   string
	}{
		{0, 10, "three d, one c, two b, two a +0"},
		{0, 4, "three d, one c, two b, two a +0"},
		{0, 3, "three d, one c, two b +1"},
		{2, 1, "two b +1"},
		{1, 1, "one c +0"},
		{4711, 3, " +0"},
	} {
		if got, now := tail(tt.device, g.Next, tt.limit); got != tt.want || now.Next != 5 {
			t.Errorf("%d of device %d: %s, next %d, want %s, next 5", tt.limit, tt.device, got, now.Next, tt.want)
		}
	}
	if got, now := tail(0, 5, 10); got != " +0" || now.Next != 5 {
		t.Errorf("when nothing has come: %s, next %d", got, now.Next)
	}
	if _, err := pool.Exec(ctx, `SELECT setval('device_log_ids', 200000)`); err != nil {
		t.Fatal(err)
	}
	write(1, messages("e")...)
	if got, now := tail(0, 1, 10); got != "one e +0" || now.Next != 200_001 || !now.AtLeast {
		t.Errorf("after a long gap: %s, next %d, at least %v", got, now.Next, now.AtLeast)
	}
	if got, now := tail(0, 150_000, 10); got != "one e +0" || now.AtLeast {
		t.Errorf("after a gap that is counted: %s, at least %v", got, now.AtLeast)
	}
	write(1, devices.Record{Message: "äöüß€", Timestamp: json.RawMessage(`"noon"`)},
		devices.Record{Message: "äöüß€!", Fields: json.RawMessage(`{"a":1}`)})
	if _, now := tail(0, 200_001, 10); len(now.Lines) != 2 || now.Lines[0].Message != "äöüß€" ||
		now.Lines[0].Fields != `{"a":` || !now.Lines[0].Cut ||
		now.Lines[1].Timestamp != `"noon"` || now.Lines[1].Fields != "" || now.Lines[1].Cut {
		t.Errorf("texts are cut: %+v", now.Lines)
	}
}

// TestPage lists devices by name.
func TestPage(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ctx := eventually(t)
	ids := make(map[string]devices.ID)
	for _, name := range []string{"Till 2", "kiosk 1", "kiosk 2", "Kiosk 2", "100%", "gone", "gone"} {
		d, _ := add(t, s, name)
		ids[name] = d.ID
		if name == "gone" {
			if _, err := s.Revoke(ctx, d.ID, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	here := []devices.ID{ids["Till 2"], ids["kiosk 2"], ids["gone"]}
	for _, tt := range []struct {
		devices.Listing
		want string
	}{
		{devices.Listing{Limit: 5}, "100%,kiosk 1,kiosk 2,Kiosk 2,Till 2"},
		{devices.Listing{Limit: 3}, "100%,kiosk 1,kiosk 2;Kiosk 2,Till 2"},
		{devices.Listing{Limit: 1}, "100%;kiosk 1;kiosk 2;Kiosk 2;Till 2"},
		{devices.Listing{Limit: 9, Text: "I"}, "kiosk 1,kiosk 2,Kiosk 2,Till 2"},
		{devices.Listing{Limit: 9, Text: "%"}, "100%"},
		{devices.Listing{Limit: 9, Text: "\x00\xff"}, ""},
		{devices.Listing{Limit: 9, Which: devices.WhichConnected, Connected: here}, "kiosk 2,Till 2"},
		{devices.Listing{Limit: 9, Which: devices.WhichConnected}, ""},
		{devices.Listing{Limit: 9, Which: devices.WhichAway, Connected: here}, "100%,kiosk 1,Kiosk 2"},
		{devices.Listing{Limit: 9, Which: devices.WhichAway}, "100%,kiosk 1,kiosk 2,Kiosk 2,Till 2"},
		{devices.Listing{Limit: 1, Which: devices.WhichRevoked, Connected: here}, "gone;gone"},
	} {
		var all []string
		for l := tt.Listing; ; {
			page, err := s.Page(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, d := range page.Devices {
				names = append(names, d.Name)
			}
			all = append(all, strings.Join(names, ","))
			if l.After = page.Next; page.Next == (devices.Cursor{}) {
				break
			}
		}
		if got := strings.Join(all, ";"); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.Listing, got, tt.want)
		}
	}
	for _, bad := range []devices.Listing{
		{}, {Limit: devices.MaxPage + 1}, {Limit: 1, Which: "all"}, {Limit: 1, Text: strings.Repeat("a", 1001)},
	} {
		if _, err := s.Page(ctx, bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if n, err := s.Count(ctx); n != 5 || err != nil {
		t.Errorf("count: %d, %v", n, err)
	}
}
