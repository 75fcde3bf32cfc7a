package devices

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Line is a log record as it is shown while it comes. Its texts are cut to a length.
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

// Glimpse is the newest of what has come since the last look.
type Glimpse struct {
	Lines []Line // the newest first
	More  int    // records that have come too, and are older than Lines
	Next  int64  // the id to go on from
}

// Glimpse returns the newest records, most at the most, of those with ids above after: of one device, or of all for 0. Their
// texts are cut to so many characters. A negative after begins now. It promises what [Store.Follow] promises, and counts what it
// does not show: so it keeps up with devices that say more than anybody can read.
func (s *Store) Glimpse(ctx context.Context, device ID, after int64, most, length int) (g Glimpse, err error) {
	horizon, err := s.horizon(ctx)
	if err != nil {
		return g, fmt.Errorf("look at device logs: %w", err)
	}
	if after < 0 || horizon <= after {
		return Glimpse{Next: max(horizon, after)}, nil
	}
	const came = ` FROM device_logs WHERE id > @after AND id <= @horizon AND (@device = 0 OR device_id = @device)`
	args := pgx.NamedArgs{"after": after, "horizon": horizon, "device": int64(device), "most": most, "length": length}
	rows, _ := s.pool.Query(ctx, `
		SELECT l.id, l.device_id, coalesce(d.name, ''), l.received_at, left(l.message, @length), coalesce(l.stamp::text, ''),
			coalesce(left(l.fields::text, @length), ''),
			length(l.message) > @length OR coalesce(length(l.fields::text) > @length, false)
		FROM (SELECT *`+came+` ORDER BY id DESC LIMIT @most) l LEFT JOIN devices d ON d.id = l.device_id
		ORDER BY l.id DESC`, planned, args)
	g.Lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Line, err error) {
		err = row.Scan(&l.ID, &l.Device, &l.Name, &l.Received, &l.Message, &l.Timestamp, &l.Fields, &l.Cut)
		l.Received = l.Received.UTC()
		return l, err
	})
	if err == nil && len(g.Lines) == most {
		rows, _ = s.pool.Query(ctx, `SELECT count(*)`+came, planned, args)
		g.More, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
		g.More = max(0, g.More-most) // Retention may have dropped some in between
	}
	if err != nil {
		return Glimpse{}, fmt.Errorf("look at device logs: %w", err)
	}
	g.Next = horizon
	return g, nil
}
