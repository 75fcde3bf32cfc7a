package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/inventory"
)

// A doubt is an error after which nobody knows whether the transaction was committed.
type doubt struct{ error }

func (d doubt) Unwrap() error { return d.error }

// sell sells to the batch and answers everybody in it. What fails by bad luck is tried again; what fails for a reason is
// halved until the one bad cart is alone. After a doubt the same batch runs again before anybody is answered: the row
// locks wait for the transaction in doubt, and the look that follows them sees what became of it.
func (t *Teller) sell(ctx context.Context, batch []*ticket) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.cfg.Patience, errPatience)
	defer cancel()
	t.sellWithin(ctx, batch, false)
}

var errPatience = errors.New("not within the teller's patience")

func (t *Teller) sellWithin(ctx context.Context, batch []*ticket, inDoubt bool) {
	pause := 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		s, err := t.try(ctx, batch)
		if err == nil {
			t.announce(ctx, s.changes)
			for i, waits := range batch {
				waits.tell(s.answers[i])
			}
			t.well()
			return
		}
		again := luck(err, attempt)
		t.ill(err, len(batch), again && attempt == 1)
		switch {
		case errors.As(err, new(doubt)):
			inDoubt = true
		case errors.As(err, new(decided)):
			inDoubt = false // this attempt saw that no earlier one was committed, and was not committed itself
		}
		switch {
		case ctx.Err() != nil:
			giveUp(batch, inDoubt, err)
			return
		case held(err) && len(batch) > 1:
			batch = t.setAside(ctx, batch, inDoubt, err)
			if len(batch) == 0 {
				return
			}
		case again:
			wait(ctx, pause)
			pause = min(2*pause, time.Second)
		case len(batch) == 1:
			giveUp(batch, inDoubt, err)
			return
		default:
			half := len(batch) / 2
			t.sellWithin(ctx, batch[:half], inDoubt)
			t.sellWithin(ctx, batch[half:], inDoubt)
			return
		}
	}
}

// giveUp answers those for whom nothing more is tried: "could not" only where that is certain.
func giveUp(batch []*ticket, inDoubt bool, err error) {
	why := ErrFailed
	if inDoubt {
		why = ErrUnknown
	}
	for _, waits := range batch {
		waits.tell(answer{err: fmt.Errorf("%w: %w", why, err)})
	}
}

// luck tells whether the same batch may fare better at another attempt: the connection or the server went away, somebody
// else held a row, or bought one of the lines in the same moment. What is left is a reason, like a refusing CHECK.
func luck(err error, attempt int) bool {
	if errors.As(err, new(doubt)) {
		return true
	}
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return true
	}
	switch pg.Code[:2] {
	case "08", "40", "53", "57", "58": // connection, rollback, resources, operator, system
		return true
	}
	switch pg.Code {
	case "55P03", "25P03": // a lock was not to be had, the transaction was silent for too long
		return true
	case uniqueViolation:
		const enough = 5 // who was first has committed: one more look finds his order
		return attempt < enough
	}
	return false
}

// held tells whether somebody else held a row for longer than a transaction waits.
func held(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "55P03"
}

// setAside lets nobody suffer for a row that he does not want: it asks which rows are free, and parts the batch. Carts
// of free rows are returned, to be sold at once. The others have waited long enough and can't be sold now, unless an
// earlier attempt may have sold them: then they wait on, behind those of free rows.
func (t *Teller) setAside(ctx context.Context, batch []*ticket, inDoubt bool, err error) []*ticket {
	free, lookErr := t.free(ctx, batch)
	if lookErr != nil {
		return batch // the next attempt fails as well, or not
	}
	var there, stuck []*ticket
	for _, waits := range batch {
		if slices.ContainsFunc(waits.Lines, func(l Line) bool { return !free[l.Item] }) {
			stuck = append(stuck, waits)
		} else {
			there = append(there, waits)
		}
	}
	switch {
	case len(stuck) == 0 || len(there) == 0:
		return batch
	case inDoubt:
		t.sellWithin(ctx, there, inDoubt)
		return stuck
	}
	giveUp(stuck, inDoubt, err)
	return there
}

// uniqueViolation is PostgreSQL's code for a key that is there already.
const uniqueViolation = "23505"

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// announce shows this node what was sold. It waits for no watcher; a catalog that is being loaded anew is not waited for
// for long, since it is read from the database anyway.
func (t *Teller) announce(ctx context.Context, changes []inventory.Change) {
	if len(changes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := t.cfg.Stock.Committed(ctx, changes...); err != nil {
		t.log.Info("sales will show in the catalog when it is compared with the database", "err", err)
	}
}

// ill logs the first of several failures, well the end of them. Two tellers that meet now and then are no failure.
func (t *Teller) ill(err error, carts int, minor bool) {
	if minor {
		t.log.Debug("carts are tried again", "carts", carts, "err", err)
		return
	}
	if !t.failing {
		t.log.Error("carts not sold, will try again", "carts", carts, "err", err)
	}
	t.failing = true
}

func (t *Teller) well() {
	if t.failing {
		t.log.Info("carts are sold again")
	}
	t.failing = false
}
