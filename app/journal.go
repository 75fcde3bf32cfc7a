package app

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/web/admin"
)

// journal is what has happened in the shop, in the table events. The database writes there what
// happens to shoes; nodes write what happens to them. Its methods may be called from any goroutine.
type journal struct{ pool *pgxpool.Pool }

// Recent returns the newest records, those first.
func (j journal) Recent(ctx context.Context, most int) ([]admin.Record, error) {
	rows, _ := j.pool.Query(ctx, `
		SELECT at, kind, subject, pairs, again, due, coalesce(who, ''), coalesce(why, ''), coalesce(run, '')
		FROM events ORDER BY at DESC, id DESC LIMIT $1`, most)
	records, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r admin.Record, err error) {
		var due *time.Time
		err = row.Scan(&r.At, &r.Kind, &r.Subject, &r.Pairs, &r.Again, &due, &r.Who, &r.Why, &r.Run)
		if due != nil {
			r.Due = *due
		}
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return records, nil
}

// Bounds on the events that strangers can cause.
const (
	mostRecords  = 100_000
	proxiesADay  = 3
	journalsLock = 0x736e6b7273 // an advisory lock: no two nodes write the same at once
)

// Note adds a record of a node, if it says more than the journal: the arrival of a node that is
// here is no news, and neither is another proxy on a day that has told of some. The oldest records
// go when there are very many.
func (j journal) Note(ctx context.Context, r admin.Record) error {
	err := pgx.BeginFunc(ctx, j.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(journalsLock)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO events (at, kind, subject, pairs, again, due, who, why, run)
			SELECT $1, $2, $3, $4, $5, $6, nullif($7, ''), nullif($8, ''), nullif($9, '')
			WHERE CASE
				WHEN $2 IN ('node_here', 'node_gone') THEN $2 IS DISTINCT FROM (
					SELECT kind FROM events WHERE run = $9 AND kind IN ('node_here', 'node_gone')
					ORDER BY id DESC LIMIT 1)
				WHEN $2 = 'proxy' THEN $10 > (
					SELECT count(*) + $10 * count(*) FILTER (WHERE subject = $3) FROM events WHERE kind = 'proxy'
						AND at > now() - interval '1 day')
				ELSE NOT EXISTS (SELECT FROM events WHERE run = $9 AND kind = $2 AND at = $1) -- whose answer was lost
			END`,
			r.At, r.Kind, r.Subject, r.Pairs, r.Again, due(r), r.Who, r.Why, r.Run, proxiesADay)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - $1`, mostRecords)
		return err
	})
	if err != nil {
		return fmt.Errorf("note event %s: %w", r.Kind, err)
	}
	return nil
}

func due(r admin.Record) *time.Time {
	if r.Due.IsZero() {
		return nil
	}
	return &r.Due
}
