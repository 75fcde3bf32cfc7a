package devices_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/devices"
)

// firstDay is when the logs of fill begin.
var firstDay = time.Date(2028, 2, 27, 0, 0, 0, 0, time.UTC)

// fill writes so many records evenly over four days, of three devices by turns. Ids and times of
// receipt do not go together, and several have the same time. Words: every one has "sale" and its
// number, "half" is in all of the older half, "odd" and "even" are in each second one, "tenth" is
// in each tenth, "needle" in two that are old.
func fill(t testing.TB, pool *pgxpool.Pool, n int) {
	t.Helper()
	for _, sql := range []string{
		`SELECT make_device_log_day(date '2028-02-27' + d) FROM generate_series(0, 3) d`,
		fmt.Sprintf(`INSERT INTO device_logs (id, device_id, received_at, message, fields)
			SELECT (i * 7919) %% %[1]d + 1, i %% 3 + 1,
				timestamptz '2028-02-27 00:00:00+00' + interval '4 days' * (i / 3 * 3) / %[1]d,
				'sale n' || i || CASE WHEN i < %[1]d / 2 THEN ' half' ELSE '' END
					|| CASE WHEN i %% 2 = 0 THEN ' even' ELSE ' odd' END
					|| CASE WHEN i %% 10 = 0 THEN ' tenth' ELSE '' END
					|| CASE WHEN i IN (5, %[1]d / 10) THEN ' needle' ELSE '' END,
				CASE WHEN i %% 100 = 0 THEN json_build_object('level', 'error', 'code', i) END
			FROM generate_series(0, %[1]d - 1) i`, n),
		`SELECT setval('device_log_ids', (SELECT max(id) FROM device_logs))`,
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// addThree adds the devices of fill: one, two, three.
func addThree(t testing.TB, s *devices.Store) {
	t.Helper()
	for i, name := range []string{"one", "two", "three"} {
		if d, _ := add(t, s, name); d.ID != devices.ID(i+1) {
			t.Fatalf("device %s has id %d", name, d.ID)
		}
	}
}

// model finds all records of a query in the simplest way there is, newest first.
func model(t testing.TB, pool *pgxpool.Pool, q devices.Query) (ids []int64) {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `
		SELECT l.id FROM device_logs l JOIN devices d ON d.id = l.device_id
		WHERE ($1 = '' OR d.name = $1) AND ($2 = '' OR l.words @@ websearch_to_tsquery('simple', $2))
			AND ($3::timestamptz IS NULL OR l.received_at >= $3) AND ($4::timestamptz IS NULL OR l.received_at < $4)
		ORDER BY l.received_at DESC, l.id DESC`, q.Device, q.Text, orNil(q.Since), orNil(q.Until))
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func orNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// pages searches until there are no older ones, or for so many pages.
func pages(t testing.TB, s *devices.Store, q devices.Query, most int) (ids []int64) {
	t.Helper()
	for range most {
		page, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for _, r := range page.Records {
			ids = append(ids, r.ID)
		}
		if q.Before = page.Older; page.Older == (devices.Mark{}) {
			break
		}
		if len(page.Records) != q.Limit {
			t.Errorf("%+v: a page of %d records says that there are older ones", q, len(page.Records))
		}
	}
	return ids
}

// TestSearch holds every combination of filters against the model, page by page.
func TestSearch(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	fill(t, pool, 12_000)
	day := 24 * time.Hour
	asked := 0
	for _, text := range []string{
		"", "sale", "half", "needle", "tenth", "odd even", "odd or even", "half -odd", "nowhere", `"sale n42"`,
		`"n42 sale"`, "error", "4200",
		"-sale", "NEEDLE or n11999", "half tenth",
	} {
		for _, device := range []string{"", "two"} {
			for _, times := range [][2]time.Time{
				{}, {firstDay.Add(day)}, {{}, firstDay.Add(2*day + 3*time.Hour)},
				{firstDay.Add(30 * time.Hour), firstDay.Add(31 * time.Hour)},
				{firstDay.Add(-time.Hour), firstDay.Add(9 * day)}, {firstDay.Add(9 * day)},
			} {
				q := devices.Query{Text: text, Device: device, Since: times[0], Until: times[1]}
				want := model(t, pool, q)
				q.Limit = []int{7, 500}[asked%2] // in turn: each text meets both
				asked++
				const most = 5
				got := pages(t, s, q, most)
				if want := want[:min(len(want), most*q.Limit)]; !slices.Equal(got, want) {
					t.Errorf("%+v: %d records, want %d; they differ from place %d on",
						q, len(got), len(want), differ(got, want))
				}
			}
		}
	}
}

func differ(a, b []int64) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// TestSearchIsEmpty searches where nothing was ever said.
func TestSearchIsEmpty(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	addThree(t, s)
	for _, q := range []devices.Query{{}, {Text: "a"}, {Device: "one"}, {Device: "one", Text: "a"}} {
		if page, err := s.Search(t.Context(), q); err != nil || len(page.Records) > 0 ||
			page.Older != (devices.Mark{}) {
			t.Errorf("%+v: %+v, %v", q, page, err)
		}
	}
	for _, tt := range []struct {
		devices.Query
		want error
	}{
		{devices.Query{Device: "four"}, devices.ErrNoSuchDevice},
		{devices.Query{Device: "\x00"}, devices.ErrNoSuchDevice},
		{devices.Query{Text: "!!! -"}, devices.ErrNoWords},
		{devices.Query{Limit: 501}, devices.ErrBadQuery},
		{devices.Query{Limit: -1}, devices.ErrBadQuery},
		{devices.Query{Text: strings.Repeat("a", 1001)}, devices.ErrBadQuery},
	} {
		if _, err := s.Search(t.Context(), tt.Query); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.Query, err, tt.want)
		}
	}
}

