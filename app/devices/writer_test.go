package devices_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/devices"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// runningWriter is a writer whose Serve runs.
type runningWriter struct {
	*devices.Writer
	spool string
	log   *waittest.Log
	end   context.CancelFunc
	done  chan struct{}
}

// startWriter runs a writer until stop is called or the test ends.
func startWriter(t testing.TB, pool *pgxpool.Pool, spool string, now func() time.Time) *runningWriter {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	w := &runningWriter{spool: spool, log: new(waittest.Log), end: cancel, done: make(chan struct{})}
	w.Writer = devices.NewWriter(devices.WriterConfig{
		Pool: pool, Spool: spool, Log: w.log.Logger(), Now: now, StopWithin: 300 * time.Millisecond,
	})
	go func() {
		defer close(w.done)
		_ = w.Serve(ctx)
	}()
	t.Cleanup(func() { w.stop(t) })
	return w
}

func (w *runningWriter) stop(t testing.TB) {
	t.Helper()
	w.end()
	waittest.Done(t, "the end of the writer", w.done)
}

func spoolFile(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "device-logs.spool")
}

// newCutStore makes a store with a kiosk, and beside the pool that reaches the store always one
// over a line that can be cut.
func newCutStore(t testing.TB) (kiosk devices.Device, direct *pgxpool.Pool, way *pgtest.Cutter, pool *pgxpool.Pool) {
	t.Helper()
	s, direct := newStore(t)
	kiosk, _ = add(t, s, "kiosk")
	way, pool = pgtest.NewCutter(t, direct, nil)
	return kiosk, direct, way, pool
}

// messages makes records with these messages.
func messages(texts ...string) []devices.Record {
	records := make([]devices.Record, len(texts))
	for i, text := range texts {
		records[i] = devices.Record{Message: text}
	}
	return records
}

