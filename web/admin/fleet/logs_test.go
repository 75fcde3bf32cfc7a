package fleet

import (
	"strings"
	"testing"
	"time"

	"sneakers23/app/devices"
)

// TestLongGap marks a gap that is too long to count.
func TestLongGap(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		c := r.join(0)
		receive[logsEvent](t, c, "logs")
		r.set(func() { r.gap = true })
		if e := receive[logsEvent](t, c, "logs"); !e.AtLeast || e.Whole || len(e.Lines) > 0 {
			t.Errorf("%+v", e)
		}
	})
}

// TestPageIsShownLogs tells what comes four times a second at the most, and how much it leaves out.
func TestPageIsShownLogs(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.addLogs(1, "a", "b")
		r.addLogs(2, "c")
		all, one := r.join(0), r.join(1)
		if got := receive[logsEvent](t, all, "logs").String(); got != "0 true c,b,a +0" {
			t.Errorf("the first lines: %s", got)
		}
		if got := receive[logsEvent](t, one, "logs").String(); got != "1 true b,a +0" {
			t.Errorf("the first lines of one device: %s", got)
		}
		r.addLogs(1, "d", "e")
		r.addLogs(2, "f", strings.Repeat("g", 501))
		e := receive[logsEvent](t, all, "logs")
		if got := e.String(); got != "0 false "+strings.Repeat("g", 500)+",f,e,d +0" || !e.Lines[0].Cut ||
			e.Lines[1].Cut {
			t.Errorf("what comes: %s", got)
		}
		if got := receive[logsEvent](t, one, "logs").String(); got != "1 false e,d +0" {
			t.Errorf("what comes of one device: %s", got)
		}
		time.Sleep(5 * checkEvery)
		all.RefutePush("logs")

		began, lines, events := time.Now(), 0, 0
		for range 100 {
			for range 50 {
				r.addLogs(2, strings.Repeat("\x01", 450))
			}
			time.Sleep(20 * time.Millisecond)
		}
		for lines < 5000 {
			data := all.Receive("logs")
			var e logsEvent
			decode(t, data, &e)
			if len(data) > 60<<10 {
				t.Errorf("an event has %d bytes", len(data))
			}
			lines += len(e.Lines) + e.More
			events++
		}
		if most := int(time.Since(began)/pollEvery) + 1; lines != 5000 || events > most {
			t.Errorf("%d lines in %d events, want 5,000 in %d at most", lines, events, most)
		}
		one.RefutePush("logs")

		all.Push("show", choice{1}).AssertOK(nil)
		if got := receive[logsEvent](t, all, "logs").String(); got != "1 true e,d,b,a +0" {
			t.Errorf("when one device is chosen: %s", got)
		}
	})
}

// TestSearch passes on what is asked for.
func TestSearch(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.addLogs(1, "a card", strings.Repeat("b", 10_000)+" card", "c")
		r.addLogs(2, "d card")
		c := r.join(0)
		a, why := ask[searchAnswer](t, c, "search", searchRequest{
			Device: 1, Text: "card", Seconds: 3600, Before: "2026-05-02T10:00:00Z/7",
		})
		if len(a.Lines) != 2 || len(a.Lines[0].Message) != 10_005 || a.Lines[0].Cut || why != "" {
			t.Errorf("found: %+v, %s", a, why)
		}
		var q devices.Query
		searched := func() devices.Query {
			r.set(func() { q = r.searched })
			return q
		}
		searched()
		if q.ID != 1 || q.Text != "card" || time.Since(q.Since) > time.Hour+time.Minute ||
			time.Since(q.Since) < time.Hour || q.Before.ID != 7 || q.Limit != 50 {
			t.Errorf("the store was asked for %+v", q)
		}
		for seconds, want := range map[int64]time.Time{
			-1: {}, 0: {}, 1 << 62: time.Now().Add(-maxSeconds * time.Second).Truncate(time.Hour),
		} {
			if _, why := ask[searchAnswer](t, c, "search", searchRequest{Seconds: seconds}); why != "" ||
				!searched().Since.Truncate(time.Hour).Equal(want) {
				t.Errorf("%d seconds: since %v, %s", seconds, q.Since, why)
			}
		}
		if _, why := ask[searchAnswer](t, c, "search", searchRequest{Before: "yesterday"}); !strings.HasPrefix(why,
			"This search is not possible") {
			t.Errorf("a bad place: %s", why)
		}
	})
}