// TestSearchTextIsData searches for what would be SQL, a pattern or a query of its own: each is
// found as the words it has, or not at all, and nothing else is.
func TestSearchTextIsData(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	texts := []string{
		`'; DROP TABLE device_logs; --`, `robert') & 'x`, `a%b_c`, `\'escaped\'`, `<script>alert(1)</script>`,
		`{"json": [1]}`, "tab\tand\nline", `"`, `'`, `a:*`,
		`!a & (b | c)`, `device 1`, `'device 2'`, "nul\x00byte", "\xff\xfe", `$1 @words :: text`, "ünïcödé 鞋子", `-`,
		`OR`, `and or not`, strings.Repeat("(", 900),
	}
	w := startWriter(t, pool, spoolFile(t), nil)
	for _, text := range texts {
		clean := strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", " "), " ")
		if err := w.Write(eventually(t), 1, messages(clean)); err != nil {
			t.Fatal(err)
		}
	}
	untilRows(t, pool, len(texts))
	for _, text := range texts {
		page, err := s.Search(t.Context(), devices.Query{Text: text})
		switch {
		case errors.Is(err, devices.ErrNoWords):
		case err != nil:
			t.Errorf("%q: %v", text, err)
		case len(page.Records) > 3: // "a" is in three
			t.Errorf("%q finds %d records", text, len(page.Records))
		}
	}
	for text, want := range map[string]string{
		"ünïcödé": "ünïcödé 鞋子", "鞋子": "ünïcödé 鞋子", `drop device_logs`: `'; DROP TABLE device_logs; --`,
		"alert(1)": "<script>alert(1)</script>", "<SCRIPT>": "<script>alert(1)</script>",
	} {
		page, err := s.Search(t.Context(), devices.Query{Text: text})
		if err != nil || len(page.Records) != 1 || page.Records[0].Message != want {
			t.Errorf("%q: %+v, %v", text, page, err)
		}
	}
	if page, err := s.Search(t.Context(), devices.Query{Text: "'device 1'"}); err != nil || len(page.Records) != 1 {
		t.Errorf("the word that stands for a device can be searched for: %d records, %v", len(page.Records), err)
	}
}

// TestSearchOfOneName finds what the revoked device of that name has said, too.
func TestSearchOfOneName(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	fill(t, pool, 3000)
	if _, err := s.Revoke(t.Context(), 2, ""); err != nil {
		t.Fatal(err)
	}
	again, _ := add(t, s, "two")
	if _, err := pool.Exec(t.Context(), `UPDATE device_logs SET device_id = $1 WHERE device_id = 3`,
		again.ID); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "odd", "needle"} {
		q := devices.Query{Device: "two", Text: text, Limit: 500}
		want := model(t, pool, q)
		if got := pages(t, s, q, 4); !slices.Equal(got, want[:min(len(want), 2000)]) {
			t.Errorf("%q: %d records, want %d", text, len(got), len(want))
		}
	}
}

// TestPageIsBounded searches for records that are large: a page ends before its bytes are too many,
// and the next one goes on.
func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	w := startWriter(t, pool, spoolFile(t), nil)
	large := messages(strings.Split(strings.Repeat(strings.Repeat("x", devices.MaxMessage-5)+" big,", 39)+"big",
		",")...)
	if err := w.Write(eventually(t), 1, large); err != nil {
		t.Fatal(err)
	}
	untilRows(t, pool, 40)
	for _, text := range []string{"", "big"} {
		q, seen := devices.Query{Text: text, Limit: 500}, make(map[int64]bool)
		for n := 1; ; n++ {
			page, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			bytes := 0
			for _, r := range page.Records {
				bytes += len(r.Message)
				seen[r.ID] = true
			}
			if bytes > 1<<20 || len(page.Records) == 0 || n > 10 {
				t.Fatalf("page %d has %d records, %d bytes", n, len(page.Records), bytes)
			}
			if q.Before = page.Older; page.Older == (devices.Mark{}) {
				break
			}
		}
		if len(seen) != 40 {
			t.Errorf("%q: %d records on all pages", text, len(seen))
		}
	}
}

// TestSearchTakesTooLong holds the table: the search ends by itself, and says what to do.
func TestSearchTakesTooLong(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	ctx := eventually(t)
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `LOCK TABLE device_logs IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Search(ctx, devices.Query{}); !errors.Is(err, devices.ErrSearchTooLong) {
		t.Errorf("%v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := s.Search(short, devices.Query{}); errors.Is(err, devices.ErrSearchTooLong) || err == nil {
		t.Errorf("one that its caller gave up: %v", err)
	}
}
