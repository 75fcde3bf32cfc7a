package devices

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// overlap is how far a sweep looks back behind the one before it: what was written before that one
// may have been committed after it. Transactions that revoke a device or want variables are ended
// by the timeouts of their session long before that.
const overlap = 30 * time.Second

// Sweep finds what has changed for connections that are verified already: other nodes revoke
// devices and change variables. It reports each change at least once, and seldom twice. One
// goroutine calls Next, about once a second.
type Sweep struct {
	store   *Store
	since   time.Time        // the database's clock at the last sweep
	restore int64            // the number of the last restore
	revoked map[ID]time.Time // reported before; those that are still in the overlap
	wanted  map[ID]int64     // the revision that was reported last, in the overlap
}

// NewSweep makes a sweep that begins now. Its first call may report what was a moment before.
func (s *Store) NewSweep() *Sweep { return &Sweep{store: s} }

// Next returns what has changed since the last call that had no error.
func (s *Sweep) Next(ctx context.Context) (Changes, error) {
	var (
		now     time.Time
		restore int64
		revoked = make(map[ID]time.Time)
		wanted  = make(map[ID]int64)
		id      ID
		at      time.Time
		number  int64
		b       pgx.Batch
	)
	b.Queue(`SELECT clock_timestamp(), (SELECT coalesce(max(id), 0) FROM restores)`).QueryRow(func(row pgx.Row) error {
		return row.Scan(&now, &restore)
	})
	// A clock that was set back, or that of another server, must not hide what is written after
	// that.
	const from = ` > least(coalesce($1, clock_timestamp()), clock_timestamp()) - $2::interval`
	since := &s.since
	if s.since.IsZero() {
		since = nil
	}
	b.Queue(`SELECT id, revoked_at FROM devices WHERE revoked_at`+from, since,
		overlap).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error { revoked[id] = at; return nil })
		return err
	})
	b.Queue(`SELECT device_id, max(revision) FROM device_wants WHERE wanted_at`+from+` GROUP BY device_id`, since,
		overlap).
		Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&id, &number}, func() error { wanted[id] = number; return nil })
			return err
		})
	if err := s.store.pool.SendBatch(ctx, &b).Close(); err != nil {
		return Changes{}, fmt.Errorf("look for changes of devices: %w", err)
	}
	changes := s.news(revoked, wanted)
	changes.Check = !s.since.IsZero() && restore != s.restore
	s.since, s.restore, s.revoked, s.wanted = now, restore, revoked, wanted
	return changes, nil
}

// news returns what was not reported by the call before.
func (s *Sweep) news(revoked map[ID]time.Time, wanted map[ID]int64) (c Changes) {
	for id := range revoked {
		if _, known := s.revoked[id]; !known {
			c.Revoked = append(c.Revoked, id)
		}
	}
	for id, revision := range wanted {
		if revision > s.wanted[id] {
			c.Wanted = append(c.Wanted, id)
		}
	}
	return c
}
