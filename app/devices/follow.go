package devices

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
)

// followStep is the most records that one call of Follow looks at.
const followStep = 5_000

// writersLock is the first key of the advisory locks that writers hold, shared, while they write:
// the second key is the lower 31 bits of the last id that was given before they drew theirs. So a
// follower knows below which id nothing more will come.
const writersLock = `hashtext('sneakers23 device_logs in ' || current_schema())`

// Followed is what has come since the last look.
type Followed struct {
	Records []Logged // oldest first
	Next    int64    // the id to go on from
	More    bool     // there may be more already
}

// Follow returns the records with ids above after that match the device and the text of a query. A
// negative after begins now. No record is left out because another one with a higher id was
// committed earlier: Follow waits until all lower ids are written or given up. Only what was in
// doubt when a connection broke, or was in a spool file, may come with an id that has been passed.
// Times and Before of the query are ignored.
func (s *Store) Follow(ctx context.Context, q Query, after int64) (f Followed, err error) {
	if err := q.check(); err != nil {
		return f, err
	}
	horizon, err := s.horizon(ctx)
	if err != nil {
		return f, fmt.Errorf("follow device logs: %w", err)
	}
	if after < 0 || horizon <= after {
		return Followed{Next: max(horizon, after)}, nil
	}
	// All records are looked at in the order of their ids, so that no plan of PostgreSQL's is slow.
	const words = `l.words @@ websearch_to_tsquery('simple', @text)`
	rows, err := s.pool.Query(ctx, `
		SELECT `+logColumns+`, (@device = '' OR d.name = @device) AND (@text = '' OR `+words+`)
		FROM (SELECT * FROM device_logs WHERE id > @after AND id <= @horizon ORDER BY id LIMIT @step) l
			LEFT JOIN devices d ON d.id = l.device_id
		ORDER BY l.id`, planned, pgx.NamedArgs{
		"device": q.Device, "text": q.Text, "after": after, "horizon": horizon, "step": followStep,
	})
	if err == nil {
		err = f.collect(rows, q.Limit, horizon)
	}
	if err != nil {
		return Followed{}, fmt.Errorf("follow device logs: %w", err)
	}
	return f, nil
}

// collect takes records until the page is full.
func (f *Followed) collect(rows pgx.Rows, limit int, horizon int64) error {
	defer rows.Close()
	seen, bytes := 0, 0
	for rows.Next() {
		var (
			r   Logged
			hit bool
		)
		if err := rows.Scan(&r.ID, &r.Device, &r.Name, &r.Received, &r.Message, &r.Timestamp, &r.Fields,
			&hit); err != nil {
			return err
		}
		if hit {
			r.Received = r.Received.UTC()
			bytes += len(r.Message) + len(r.Timestamp) + len(r.Fields)
			if len(f.Records) == limit || len(f.Records) > 0 && bytes > maxPageBytes {
				f.More = true
				return nil
			}
			f.Records = append(f.Records, r)
		}
		f.Next = r.ID
		seen++
	}
	if f.More = seen == followStep; !f.More {
		f.Next = horizon
	}
	return rows.Err()
}

// horizon returns the highest id up to which all records that there will ever be are committed. It
// reads first which id was given last, and then the locks of writers. A writer that takes its lock
// later draws higher ids. One that has given its lock back has committed, and a statement after
// this one sees its records.
func (s *Store) horizon(ctx context.Context) (id int64, err error) {
	var (
		b       pgx.Batch
		last    int64
		holders []int64
	)
	b.Queue(`SELECT ` + lastID + ` FROM device_log_ids`).QueryRow(func(row pgx.Row) error { return row.Scan(&last) })
	b.Queue(`
		SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
			AND classid::bigint = ` + writersLock + `::bigint & 4294967295`).Query(func(rows pgx.Rows) (err error) {
		holders, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err := s.pool.SendBatch(ctx, &b).Close(); err != nil {
		return 0, err
	}
	return below(last, holders), nil
}

// lastID is the id that device_log_ids has given last.
const lastID = `last_value - CASE WHEN is_called THEN 0 ELSE 1 END`

// below returns the lowest of last and the ids at which holders began, of which the 31 lower bits
// are known.
func below(last int64, holders []int64) int64 {
	lowest := last
	for _, h := range holders {
		behind := (last - h) & math.MaxInt32
		if behind < 1<<30 { // else it began after last was read
			lowest = min(lowest, last-behind)
		}
	}
	return lowest
}
