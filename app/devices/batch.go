package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// attemptWithin ends an attempt whose connection has fallen silent.
const attemptWithin = time.Minute

// dayAhead is how long before midnight the partition of the next day is made.
const dayAhead = time.Hour

// step tries to write the first batch. When the database refuses something in it, the batch is
// halved until that is alone; it is logged and left out. An error says that the same batch is to be
// tried again.
func (w *Writer) step(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptWithin)
	defer cancel()
	if w.spooled && !w.numbered {
		if err := w.number(ctx); err != nil {
			return err
		}
	}
	batch := w.todo[0]
	err := w.try(ctx, batch)
	pg, _ := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		w.written.Add(int64(len(batch)))
		w.todo, w.remade = w.todo[1:], false
		return nil
	case pg == nil:
		return err
	case pg.Code == pgerrcode.UniqueViolation && batch[0].ID != 0:
		return w.dropWritten(ctx)
	case !refusal(pg):
		return err
	case pg.Code == pgerrcode.CheckViolation && !w.remade: // there is no partition: one that was made has been dropped
		clear(w.days)
		w.remade = true
		return nil
	case len(batch) > 1:
		half := len(batch) / 2
		w.todo = append([][]entry{batch[:half:half], batch[half:]}, w.todo[1:]...)
		return nil
	}
	w.cfg.Log.Error("a log record of a device is lost: the database refuses it", "device_id", batch[0].Device,
		"err", err)
	w.refused.Add(1)
	w.todo = w.todo[1:]
	return nil
}

// refusal reports whether an error is about what was written, so that the same would be refused
// again: its data, a constraint, a limit of the program.
func refusal(pg *pgconn.PgError) bool {
	class := pg.Code[:min(2, len(pg.Code))]
	return class == "22" || class == "23" || class == "54"
}

// try writes a batch in one transaction. When an error leaves open whether it was committed, the
// entries keep the ids of that attempt: the next attempt waits for the transaction in doubt at the
// primary key, and fails there if it was committed.
func (w *Writer) try(ctx context.Context, batch []entry) error {
	if err := w.makeDays(ctx, batch); err != nil {
		return err
	}
	var (
		ids        []int64
		committing bool
	)
	err := pgx.BeginFunc(ctx, w.cfg.Pool, func(tx pgx.Tx) (err error) {
		if ids, err = draw(ctx, tx, batch); err != nil {
			return err
		}
		_, err = tx.CopyFrom(ctx, pgx.Identifier{"device_logs"},
			[]string{"id", "device_id", "received_at", "message", "stamp", "fields"},
			pgx.CopyFromSlice(len(batch), func(i int) ([]any, error) {
				e := &batch[i]
				return []any{ids[i], int64(e.Device), e.Received, e.Message, orNull(e.Timestamp), orNull(e.Fields)}, nil
			}))
		committing = err == nil
		return err
	})
	if pg, ok := errors.AsType[*pgconn.PgError](err); err != nil && committing &&
		(!ok || pg.SeverityUnlocalized != "ERROR") {
		for i := range batch {
			batch[i].ID = ids[i]
		}
	}
	return err
}

func orNull(text []byte) any {
	if text == nil {
		return nil
	}
	return text
}

// draw takes the lock by which followers know of this writer, and then ids for those entries that
// have none.
func draw(ctx context.Context, tx pgx.Tx, batch []entry) (ids []int64, err error) {
	ids = make([]int64, len(batch))
	missing := 0
	for i, e := range batch {
		if ids[i] = e.ID; e.ID == 0 {
			missing++
		}
	}
	var (
		b     pgx.Batch
		drawn []int64
	)
	b.Queue(`SELECT pg_advisory_xact_lock_shared(` + writersLock + `, ((` + lastID +
		`) & 2147483647)::int) FROM device_log_ids`)
	b.Queue(drawIDs, missing).QueryRow(func(row pgx.Row) error { return row.Scan(&drawn) })
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return nil, err
	}
	for i := range ids {
		if ids[i] == 0 {
			ids[i], drawn = drawn[0], drawn[1:]
		}
	}
	return ids, nil
}

const drawIDs = `SELECT array(SELECT nextval('device_log_ids') FROM generate_series(1, $1))`

// makeDays makes the partitions that the batch needs, and that of the next day soon enough.
func (w *Writer) makeDays(ctx context.Context, batch []entry) error {
	var missing []time.Time
	need := func(t time.Time) {
		if day := dayOf(t); !w.days[day] {
			missing, w.days[day] = append(missing, day), true
		}
	}
	for _, e := range batch {
		need(e.Received)
	}
	need(batch[len(batch)-1].Received.Add(dayAhead))
	if len(missing) == 0 {
		return nil
	}
	if err := makeDays(ctx, w.cfg.Pool, missing...); err != nil {
		for _, day := range missing {
			delete(w.days, day)
		}
		return fmt.Errorf("make partitions: %w", err)
	}
	return nil
}

// dropWritten takes out of the first batch what an attempt whose outcome was unknown has written
// after all.
func (w *Writer) dropWritten(ctx context.Context) error {
	batch := w.todo[0]
	ids, times := make([]int64, len(batch)), make([]time.Time, len(batch))
	for i, e := range batch {
		ids[i], times[i] = e.ID, e.Received
	}
	rows, _ := w.cfg.Pool.Query(ctx, `SELECT id FROM unnest($1::bigint[], $2::timestamptz[]) place (id, received_at)
		JOIN device_logs USING (id, received_at)`, planned, ids, times)
	written, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	there := make(map[int64]bool, len(written))
	for _, id := range written {
		there[id] = true
	}
	left := batch[:0:0]
	for _, e := range batch {
		if !there[e.ID] {
			left = append(left, e)
		}
	}
	if len(left) == len(batch) {
		return errors.New("ids of logs are taken, and the rows that have them are not found")
	}
	w.written.Add(int64(len(batch) - len(left)))
	if w.todo = w.todo[1:]; len(left) > 0 {
		w.todo = append([][]entry{left}, w.todo...)
	}
	return nil
}
