package devices_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
)

// benchRows fills the tables with logs of a hundred devices over ten days, as devices write them:
// words that are as frequent as words are, each record with two fields. The last day is today as
// the planner sees it before its first look: without statistics.
func benchRows(b *testing.B, pool *pgxpool.Pool, n int) {
	b.Helper()
	ctx := context.WithoutCancel(b.Context())
	if _, err := pool.Exec(ctx, `SELECT make_device_log_day(date '2028-02-27' + d)
		FROM generate_series(0, 9) d`); err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.1, 4, 50_000)
	step := 10 * 24 * time.Hour / time.Duration(n)
	text := func(i int) string {
		var m strings.Builder
		m.WriteString("sale")
		for range 8 {
			fmt.Fprintf(&m, " w%x", zipf.Uint64())
		}
		if i%2 == 0 { // frequent, and never together
			m.WriteString(" even")
		} else {
			m.WriteString(" odd")
		}
		if i%50 == 0 {
			m.WriteString(" fiftieth")
		}
		if i%1000 == 7 {
			m.WriteString(" hourly")
		}
		if i == n/2 {
			m.WriteString(" needle")
		}
		return m.String()
	}
	for from := 0; from < n; from += 50_000 {
		if from == n/10*9 { // the statistics of the first nine days
			if _, err := pool.Exec(ctx, `VACUUM ANALYZE device_logs`); err != nil {
				b.Fatal(err)
			}
		}
		_, err := pool.CopyFrom(ctx, pgx.Identifier{"device_logs"},
			[]string{"device_id", "received_at", "message", "stamp", "fields"},
			pgx.CopyFromSlice(min(50_000, n-from), func(i int) ([]any, error) {
				i += from
				return []any{
					int64(1 + random.IntN(100)), firstDay.Add(time.Duration(i) * step), text(i),
					fmt.Appendf(nil, "%d", 1_700_000_000+i),
					fmt.Appendf(nil, `{"level":"info","code":%d}`, 200+i%7),
				}, nil
			}))
		if err != nil {
			b.Fatal(err)
		}
	}
}

var searchRows = flag.Int("rows", 1_000_000, "how many log records BenchmarkSearch searches; a multiple of 500,000")

// BenchmarkSearch searches among a million records, in -short among twenty thousand.
func BenchmarkSearch(b *testing.B) {
	n := *searchRows
	if testing.Short() {
		n = 20_000
	}
	s, pool := newStore(b)
	for i := range 100 {
		add(b, s, fmt.Sprint("kiosk ", i+1))
	}
	benchRows(b, pool, n)
	for _, bb := range []struct {
		name  string
		query devices.Query
	}{
		{"newest", devices.Query{}},
		{"device", devices.Query{Device: "kiosk 7"}},
		{"time", devices.Query{Since: firstDay.AddDate(0, 0, 4), Until: firstDay.AddDate(0, 0, 4).Add(time.Hour)}},
		{"in-all", devices.Query{Text: "sale"}},
		{"in-a-fiftieth,limit=500", devices.Query{Text: "fiftieth", Limit: 500}},
		{"in-a-thousandth", devices.Query{Text: "hourly"}},
		{"in-one", devices.Query{Text: "needle"}},
		{"in-none", devices.Query{Text: "nowhere"}},
		{"never-together", devices.Query{Text: "odd even"}},
		{"negation", devices.Query{Text: "-sale"}},
		{"device,in-all", devices.Query{Device: "kiosk 7", Text: "sale"}},
		{"device,in-a-thousandth", devices.Query{Device: "kiosk 7", Text: "hourly"}},
		{"device,in-none", devices.Query{Device: "kiosk 7", Text: "needle"}},
		{
			"time,in-a-thousandth", devices.Query{
				Text: "hourly", Since: firstDay.AddDate(0, 0, 4), Until: firstDay.AddDate(0, 0, 4).Add(time.Hour),
			},
		},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				page, err := s.Search(b.Context(), bb.query)
				if errors.Is(err, devices.ErrSearchTooLong) {
					b.Skip(err) // a search without a word that must be there, among very many records
				}
				if err != nil {
					b.Fatal(err)
				}
				found = len(page.Records)
			}
			b.ReportMetric(float64(found), "records")
		})
	}
}

// BenchmarkCopy lets fifty devices log as fast as they can, beside a bare COPY of as many such rows
// by one connection into a partition with the same indexes. The metric ratio is the writer's rows a
// second by those of the bare COPY.
func BenchmarkCopy(b *testing.B) {
	const connections = 50
	lines, records := 20, 25 // of each connection; of each line
	if testing.Short() {
		lines = 2
	}
	n := connections * lines * records
	_, pool := newStore(b)
	batch := make([]devices.Record, records)
	for i := range batch {
		batch[i] = devices.Record{
			Message:   fmt.Sprintf("sale of item %d at the counter, card read in %d ms", i, 100+i),
			Timestamp: []byte("1700000000"),
			Fields:    fmt.Appendf(nil, `{"level":"info","code":%d}`, 200+i),
		}
	}
	var day atomic.Int64
	now := func() time.Time { return firstDay.AddDate(0, 0, int(day.Load())).Add(time.Hour) }
	w := startWriter(b, pool, spoolFile(b), now)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var bare, written time.Duration
	for b.Loop() {
		day.Add(2)
		began := time.Now()
		bareCopy(b, pool, batch, n, now().AddDate(0, 0, 1))
		bare += time.Since(began)
		began = time.Now()
		before := w.Stats().Written
		var wg sync.WaitGroup
		for c := range connections {
			wg.Go(func() {
				for range lines {
					if err := w.Write(b.Context(), devices.ID(c), batch); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for w.Stats().Written < before+int64(n) {
			<-tick.C // what was accepted is not written before
		}
		written += time.Since(began)
	}
	b.ReportMetric(float64(n)*float64(b.N)/written.Seconds(), "records/s")
	b.ReportMetric(float64(n)*float64(b.N)/bare.Seconds(), "bare-records/s")
	b.ReportMetric(bare.Seconds()/written.Seconds(), "ratio")
	// what a killed node loses
	b.ReportMetric(2*devices.MaxBatchRecords/(float64(n)*float64(b.N)/written.Seconds())*1000, "ms-held")
}

// bareCopy writes n rows by one COPY.
func bareCopy(b *testing.B, pool *pgxpool.Pool, batch []devices.Record, n int, at time.Time) {
	b.Helper()
	ctx := waittest.Context(b, "a bare COPY")
	if _, err := pool.Exec(ctx, `SELECT make_device_log_day($1)`, at); err != nil {
		b.Fatal(err)
	}
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"device_logs_" + at.Format("20060102")},
		[]string{"device_id", "received_at", "message", "stamp", "fields"},
		pgx.CopyFromSlice(n, func(i int) ([]any, error) {
			r := batch[i%len(batch)]
			return []any{int64(i % 50), at, r.Message, []byte(r.Timestamp), []byte(r.Fields)}, nil
		}))
	if err != nil {
		b.Fatal(err)
	}
}
