package devices

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The newest records are looked through in steps: so many, then eight times as many, as long as it
// is worth while.
const (
	firstStep = 1_000
	lastStep  = 64_000
)

// matching finds records with the words that are asked for.
func (l *lookup) matching(ctx context.Context) error {
	for step := firstStep; ; step *= 8 {
		before := len(l.found)
		looked, err := l.walk(ctx, step)
		if err != nil || l.full || looked < step { // looked < step: that were all
			return err
		}
		// As frequent as the words are here, would the next step fill the page?
		hits, missing := len(l.found)-before, l.query.Limit-len(l.found)
		if step == lastStep || hits*8 < missing {
			return l.byIndex(ctx)
		}
	}
}

// walk looks at the words of so many records, and tells how many there were.
func (l *lookup) walk(ctx context.Context, step int) (looked int, err error) {
	args := l.args(step)
	args["words"], args["most"] = l.words, l.query.Limit+1-len(l.found)
	rows, err := l.ask(ctx, `
		WITH looked AS MATERIALIZED (
			SELECT received_at, id, words @@ @words::text::tsquery AS hit
			FROM (`+l.scope(`received_at, id, words`)+`) newest
		), hits AS (
			SELECT received_at, id FROM looked WHERE hit ORDER BY received_at DESC, id DESC LIMIT @most
		), oldest AS (
			SELECT received_at, id FROM looked ORDER BY received_at, id LIMIT 1
		)
		SELECT (SELECT count(*) FROM looked), coalesce((SELECT received_at FROM oldest), 'epoch'),
			coalesce((SELECT id FROM oldest), 0),
			ARRAY(SELECT received_at FROM hits), ARRAY(SELECT id FROM hits)`, args)
	if err != nil {
		return 0, err
	}
	var (
		oldest Mark
		times  []time.Time
		ids    []int64
	)
	if _, err := pgx.ForEachRow(rows, []any{&looked, &oldest.Received, &oldest.ID, &times, &ids},
		func() error { return nil }); err != nil {
		return 0, err
	}
	if looked > 0 {
		l.place = oldest
	}
	return looked, l.fetch(ctx, times, ids)
}

// fetch adds the records of these places to the page.
func (l *lookup) fetch(ctx context.Context, times []time.Time, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := l.ask(ctx, `SELECT `+logColumns+`
		FROM unnest(@times::timestamptz[], @ids::bigint[]) place (received_at, id)
		JOIN device_logs l USING (received_at, id)
			LEFT JOIN devices d ON d.id = l.device_id
		ORDER BY l.received_at DESC, l.id DESC`, pgx.NamedArgs{"times": times, "ids": ids})
	if err != nil {
		return err
	}
	return l.addRows(rows)
}

// byIndex asks the index of words of each day, the newest first: of one day, then of two, of four.
// It reads the places of all records of those days that have the words, and then the newest of
// these.
func (l *lookup) byIndex(ctx context.Context) error {
	// Only the index of words is left to PostgreSQL: the other ways read whole days. Conditions on
	// the time are written so that no index serves them.
	if _, err := l.tx.Exec(ctx, `SET LOCAL enable_seqscan = off`); err != nil {
		return err
	}
	rows, err := l.ask(ctx, listPartitions, nil)
	if err != nil {
		return err
	}
	days, err := collectPartitions(rows)
	if err != nil {
		return err
	}
	args := l.args(0)
	args["words"] = l.wordsOfDevices()
	days = l.asked(days, args)
	for together := 1; len(days) > 0 && !l.full; together *= 2 {
		some := days[:min(together, len(days))]
		days = days[len(some):]
		args["limit"] = l.query.Limit + 1 - len(l.found)
		if err := l.ofDays(ctx, some, args); err != nil {
			return err
		}
	}
	return nil
}

// asked are the days that the search asks for and has not looked through.
func (l *lookup) asked(days []partition, args pgx.NamedArgs) (asked []partition) {
	since, until, place := args["since"].(time.Time), args["until"].(time.Time), args["place"].(time.Time)
	for _, d := range days {
		if d.end.After(since) && d.begin.Before(until) && !d.begin.After(place) {
			asked = append(asked, d)
		}
	}
	return asked
}

// wordsOfDevices asks for the words and for one of the devices, which are words too.
func (l *lookup) wordsOfDevices() string {
	if l.devices == nil {
		return l.words
	}
	any := make([]string, len(l.devices))
	for i, id := range l.devices {
		any[i] = fmt.Sprintf("'device %d'", id)
	}
	return "(" + l.words + ") & (" + strings.Join(any, " | ") + ")"
}

func (l *lookup) ofDays(ctx context.Context, days []partition, args pgx.NamedArgs) error {
	selects := make([]string, len(days))
	for i, d := range days {
		selects[i] = `SELECT received_at, id FROM ` + pgx.Identifier{d.name}.Sanitize() + `
			WHERE words @@ @words::text::tsquery AND received_at + interval '0' >= @since
				AND received_at + interval '0' < @until
				AND (received_at + interval '0', id + 0) < (@place, @id)`
	}
	rows, err := l.ask(ctx, `WITH hits AS MATERIALIZED (`+strings.Join(selects, ` UNION ALL `)+`)
		SELECT received_at, id FROM hits ORDER BY received_at DESC, id DESC LIMIT @limit`, args)
	if err != nil {
		return err
	}
	var (
		times []time.Time
		ids   []int64
		m     Mark
	)
	_, err = pgx.ForEachRow(rows, []any{&m.Received, &m.ID}, func() error {
		times, ids = append(times, m.Received), append(ids, m.ID)
		return nil
	})
	if err != nil {
		return err
	}
	return l.fetch(ctx, times, ids)
}
