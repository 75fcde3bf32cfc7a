package checkout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/inventory"
)

// A doubt is an error after which nobody knows whether the transaction was committed.
type doubt struct{ error }

func (d doubt) Unwrap() error { return d.error }

// sell sells to the batch and answers everybody in it, or sets them aside. What fails by bad luck is tried again; what
// fails for a reason is halved until the one bad cart is alone. After a doubt the same carts run again before anybody is
// answered: their row locks wait for the transaction in doubt, and the look that follows them sees what became of it.
func (t *Teller) sell(ctx context.Context, batch []*ticket) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.cfg.Patience, errPatience)
	defer cancel()
	until, _ := ctx.Deadline()
	for _, waits := range batch {
		if waits.until.IsZero() {
			waits.until = until
		}
	}
	t.sellWithin(ctx, batch)
}

var errPatience = errors.New("not within the teller's patience")

func (t *Teller) sellWithin(ctx context.Context, batch []*ticket) {
	pause := 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		if batch = t.parkStuck(batch); len(batch) == 0 {
			return
		}
		s, err := t.try(ctx, batch)
		if err == nil {
			t.announce(ctx, s.changes)
			t.well()
			if s.wrote { // else it is not known whether anything can be
				t.cfg.Attempted(true)
			}
			for i, waits := range batch {
				waits.tell(s.answers[i])
			}
			t.logOrders(batch, s.answers) // after the answers: nobody waits for a log
			return
		}
		t.cfg.Attempted(false)
		again := luck(err, attempt)
		t.ill(err, len(batch), again && attempt == 1)
		switch {
		case ctx.Err() != nil:
			giveUp(batch, err)
			return
		case held(err):
			t.askHeld(ctx, batch)
		case again:
			wait(ctx, pause)
			pause = min(2*pause, time.Second)
		case len(batch) == 1:
			giveUp(batch, err)
			return
		default:
			half := len(batch) / 2
			t.sellWithin(ctx, batch[:half])
			t.sellWithin(ctx, batch[half:])
			return
		}
	}
}

// giveUp answers those for whom nothing more is tried. "Could not" is said only where this very attempt has looked their
// lines up under the locks. Nobody else can say it: another teller may be committing the same form, or have sold it long ago.
func giveUp(batch []*ticket, err error) {
	why := ErrUnknown
	if errors.As(err, new(decided)) && !isCode(err, uniqueViolation) { // whose line it was is in the table behind our look
		why = ErrFailed
	}
	for _, waits := range batch {
		waits.tell(answer{err: fmt.Errorf("%w: %w", why, err)})
	}
}

// enough attempts at what may be bad luck, and may be a reason.
const enough = 5

// luck tells whether the same batch may fare better at another attempt: the connection or the server went away, somebody
// else held a row, or bought one of the lines in the same moment. What is left is a reason, like a refusing CHECK or a value
// that can't be encoded. After a doubt there is a second look in any case.
func luck(err error, attempt int) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code[:2] {
		case "08", "40", "53", "57", "58": // connection, rollback, resources, operator, system
			return true
		}
		switch pg.Code {
		case "55P03", "25P03": // a lock was not to be had, the transaction was silent for too long
			return true
		case uniqueViolation: // who was first has committed: one more look finds his order
			return attempt < enough
		}
	} else if isAway(err) {
		return true
	}
	return attempt < enough && (errors.As(err, new(doubt)) || errors.As(err, new(unsaid)))
}

// isAway tells errors of the line to the database from those of what was to be sent over it.
func isAway(err error) bool {
	for _, gone := range []error{context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return errors.As(err, new(away)) || errors.As(err, new(net.Error)) || pgconn.SafeToRetry(err)
}

// held tells whether somebody else held a row for longer than a transaction waits.
func held(err error) bool {
	const lockNotAvailable, queryCanceled = "55P03", "57014" // the second is what a statement_timeout says of the same
	return isCode(err, lockNotAvailable) || isCode(err, queryCanceled)
}

func isCode(err error, code string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == code
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

// logOrders logs what a batch has made, in sum and without the ids of orders, which are secrets. An
// order that was made before, by the same form, is none of it.
func (t *Teller) logOrders(batch []*ticket, answers []answer) {
	var (
		orders, pairs int
		total         inventory.Cents
	)
	for i, a := range answers {
		if a.err == nil && a.order.ID == batch[i].order.id() {
			orders++
			pairs += len(a.order.Lines)
			total += a.order.Total
		}
	}
	if orders > 0 {
		t.log.Info("sold", "orders", orders, "pairs", pairs, "cents", int64(total))
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
