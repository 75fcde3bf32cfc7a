package devices

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Bounds of searches.
const (
	defaultPage  = 100
	maxText      = 1000            // bytes of the text of a search
	maxPageBytes = 1 << 20         // of the records of a page: after that the page ends, with one record at least
	searchWithin = 5 * time.Second // of the database's time
	mostSearches = 2               // at a time: searches leave connections for devices and pages
)

// Search returns a page of log records, the newest first. The error is ErrNoSuchDevice,
// ErrBadQuery, ErrNoWords, ErrSearchTooLong, or the database's.
func (s *Store) Search(ctx context.Context, q Query) (Page, error) {
	if err := q.check(); err != nil {
		return Page{}, err
	}
	if q.Text != "" { // without a text, a search reads a page from an index
		select {
		case s.searches <- struct{}{}:
			defer func() { <-s.searches }()
		case <-ctx.Done():
			return Page{}, context.Cause(ctx)
		}
	}
	page, err := s.search(ctx, q)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == pgerrcode.UndefinedTable {
		page, err = s.search(ctx, q) // a day was dropped in between
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == pgerrcode.QueryCanceled && ctx.Err() == nil {
		err = ErrSearchTooLong
	}
	switch {
	case err == nil, errors.Is(err, ErrSearchTooLong), errors.Is(err, ErrNoSuchDevice), errors.Is(err, ErrNoWords):
		return page, err
	}
	return Page{}, fmt.Errorf("search device logs: %w", err)
}

// check bounds what came from elsewhere, and fills in what was left out.
func (q *Query) check() error {
	if q.Limit == 0 {
		q.Limit = defaultPage
	}
	if q.Limit < 1 || q.Limit > MaxPage || len(q.Text) > maxText {
		return ErrBadQuery
	}
	q.Text = strings.TrimSpace(separators.Replace(strings.ToValidUTF8(q.Text, "\ufffd")))
	return nil
}

// separators are what separates words in the column words too, and what PostgreSQL refuses in a
// text.
var separators = strings.NewReplacer("<", " ", ">", " ", "&", " ", "/", " ", "\x00", " ")

// search scans the newest records first, which is fast for frequent words. For the rest it asks the
// index of words, day by day, which is fast for rare words. PostgreSQL's own choice is fast only
// while its guess of how frequent the words are is good, and takes seconds otherwise.
func (s *Store) search(ctx context.Context, q Query) (page Page, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		l := &lookup{tx: tx, query: q, until: time.Now().Add(searchWithin), place: q.Before}
		if err := l.begin(ctx); err != nil {
			return err
		}
		if q.Text == "" {
			err = l.newest(ctx)
		} else {
			err = l.matching(ctx)
		}
		page = l.page()
		return err
	})
	return page, err
}

// lookup is one search while it runs.
type lookup struct {
	tx      pgx.Tx
	query   Query
	until   time.Time
	devices []ID // that are asked for; nil for all
	words   string
	place   Mark // what comes before it in the order of pages is looked through
	found   []Logged
	bytes   int
	full    bool // the page is, or would be by one record more
}

// begin finds the devices that are asked for, and what the text asks for.
func (l *lookup) begin(ctx context.Context) error {
	switch {
	case l.query.ID != 0:
		l.devices = []ID{l.query.ID}
	case l.query.Device != "":
		rows, err := l.ask(ctx, `SELECT id FROM devices WHERE name = @name`, pgx.NamedArgs{
			"name": storableName(l.query.Device),
		})
		if err != nil {
			return err
		}
		if l.devices, err = pgx.CollectRows(rows, pgx.RowTo[ID]); err != nil {
			return err
		}
		if len(l.devices) == 0 {
			return ErrNoSuchDevice
		}
	}
	if l.query.Text == "" {
		return nil
	}
	rows, err := l.ask(ctx, `SELECT websearch_to_tsquery('simple', @text)::text`, pgx.NamedArgs{"text": l.query.Text})
	if err != nil {
		return err
	}
	if l.words, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string]); err == nil && l.words == "" {
		err = ErrNoWords
	}
	return err
}

// ask runs a statement that has what is left of the time.
func (l *lookup) ask(ctx context.Context, sql string, args pgx.NamedArgs) (pgx.Rows, error) {
	left := time.Until(l.until).Milliseconds()
	if left <= 0 {
		return nil, ErrSearchTooLong
	}
	if _, err := l.tx.Exec(ctx, fmt.Sprintf(`SET LOCAL statement_timeout = %d`, left)); err != nil {
		return nil, err
	}
	return l.tx.Query(ctx, sql, planned, args)
}

// logColumns are what take scans; l is a record, d its device.
const logColumns = `l.id, l.device_id, coalesce(d.name, ''), l.received_at, l.message, l.stamp, l.fields`

// newest finds records without looking at their words.
func (l *lookup) newest(ctx context.Context) error {
	rows, err := l.ask(ctx, `SELECT `+logColumns+`
		FROM (`+l.scope(`id, device_id, received_at, message, stamp, fields`)+`) l
		LEFT JOIN devices d ON d.id = l.device_id ORDER BY l.received_at DESC, l.id DESC`, l.args(l.query.Limit+1))
	if err != nil {
		return err
	}
	return l.addRows(rows)
}

// scope selects the newest records that are asked for, whatever their words are. Each device has an
// index in this order.
func (l *lookup) scope(columns string) string {
	const (
		within = ` received_at >= @since AND received_at < @until AND received_at <= @place
			AND (received_at, id) < (@place, @id)`
		first = ` ORDER BY received_at DESC, id DESC LIMIT @limit`
	)
	if l.devices == nil {
		return `SELECT ` + columns + ` FROM device_logs WHERE ` + within + first
	}
	return `SELECT ` + columns + ` FROM unnest(@devices::bigint[]) named CROSS JOIN LATERAL (
		SELECT ` + columns + ` FROM device_logs WHERE device_id = named AND ` + within + first + `) newest ` + first
}

// args are the parameters of scope.
func (l *lookup) args(limit int) pgx.NamedArgs {
	since, until, place := l.query.Since, l.query.Until, l.place
	if since.IsZero() {
		since = earliest
	}
	if until.IsZero() {
		until = latest
	}
	if place == (Mark{}) {
		place.Received = latest
	}
	return pgx.NamedArgs{
		"since": since, "until": until, "place": place.Received, "id": place.ID, "devices": l.devices, "limit": limit,
	}
}

// The bounds of times that a search may ask for.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// addRows adds records to the page until that is full.
func (l *lookup) addRows(rows pgx.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var r Logged
		if err := rows.Scan(&r.ID, &r.Device, &r.Name, &r.Received, &r.Message, &r.Timestamp, &r.Fields); err != nil {
			return err
		}
		r.Received = r.Received.UTC()
		if l.bytes += len(r.Message) + len(r.Timestamp) + len(r.Fields); len(l.found) == l.query.Limit ||
			len(l.found) > 0 && l.bytes > maxPageBytes {
			l.full = true
			return nil
		}
		l.found = append(l.found, r)
	}
	return rows.Err()
}

// page is what was found.
func (l *lookup) page() Page {
	p := Page{Records: slices.Clip(l.found)}
	if l.full {
		last := p.Records[len(p.Records)-1]
		p.Older = Mark{last.Received, last.ID}
	}
	return p
}
