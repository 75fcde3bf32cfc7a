package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// What [Committer.Submit] returns beside the refusals of operations.
var (
	// ErrFailed says that the database refused the operation after its facts had been read under
	// the locks: it was not carried out. The error of the database is wrapped beside it.
	ErrFailed = errors.New("ledger: could not be completed")

	// ErrUnknown says that it is not known here whether the operation was carried out.
	ErrUnknown = errors.New("ledger: not known whether it was done")

	// ErrNotDone says that this committer has not carried out the operation, and will not. It is a
	// kind of ErrUnknown, since another one may have carried out the same.
	ErrNotDone = fmt.Errorf("%w: nothing was done here", ErrUnknown)

	// ErrBusy says that too many operations wait already. It is a kind of ErrNotDone.
	ErrBusy = fmt.Errorf("%w: too many wait", ErrNotDone)
)

// aborted wraps the error of a statement before COMMIT in a transaction whose facts had been read:
// neither it nor an attempt before it was committed.
type aborted struct{ error }

func (e aborted) Unwrap() error { return e.error }

// inDoubt wraps an error after which the transaction may have been committed.
type inDoubt struct{ error }

func (e inDoubt) Unwrap() error { return e.error }

// notSent wraps an error that came before the first statement: there was no connection.
type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }

// unexpectedRollback is the answer to a COMMIT that was not carried out, without a reason.
type unexpectedRollback struct{ error }

// maxRetries bounds the attempts after an error that may be transient, and may have a reason.
const maxRetries = 5

// retryable reports whether the same batch may succeed at another attempt: the connection or the
// server went away, another transaction held a row, or has bought one of the lines at the same
// moment. An attempt in doubt is always followed by another one, which finds its outcome.
func retryable(err error, attempt int) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch code := pg.Code; {
		case pgerrcode.IsConnectionException(code), pgerrcode.IsTransactionRollback(code),
			pgerrcode.IsOperatorIntervention(code), pgerrcode.IsSystemError(code),
			pgerrcode.IsInsufficientResources(code) && code != pgerrcode.DiskFull,
			code == pgerrcode.LockNotAvailable, code == pgerrcode.IdleInTransactionSessionTimeout,
			code == pgerrcode.ReadOnlySQLTransaction: // the next connection may reach the primary
			return true
		case code == pgerrcode.UniqueViolation, // the other transaction has committed: the next read finds it
			code == pgerrcode.FeatureNotSupported: // a plan that a schema step has made invalid
			return attempt < maxRetries
		}
	} else if isConnectionLost(err) {
		return true
	}
	return attempt < maxRetries && (errors.As(err, new(inDoubt)) || errors.As(err, new(unexpectedRollback)))
}

// isConnectionLost reports whether an error is one of the connection, and not of what was sent.
func isConnectionLost(err error) bool {
	for _, gone := range []error{
		context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return errors.As(err, new(notSent)) || errors.As(err, new(net.Error)) || pgconn.SafeToRetry(err)
}

// concernsAll reports whether an error would meet every other batch too: a statement or a table
// that is wrong, missing rights, a full disk. To halve the batch would not help.
func concernsAll(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgerrcode.IsSyntaxErrororAccessRuleViolation(pg.Code) ||
		pgerrcode.IsInvalidAuthorizationSpecification(pg.Code) ||
		pgerrcode.IsInvalidCatalogName(pg.Code) || pgerrcode.IsInvalidSchemaName(pg.Code) ||
		pg.Code == pgerrcode.DiskFull || pg.Code == pgerrcode.FeatureNotSupported)
}

// isLockTimeout reports whether another transaction held a row for longer than this one waits.
func isLockTimeout(err error) bool {
	// by an operator, most likely for the same reason
	return isCode(err, pgerrcode.LockNotAvailable) || isCode(err, pgerrcode.QueryCanceled)
}

func isCode(err error, code string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == code
}
