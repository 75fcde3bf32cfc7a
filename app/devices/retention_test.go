package devices_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
)

// TestRetention drops days that ended too long ago, at one of the nodes, and goes on where another
// one was interrupted.
func TestRetention(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	ctx := eventually(t)
	fill(t, pool, 1200)
	now := firstDay.AddDate(0, 0, 3).Add(time.Minute)
	retain := func(days int, now time.Time) *devices.Retention {
		return devices.NewRetention(devices.RetentionConfig{
			Pool: pool, Days: days, Log: quiet, Now: func() time.Time { return now },
		})
	}
	drop := func(days int, now time.Time, want string) {
		t.Helper()
		var wg sync.WaitGroup
		for range 3 { // nodes
			wg.Go(func() {
				if err := retain(days, now).Drop(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := tables(t, pool); got != want {
			t.Errorf("%d days before %v: %s, want %s", days, now, got, want)
		}
	}
	drop(3, now, "27 28 29 01")
	drop(2, now, "28 29 01")
	if n := rowsOf(t, pool, "true"); n != 900 {
		t.Errorf("%d rows are left", n)
	}
	if _, err := pool.Exec(ctx, `ALTER TABLE device_logs DETACH PARTITION device_logs_20280228`); err != nil {
		t.Fatal(err) // and killed before it was dropped
	}
	drop(1, now.Add(-time.Minute-1), "28 29 01") // a nanosecond before midnight it is the day before
	drop(1, now, "29 01")
	interruptDetach(t, pool, "device_logs_20280229")
	if page, err := s.Search(ctx, devices.Query{Text: "sale"}); err != nil || len(page.Records) != 100 {
		t.Errorf("search beside a day that is half detached: %d, %v", len(page.Records), err)
	}
	drop(1, now.AddDate(0, 0, 1), "01")
	drop(1, now.AddDate(0, 0, 2), "")
}

// tables lists the days of all tables of logs, attached or not.
func tables(t testing.TB, pool *pgxpool.Pool) (days string) {
	t.Helper()
	err := pool.QueryRow(context.WithoutCancel(t.Context()), `SELECT coalesce(string_agg(right(relname, 2), ' '
		ORDER BY relname), '') FROM pg_class
		WHERE relkind = 'r' AND relname LIKE 'device\_logs\_2%'
		AND relnamespace = current_schema()::regnamespace`).Scan(&days)
	if err != nil {
		t.Fatal(err)
	}
	return days
}

// interruptDetach begins to detach a partition as Retention does, and ends that while it waits for
// a reader.
func interruptDetach(t testing.TB, pool *pgxpool.Pool, name string) {
	t.Helper()
	ctx := eventually(t)
	reader, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Rollback(ctx) }()
	if _, err := reader.Exec(ctx, `SELECT count(*) FROM device_logs`); err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SET statement_timeout = '300ms'`); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, `ALTER TABLE device_logs DETACH PARTITION `+name+` CONCURRENTLY`)
	if err == nil {
		t.Fatal("a partition was detached while it was read")
	}
	var pending int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM pg_inherits WHERE inhdetachpending
		AND inhparent = 'device_logs'::regclass`).Scan(&pending); err != nil || pending != 1 {
		t.Fatalf("%d are half detached, %v", pending, err)
	}
	if _, err := conn.Exec(ctx, `RESET statement_timeout`); err != nil {
		t.Fatal(err)
	}
}

// TestRetentionWaitsForNobody drops a day while another one is read and written: those do not wait
// for it, though it waits for them.
func TestRetentionWaitsForNobody(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	ctx := eventually(t)
	fill(t, pool, 1200)
	reader, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec(ctx, `SELECT count(*) FROM device_logs`); err != nil {
		t.Fatal(err)
	}
	dropped := make(chan error, 1) // buffer 1: the test reads it later
	go func() {
		dropped <- devices.NewRetention(devices.RetentionConfig{
			Pool: pool, Days: 1, Log: quiet, Now: func() time.Time { return firstDay.AddDate(0, 0, 2) },
		}).Drop(ctx)
	}()
	waittest.Until(t, "the day is half detached", func() bool {
		var pending int
		err := pool.QueryRow(ctx, `SELECT count(*) FROM pg_inherits WHERE inhdetachpending
			AND inhparent = 'device_logs'::regclass`).Scan(&pending)
		return err == nil && pending == 1
	})
	if n := rowsOf(t, pool, "true"); n != 900 {
		t.Errorf("another reader sees %d rows", n)
	}
	if _, err := pool.Exec(ctx, `INSERT INTO device_logs (device_id, received_at, message)
		VALUES (1, '2028-02-28 12:00+00', 'x')`); err != nil {
		t.Error(err)
	}
	select {
	case err := <-dropped:
		t.Errorf("the day was dropped while it was read: %v", err)
	default:
	}
	if err := reader.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := waittest.Receive(t, "the drop", dropped); err != nil {
		t.Error(err)
	}
	if got := tables(t, pool); got != "28 29 01" {
		t.Errorf("the tables are %s", got)
	}
}
