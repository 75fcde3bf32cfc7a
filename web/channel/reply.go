package channel

import (
	"encoding/json"
	"errors"
	"fmt"
)

// OK is a reply that says nothing but "done": {}.
var OK = json.RawMessage("{}")

// ErrUnknownEvent is what HandleIn returns for an event it does not know. The
// client gets {"reason":"unknown event"}, and the channel lives.
var ErrUnknownEvent = errors.New("channel: unknown event")

// Why a channel ended, for [Terminator], and why a push came too late.
var (
	ErrLeft         = errors.New("channel: the client left")
	ErrReplaced     = errors.New("channel: the client joined the topic anew")
	ErrCrashed      = errors.New("channel: a callback panicked")
	ErrSocketClosed = errors.New("channel: the socket is closed")
	ErrStopped      = errors.New("channel: it was told to stop")
	ErrFellBehind   = errors.New("channel: it could not keep up")
)

// ErrTooBusy is what [Socket.Send] returns when too much waits for the channel.
var ErrTooBusy = errors.New("channel: too much waits for the channel")

// ErrTooManyTasks is what [Socket.Go] returns when the channel has as many tasks as
// it may. A HandleIn that returns it answers {"reason":"too many tasks"}.
var ErrTooManyTasks = errors.New("channel: too many tasks")

// Refusal is an error with an answer for the client.
type Refusal struct {
	Response any // encoded as JSON; a json.RawMessage goes out as it is, a [Binary] as bytes
}

// Refuse returns an error that answers a join or an event with the status error
// and the given response, for instance map[string]string{"reason": "not_found"}.
func Refuse(response any) error { return &Refusal{Response: response} }

// Error says what the client is told.
func (r *Refusal) Error() string { return fmt.Sprintf("channel: refused: %v", r.Response) }

// The responses that the protocol gives by itself.
var (
	unmatchedTopic  = reason("unmatched topic")
	unknownEvent    = reason("unknown event")
	joinCrashed     = reason("join crashed")
	tooManyChannels = reason("too many channels joined")
	tooBusy         = reason("too busy")
	tooManyTasks    = reason("too many tasks")
	internalError   = reason("internal error")
	channelCrash    = reason("channel_crash")
	noBinary        = reason("binary payloads need vsn 2.0.0")
	binaryParams    = reason("join params must be JSON")
	replaced        = reason("replaced by another join")
	tooLong         = reason("topic or join_ref longer than 255 bytes")
)

func reason(text string) json.RawMessage { return json.RawMessage(`{"reason":"` + text + `"}`) }

// The two statuses of a phx_reply.
const (
	statusOK    = "ok"
	statusError = "error"
)

// response finds the status and the response for what a callback returned. It
// always has one; err says what had to be hidden from the client.
func (s *Server) response(reply any, failed error) (status string, response json.RawMessage, err error) {
	if failed == nil {
		if response, err = encodeJSON(reply); err != nil {
			return statusError, internalError, fmt.Errorf("encode reply: %w", err)
		}
		return statusOK, response, nil
	}
	if refusal, ok := errors.AsType[*Refusal](failed); ok {
		if response, err = encodeJSON(refusal.Response); err != nil {
			return statusError, internalError, fmt.Errorf("encode refusal: %w", err)
		}
		return statusError, response, nil
	}
	if errors.Is(failed, ErrUnknownEvent) {
		return statusError, unknownEvent, nil
	}
	if errors.Is(failed, ErrTooManyTasks) {
		return statusError, tooManyTasks, nil
	}
	if s.cfg.ErrorResponse != nil {
		if known := s.cfg.ErrorResponse(failed); known != nil {
			return s.response(nil, Refuse(known))
		}
	}
	return statusError, internalError, failed
}
