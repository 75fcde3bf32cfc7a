package devices

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Line is a log record as a live view shows it: long texts are cut.
type Line struct {
	ID        int64
	Device    ID
	Name      string // of the device
	Received  time.Time
	Message   string
	Timestamp string // JSON, as the device sent it; empty if it sent none
	Fields    string // JSON, which may be cut anywhere; empty if there are none
	Cut       bool   // Message or Fields were longer
}

// Tail is the newest records since the last poll.
type Tail struct {
	Lines   []Line // the newest first
	More    int    // records that are older than Lines and newer than the last poll
	AtLeast bool   // there are more than More: the gap was too long to count
	Next    int64  // the After of the next poll
}

// TailQuery says which records a poll returns.
type TailQuery struct {
	Device ID    // 0: all devices
	After  int64 // only records with a higher id; negative: none, the poll only returns Next
	Limit  int   // the most lines
	Length int   // characters of a message and of the fields; what is longer is cut
}

// tailGap is how many ids a poll looks back at most. A view that falls further behind skips
// records.
const tailGap = 100_000

// Tail polls for new records. Like [Store.Follow] it omits no record because another one with a
// higher id was committed earlier. Unlike Follow it returns only the newest and counts the rest, so
// a live view keeps up with devices that log more than anybody can read.
func (s *Store) Tail(ctx context.Context, q TailQuery) (t Tail, err error) {
	horizon, err := s.horizon(ctx)
	if err != nil {
		return t, fmt.Errorf("tail device logs: %w", err)
	}
	if q.After < 0 || horizon <= q.After {
		return Tail{Next: max(horizon, q.After)}, nil
	}
	after := max(q.After, horizon-tailGap)
	const since = ` FROM device_logs WHERE id > @after AND id <= @horizon AND (@device = 0 OR device_id = @device)`
	args := pgx.NamedArgs{
		"after": after, "horizon": horizon, "device": int64(q.Device), "limit": q.Limit, "length": q.Length,
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT l.id, l.device_id, coalesce(d.name, ''), l.received_at, left(l.message, @length),
			coalesce(l.stamp::text, ''), coalesce(left(l.fields::text, @length), ''),
			length(l.message) > @length OR coalesce(length(l.fields::text) > @length, false)
		FROM (SELECT *`+since+` ORDER BY id DESC LIMIT @limit) l LEFT JOIN devices d ON d.id = l.device_id
		ORDER BY l.id DESC`, planned, args)
	t.Lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Line, err error) {
		err = row.Scan(&l.ID, &l.Device, &l.Name, &l.Received, &l.Message, &l.Timestamp, &l.Fields, &l.Cut)
		l.Received = l.Received.UTC()
		return l, err
	})
	if err == nil && len(t.Lines) == q.Limit {
		rows, _ = s.pool.Query(ctx, `SELECT count(*)`+since, planned, args)
		t.More, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
		t.More = max(0, t.More-q.Limit) // Retention may have dropped some since the first query
	}
	if err != nil {
		return Tail{}, fmt.Errorf("tail device logs: %w", err)
	}
	t.AtLeast, t.Next = after > q.After, horizon
	return t, nil
}
