package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// roundTrip bounds one question to the database beyond what it may wait for locks, so that a
// connection that has fallen silent is given up.
const roundTrip = 2 * time.Second

// outcome is what an attempt has committed.
type outcome struct {
	answers  []error // one for each operation, in the order of the batch
	stock    *Stock  // as it is now
	attempts []Attempt
	wrote    bool // something was written
	froze    []inventory.ItemID
}

// try carries out a batch in one transaction of two round trips: one locks and reads, one writes
// and commits. An outcome without an error is committed. The connection is closed after an error,
// unless the server has ended the transaction on it.
func (c *Committer) try(ctx context.Context, batch []*ticket) (outcome, error) {
	conn, err := c.connect(ctx)
	if err != nil {
		return outcome{}, notSent{err}
	}
	defer conn.Release() // which closes it, and so ends the transaction, if that is open
	attempts, of := begin(batch)
	s, err := c.read(ctx, conn, touched(batch), attempts)
	if err != nil {
		return outcome{}, fmt.Errorf("read under the locks: %w", err)
	}
	s.check()
	done := outcome{stock: s, attempts: attempts, answers: make([]error, len(batch))}
	for i, t := range batch {
		done.answers[i] = of[t.op.Kind()].Decide(t.op, s)
	}
	if done.wrote, err = c.write(ctx, conn, s, attempts); err != nil {
		return outcome{}, fmt.Errorf("write and commit: %w", err)
	}
	done.froze = s.froze // but for those that the batch has thawed
	return done, nil
}

// begin begins an attempt for each kind of operation in the batch.
func begin(batch []*ticket) (attempts []Attempt, of map[Kind]Attempt) {
	var kinds []Kind
	ops := make(map[Kind][]Operation, 1)
	for _, t := range batch {
		k := t.op.Kind()
		if _, known := ops[k]; !known {
			kinds = append(kinds, k)
		}
		ops[k] = append(ops[k], t.op)
	}
	of = make(map[Kind]Attempt, len(kinds))
	for _, k := range kinds {
		of[k] = k.Begin(ops[k])
		attempts = append(attempts, of[k])
	}
	return attempts, of
}

// touched returns the items of the batch, each once and in order.
func touched(batch []*ticket) []inventory.ItemID {
	items := make(map[inventory.ItemID]struct{}, len(batch))
	for _, t := range batch {
		for _, id := range t.op.Items() {
			items[id] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(items))
}

// settings are those of the committer's connections. Their plans are kept: if each transaction made
// its own, a single buyer would wait twice as long.
const settings = `SELECT set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $1, false),
	set_config('statement_timeout', '0', false), set_config('plan_cache_mode', 'force_generic_plan', false),
	set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)`

// replanAfter is how long plans are kept. A plan that was made for a few rows reads all of a table
// that has grown meanwhile, and PostgreSQL makes another one only when autovacuum has looked at the
// table, which may be minutes later.
const replanAfter = time.Second

// session is what is known of a connection.
type session struct {
	lockWithin string // as in its settings
	planned    time.Time
}

// sessionOf is where a connection keeps its session.
const sessionOf = "ledger: session"

// connect returns a connection that has the settings, and plans that suit the tables. A connection
// is given the settings once: in each transaction they would cost a single buyer a tenth of the
// time.
func (c *Committer) connect(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := c.cfg.Pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	data := conn.Conn().PgConn().CustomData()
	s, _ := data[sessionOf].(session)
	now := session{strconv.FormatInt(c.cfg.LockWithin.Milliseconds(), 10), time.Now()}
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	switch {
	case s.lockWithin != now.lockWithin:
		_, err = conn.Exec(ctx, settings, now.lockWithin)
	case now.planned.Sub(s.planned) > replanAfter:
		_, err = conn.Exec(ctx, `DISCARD PLANS`)
	default:
		return conn, nil
	}
	if err != nil {
		conn.Release()
		return nil, fmt.Errorf("set up the connection: %w", err)
	}
	data[sessionOf] = now
	return conn, nil
}

// Look sends queries that need no lock, see [Stock.Look], over a connection with the settings of
// the others. It may be called from any goroutine, and takes one connection of the pool.
func (c *Committer) Look(ctx context.Context, b *pgx.Batch) error {
	conn, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return conn.SendBatch(ctx, b).Close()
}

// read begins the transaction, locks the rows of the items in the order of their ids, and only then
// reads what the decisions need.
func (c *Committer) read(
	ctx context.Context, conn *pgxpool.Conn, items []inventory.ItemID, attempts []Attempt,
) (*Stock, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LockWithin+roundTrip)
	defer cancel()
	s := NewStock()
	b := &pgx.Batch{}
	b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	s.lock(b, items)
	for _, a := range attempts {
		a.Read(b)
	}
	return s, conn.SendBatch(ctx, b).Close()
}

// write writes what was decided and commits it in one round trip, and reads the counts as they are
// then. It reports whether there was something to write; if not, the transaction is rolled back,
// since a COMMIT would wait for the disk. Its error is aborted or inDoubt.
func (c *Committer) write(
	ctx context.Context, conn *pgxpool.Conn, s *Stock, attempts []Attempt,
) (wrote bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LockWithin+roundTrip)
	defer cancel()
	b := &pgx.Batch{}
	s.write(b)
	counts := len(s.moved) > 0
	for _, a := range attempts {
		a.Write(b)
	}
	if b.Len() == 0 {
		_, _ = conn.Exec(ctx, `ROLLBACK`) // if that fails the connection is closed, which does the same
		return false, nil
	}
	others := b.Len()
	b.Queue(`COMMIT`)
	results := conn.SendBatch(ctx, b)
	defer results.Close()
	if counts {
		others--
		rows, _ := results.Query()
		if err := s.written(rows); err != nil {
			return false, beforeCommit(err)
		}
	}
	for range others {
		if _, err := results.Exec(); err != nil {
			return false, beforeCommit(err)
		}
	}
	return true, committed(results)
}

// committed reads the answer to COMMIT, the last of a batch.
func committed(results pgx.BatchResults) error {
	tag, err := results.Exec()
	if err == nil {
		err = results.Close()
	}
	switch {
	case err != nil:
		return inDoubt{err}
	case tag.String() != "COMMIT":
		return aborted{unexpectedRollback{fmt.Errorf("the database answered COMMIT with %s", tag)}}
	}
	return nil
}

// beforeCommit tells an error that the server has answered a statement with, after which it ran no
// other, from one that may have come when all was done.
func beforeCommit(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.SeverityUnlocalized == "ERROR" {
		return aborted{err}
	}
	return inDoubt{err}
}

// holders returns which rows of the batch another transaction holds at this moment, and which
// transaction that is: a row's xmax is the one that has locked or changed it last.
func (c *Committer) holders(ctx context.Context, batch []*ticket) (map[inventory.ItemID]holder, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	rows, _ := c.cfg.Pool.Query(ctx, `
		WITH free AS (
			SELECT item_id FROM item_availabilities WHERE item_id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED
		)
		SELECT item_id, xmax FROM item_availabilities
		WHERE item_id = ANY ($1) AND item_id NOT IN (SELECT item_id FROM free)`, touched(batch))
	held := make(map[inventory.ItemID]holder)
	var (
		id  inventory.ItemID
		who uint32
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &who}, func() error {
		held[id] = holder(who)
		return nil
	})
	return held, err
}
