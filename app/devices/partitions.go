package devices

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A partition of device_logs holds what was received in a day of UTC. See
// migrations/00006_devices.sql.
type partition struct {
	name       string
	begin, end time.Time
}

const partitionPrefix = "device_logs_"

// listPartitions lists the partitions that can be read.
const listPartitions = `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
	WHERE i.inhparent = 'device_logs'::regclass AND NOT i.inhdetachpending`

// collectPartitions reads the names, the newest day first. Partitions made by hand are left out.
func collectPartitions(rows pgx.Rows) ([]partition, error) {
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var all []partition
	for _, name := range names {
		digits, ok := strings.CutPrefix(name, partitionPrefix)
		day, err := time.Parse("20060102", digits)
		if ok && err == nil {
			all = append(all, partition{name, day, day.AddDate(0, 0, 1)})
		}
	}
	slices.SortFunc(all, func(a, b partition) int { return b.begin.Compare(a.begin) })
	return all, nil
}

// dayOf is the day of UTC in which a time is.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// makeDays makes the partitions of these days, unless they are there.
func makeDays(ctx context.Context, db interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, days ...time.Time,
) error {
	var made int
	return db.QueryRow(ctx, `SELECT count(make_device_log_day(day)) FROM unnest($1::date[]) day`, days).Scan(&made)
}
