package devices_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/app/devices"
)

// TestMidnight writes on both sides of it: each record is in the partition of its day, and the next
// day's is made before it begins.
func TestMidnight(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	d, _ := add(t, s, "kiosk")
	clock := new(atomic.Int64)
	at := func(text string) {
		when, err := time.Parse("2006-01-02 15:04:05.999999", text)
		if err != nil {
			t.Fatal(err)
		}
		clock.Store(when.UnixNano())
	}
	w := startWriter(t, pool, spoolFile(t), func() time.Time { return time.Unix(0, clock.Load()) })
	ctx := eventually(t)
	utc, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer utc.Release()
	if _, err := utc.Exec(ctx, `SET TIME ZONE 'UTC'`); err != nil {
		t.Fatal(err)
	}
	partitions := func() (list string) {
		t.Helper()
		err := utc.QueryRow(ctx, `SELECT coalesce(string_agg(
				inhrelid::regclass || ' ' || pg_get_expr(relpartbound, oid), E'\n' ORDER BY relname), '')
			FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'device_logs'::regclass`).Scan(&list)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	days := func(days ...string) string {
		lines := make([]string, len(days))
		for i, day := range days {
			begin, _ := time.Parse("20060102", day)
			lines[i] = fmt.Sprintf("device_logs_%s FOR VALUES FROM ('%s 00:00:00+00') TO ('%s 00:00:00+00')", day,
				begin.Format("2006-01-02"), begin.AddDate(0, 0, 1).Format("2006-01-02"))
		}
		return strings.Join(lines, "\n")
	}
	written := 0
	for _, step := range []struct{ at, partitions string }{
		{"2028-02-28 12:00:00", days("20280228")},
		{"2028-02-28 22:59:59.999999", days("20280228")},
		{"2028-02-28 23:00:00", days("20280228", "20280229")},
		{"2028-02-28 23:59:59.999999", days("20280228", "20280229")},
		{"2028-02-29 00:00:00", days("20280228", "20280229")},
		{"2028-12-31 23:30:00", days("20280228", "20280229", "20281231", "20290101")},
	} {
		at(step.at)
		written++
		if err := w.Write(ctx, d.ID, messages(step.at)); err != nil {
			t.Fatal(err)
		}
		untilRows(t, pool, written)
		if got := partitions(); got != step.partitions {
			t.Errorf("%s: the partitions are\n%s\nwant\n%s", step.at, got, step.partitions)
		}
	}
	const right = `tableoid::regclass::text = 'device_logs_' || substring(replace(message, '-', ''), 1, 8)`
	if n := rowsOf(t, pool, right); n != written {
		t.Errorf("%d of %d are in the partition of their day", n, written)
	}
	page, err := s.Search(ctx, devices.Query{
		Since: time.Date(2028, 2, 28, 23, 59, 0, 0, time.UTC), Until: time.Date(2028, 2, 29, 0, 0, 1, 0, time.UTC),
	})
	if err != nil || len(page.Records) != 2 || page.Records[0].Message != "2028-02-29 00:00:00" {
		t.Errorf("around midnight: %+v, %v", page, err)
	}
}

// TestPartitionsAreMadeAtOnce lets many writers need the same days at once.
func TestPartitionsAreMadeAtOnce(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	ctx := eventually(t)
	var wg sync.WaitGroup
	for n := range 8 {
		w := startWriter(t, pool, spoolFile(t), func() time.Time {
			return time.Date(2030, 1, 1+n%2, 23, 30, 0, n, time.UTC)
		})
		wg.Go(func() {
			if err := w.Write(ctx, 1, messages("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	untilRows(t, pool, 8)
}

// TestDroppedDayIsMadeAgain writes into a day whose partition was dropped behind the writer's back.
func TestDroppedDayIsMadeAgain(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	w := startWriter(t, pool, spoolFile(t), func() time.Time { return time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) })
	ctx := eventually(t)
	for range 3 {
		if err := w.Write(ctx, 1, messages("x")); err != nil {
			t.Fatal(err)
		}
		untilRows(t, pool, 1)
		if _, err := pool.Exec(ctx, `DROP TABLE device_logs_20300101`); err != nil {
			t.Fatal(err)
		}
	}
}
