package devices

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/sleep"
)

// WriterConfig is what a Writer needs.
type WriterConfig struct {
	Pool  *pgxpool.Pool
	Spool string // path of the file for what can't be written before the node stops
	Log   *slog.Logger
	Now   func() time.Time // nil: time.Now

	StopWithin time.Duration // how long the database gets for what is left when the writer stops; 0: 5 s
}

// Writer writes log records in batches: as many as came while the last batch was being committed.
// It is a service: its owner runs Serve, and Write may be called from any goroutine.
//
// What Write has accepted is written, whatever the database does, unless the node is killed: while
// the database is away, the buffer fills and Write waits; what is left when the node stops is kept
// in the spool file until the next start. A node that is killed loses what it holds,
// MaxBatchRecords records or MaxBatchBytes at most, twice: one batch that is written, one that
// waits.
type Writer struct {
	cfg    WriterConfig
	buffer *buffer

	written, refused atomic.Int64

	// Only Serve's goroutine uses these. They outlive a panic, after which Serve is called again.
	todo     [][]entry          // batches, the first is the next to be written
	days     map[time.Time]bool // whose partitions are there
	remade   bool               // the partitions of the first batch were made a second time
	failing  bool
	loaded   bool // the spool was read
	spooled  bool // the spool file holds entries of todo
	numbered bool // and each has its id
}

// NewWriter makes a writer. Nothing is read or written before Serve.
func NewWriter(c WriterConfig) *Writer {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.StopWithin == 0 {
		c.StopWithin = 5 * time.Second
	}
	return &Writer{cfg: c, buffer: newBuffer(), days: make(map[time.Time]bool)}
}

// String names the service in logs.
func (w *Writer) String() string { return "devices.Writer" }

// Write accepts records of a device. It waits while the buffer is full, which slows the device; of
// many that wait the first is served first. The error is the cause of ctx, or ErrEnded; then none
// of the records was accepted.
func (w *Writer) Write(ctx context.Context, device ID, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	received := w.cfg.Now().UTC().Truncate(time.Microsecond) // PostgreSQL's precision
	entries := make([]entry, len(records))
	for i, r := range records {
		entries[i] = entry{Device: device, Received: received, Record: r}
	}
	return w.buffer.add(ctx, entries)
}

// Drain ends the waiting of Write, for present and later calls. A stopping node calls it before it
// closes the connections of devices: lines that were read must be accepted even without the
// database. The connections bound their number.
func (w *Writer) Drain() { w.buffer.lift() }

// Stats is what a Writer has done.
type Stats struct {
	Waiting int   // records that were accepted and are in no batch yet
	Written int64 // records
	Refused int64 // records that the database can't take, which are logged
}

// Stats may be called from any goroutine.
func (w *Writer) Stats() Stats {
	return Stats{Waiting: w.buffer.size(), Written: w.written.Load(), Refused: w.refused.Load()}
}

// Serve writes until ctx ends. Then it writes what is left, or puts it into the spool file, and
// refuses all later records.
func (w *Writer) Serve(ctx context.Context) error {
	w.load()
	for ctx.Err() == nil {
		if w.flush(ctx) != nil {
			break
		}
		w.forget()
		select {
		case <-w.buffer.filled:
			w.todo = batches(w.buffer.drain())
		case <-ctx.Done():
		}
	}
	w.finish(ctx)
	return context.Cause(ctx)
}

// finish writes what is left.
func (w *Writer) finish(ctx context.Context) {
	w.buffer.lift()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.StopWithin)
	defer cancel()
	for {
		w.todo = append(w.todo, batches(w.buffer.drain())...)
		if len(w.todo) == 0 || w.flush(last) != nil {
			break
		}
	}
	w.todo = append(w.todo, batches(w.buffer.end())...)
	if len(w.todo) == 0 {
		w.forget()
		return
	}
	if err := w.save(); err != nil {
		w.cfg.Log.Error("logs of devices are lost: the database is away, and the spool file can't be written",
			"records", count(w.todo), "file", w.cfg.Spool, "err", err)
		return
	}
	w.cfg.Log.Warn("the database is away: logs of devices are kept in the spool file until the next start",
		"records", count(w.todo), "file", w.cfg.Spool)
}

// flush writes the batches that are to be written, and tries again until it can. The error is the
// cause of ctx.
func (w *Writer) flush(ctx context.Context) error {
	const least, most = 50 * time.Millisecond, 5 * time.Second
	pause := least
	for len(w.todo) > 0 {
		err := w.step(ctx)
		if err == nil {
			pause = least
			w.noteRecovery()
			continue
		}
		if ctx.Err() == nil {
			w.noteFailure(err)
		}
		if err := sleep.For(ctx, pause/2+rand.N(pause)); err != nil { // jitter: nodes must not all come back at once
			return err
		}
		pause = min(2*pause, most)
	}
	return nil
}

func (w *Writer) noteFailure(err error) {
	if !w.failing {
		w.cfg.Log.Error("logs of devices not written, will try again", "err", err)
	}
	w.failing = true
}

func (w *Writer) noteRecovery() {
	if w.failing {
		w.cfg.Log.Info("logs of devices are written again")
	}
	w.failing = false
}

// batches cuts entries into batches within the bounds of one.
func batches(entries []entry) (cut [][]entry) {
	from, bytes := 0, 0
	for i, e := range entries {
		if i > from && (i-from == MaxBatchRecords || bytes+e.size() > MaxBatchBytes) {
			cut = append(cut, entries[from:i:i])
			from, bytes = i, 0
		}
		bytes += e.size()
	}
	if len(entries) > from {
		cut = append(cut, entries[from:])
	}
	return cut
}

func count(batches [][]entry) (n int) {
	for _, b := range batches {
		n += len(b)
	}
	return n
}
