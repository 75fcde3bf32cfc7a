package device

import (
	"errors"
	"strings"
)

var (
	// ErrUnknownKey and ErrRevoked end Run: the server does not take the key, and waiting does not
	// change that.
	ErrUnknownKey = errors.New("device: the server knows no device with this key")
	ErrRevoked    = errors.New("device: the key was revoked")

	// ErrNoAnswer is the end of a connection whose server did not answer within
	// Config.AnswerWithin.
	ErrNoAnswer = errors.New("device: the server did not answer")

	// ErrRunning is returned by a second Run beside the first.
	ErrRunning = errors.New("device: the client is running already")

	// ErrStopped is returned by Flush when Run has ended. It wraps why Run ended, too.
	ErrStopped = errors.New("device: the client has stopped")

	// ErrTooManyVariables is returned by Set for more than MaxVariables names.
	ErrTooManyVariables = errors.New("device: there are too many variables")
)

// ServerError is an ERROR line of the server. It wraps ErrUnknownKey or ErrRevoked if it refuses
// the key for one of these reasons.
type ServerError struct {
	Reason string // what follows ERROR, at most 1 KiB of it

	cause error
}

// Error repeats the reason.
func (e *ServerError) Error() string { return "device: the server answered: ERROR " + e.Reason }

// Unwrap returns ErrUnknownKey, ErrRevoked, or nil.
func (e *ServerError) Unwrap() error { return e.cause }

// resend reports whether a line was refused that is to be sent again.
func (e *ServerError) resend() bool { return strings.Contains(e.Reason, "send it again") }

// retry reports whether the server could not answer a question at the moment.
func (e *ServerError) retry() bool { return strings.Contains(e.Reason, "try again") }

// longestReason bounds what is kept of an ERROR line.
const longestReason = 1 << 10

// serverError makes an error of an ERROR line.
func serverError(reason string) *ServerError {
	if len(reason) > longestReason {
		reason = strings.ToValidUTF8(reason[:longestReason], "") + "…"
	}
	return &ServerError{Reason: reason}
}

// refusal makes an error of an ERROR line that answers the first line of a connection. The first
// line holds only the key, so a few words of the reason tell whether another attempt makes sense.
func refusal(reason string) *ServerError {
	e := serverError(reason)
	lower := strings.ToLower(e.Reason)
	switch {
	case strings.Contains(lower, "revoked"):
		e.cause = ErrRevoked
	case strings.Contains(lower, "key is unknown"), strings.Contains(lower, "unknown key"):
		e.cause = ErrUnknownKey
	}
	return e
}