// rowsOf counts the rows with a condition.
func rowsOf(t testing.TB, pool *pgxpool.Pool, where string) (n int) {
	t.Helper()
	if err := pool.QueryRow(context.WithoutCancel(t.Context()),
		`SELECT count(*) FROM device_logs WHERE `+where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// untilRows waits for that many rows, and looks that there are no more.
func untilRows(t testing.TB, pool *pgxpool.Pool, want int) {
	t.Helper()
	waittest.Until(t, fmt.Sprint(want, " rows"), func() bool { return rowsOf(t, pool, "true") >= want })
	if got := rowsOf(t, pool, "true"); got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
}

// TestWriterWrites writes what many connections bring at once, each record once, with all that it
// has.
func TestWriterWrites(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	d, _ := add(t, s, "kiosk")
	w := startWriter(t, pool, spoolFile(t), nil)
	ctx := eventually(t)
	full, err := devices.ParseRecords(
		[]byte(`[{"message":"all of it","timestamp":"17:03","level":"info","n":1e9999},{"message":"null","timestamp":null}]`),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(ctx, d.ID, full); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for c := range 20 {
		wg.Go(func() {
			for i := range 50 {
				if err := w.Write(ctx, d.ID, messages(fmt.Sprintf("m %d %d", c, i), "two")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	untilRows(t, pool, 2+20*50*2)
	if n := rowsOf(t, pool, `message LIKE 'm %'`); n != 1000 {
		t.Errorf("%d of the single ones", n)
	}
	page, err := s.Search(ctx, devices.Query{Text: "all info"})
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	r := page.Records[0]
	if r.Name != "kiosk" || r.Device != d.ID || string(r.Timestamp) != `"17:03"` ||
		string(r.Fields) != `{"level":"info","n":1e9999}` ||
		time.Since(r.Received).Abs() > time.Hour {
		t.Errorf("read back: %+v", r)
	}
	if n := rowsOf(t, pool, `stamp::text = 'null'`); n != 1 {
		t.Errorf("%d rows with a timestamp that is null", n)
	}
	waittest.Until(t, "the writer counts", func() bool { return w.Stats() == devices.Stats{Written: 2002} })
}

// TestBadRecordsAreAlone gives the writer what PostgreSQL refuses: that is logged and left out, and
// all else is written.
func TestBadRecordsAreAlone(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	d, _ := add(t, s, "kiosk")
	w := startWriter(t, pool, spoolFile(t), nil)
	records := messages(strings.Split(strings.Repeat("good,", 99)+"good", ",")...)
	records[0].Message, records[41].Message = "NUL \x00", "not UTF-8 \xff"
	records[99].Fields = []byte(`{"broken`)
	if err := w.Write(eventually(t), d.ID, records); err != nil {
		t.Fatal(err)
	}
	untilRows(t, pool, 97)
	waittest.Until(t, "three are refused", func() bool { return w.Stats().Refused == 3 })
	if log := w.log.String(); strings.Count(log, "a log record of a device is lost") != 3 ||
		strings.Contains(log, "broken") && strings.Contains(log, "{\"broken") {
		t.Errorf("the log: %s", log)
	}
}

// TestDatabaseIsAway cuts the line: the buffer fills, Write waits, and all that was accepted is
// written when the line is mended.
func TestDatabaseIsAway(t *testing.T) {
	t.Parallel()
	d, direct, way, pool := newCutStore(t)
	w := startWriter(t, pool, spoolFile(t), nil)
	ctx := eventually(t)
	if err := w.Write(ctx, d.ID, messages("before")); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the writer knows it", func() bool { return w.Stats().Written == 1 }) // else it is in doubt
	way.Cut()
	var accepted atomic.Int64
	impatient, cancel := context.WithCancel(ctx)
	defer cancel()
	refused := make(chan error, 1) // buffer 1: the test reads it later
	go func() {
		for {
			if err := w.Write(impatient, d.ID,
				messages(strings.Split(strings.Repeat("x,", 499)+"x", ",")...)); err != nil {
				refused <- err
				return
			}
			accepted.Add(500)
		}
	}()
	waittest.Until(t, "the buffer is full", func() bool {
		return accepted.Load() >= devices.MaxBatchRecords && w.Stats().Waiting > devices.MaxBatchRecords-500
	})
	waittest.Until(t, "the failure is logged", func() bool { return strings.Contains(w.log.String(), "not written") })
	if n := accepted.Load(); n > 2*devices.MaxBatchRecords {
		t.Errorf("%d records were accepted while none is written", n)
	}
	cancel() // the one that waits gives up, and is not accepted
	if err := waittest.Receive(t, "the end of a Write that waits", refused); !errors.Is(err, context.Canceled) {
		t.Errorf("a Write that gives up: %v", err)
	}
	way.Mend()
	untilRows(t, direct, 1+int(accepted.Load()))
	waittest.Until(t, "the recovery is logged", func() bool {
		return strings.Contains(w.log.String(), "written again")
	})
}

// TestCommitInDoubt loses the COMMIT of batches, or the answer to it: each record is written once.
func TestCommitInDoubt(t *testing.T) {
	t.Parallel()
	d, direct, way, pool := newCutStore(t)
	var commits atomic.Int64
	way.OnCommit(func() pgtest.Fault {
		return [...]pgtest.Fault{pgtest.Passes, pgtest.LosesCommit, pgtest.LosesAnswer}[commits.Add(1)%3]
	})
	w := startWriter(t, pool, spoolFile(t), nil)
	ctx := eventually(t)
	for i := range 10 {
		if err := w.Write(ctx, d.ID, messages(fmt.Sprint("a ", i), fmt.Sprint("b ", i))); err != nil {
			t.Fatal(err)
		}
		untilRows(t, direct, 2*i+2)
	}
	waittest.Until(t, "the writer knows it", func() bool { return w.Stats().Written == 20 })
	untilRows(t, direct, 20)
	if n := way.Faults[pgtest.LosesCommit].Load() + way.Faults[pgtest.LosesAnswer].Load(); n < 5 {
		t.Errorf("only %d commits were in doubt", n)
	}
}

// TestDrainLetsAllIn lets Writes through that wait for a database that is away.
func TestDrainLetsAllIn(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, migrate)
	way, cut := pgtest.NewCutter(t, pool, nil)
	way.Cut()
	w := startWriter(t, cut, spoolFile(t), nil)
	ctx := eventually(t)
	thousand := messages(strings.Split(strings.Repeat("x,", 999)+"x", ",")...)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := w.Write(ctx, 1, thousand); err != nil {
				t.Error(err)
			}
		})
	}
	waittest.Until(t, "the buffer is full", func() bool { return w.Stats().Waiting > devices.MaxBatchRecords-1000 })
	w.Drain()
	wg.Wait()
	w.stop(t)
	way.Mend()
	startWriter(t, cut, w.spool, nil)
	untilRows(t, pool, 20_000)
}
