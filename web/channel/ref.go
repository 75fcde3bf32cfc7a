package channel

import (
	"encoding/json"
	"errors"
	"sync/atomic"
)

// ErrReplied is what a [Ref] returns when its event was answered already.
var ErrReplied = errors.New("channel: the event was answered already")

// Ref answers one event, now or later: HandleIn keeps it, returns neither reply nor
// error, and whoever has the answer gives it, from any goroutine and in any order.
//
// An event is answered once. A second answer returns [ErrReplied] and is dropped,
// and so is one to a channel that has ended: it returns the reason.
type Ref struct {
	s       *Socket
	event   string
	ref     json.RawMessage
	replied atomic.Bool
}

// Reply answers with the status ok, nil as {}.
func (r *Ref) Reply(response any) error { return r.answer(response, nil) }

// Refuse answers with the status error and the given response.
func (r *Ref) Refuse(response any) error { return r.answer(nil, Refuse(response)) }

// Fail answers with the status error, with what the error is worth to the client: as
// if HandleIn had returned it.
func (r *Ref) Fail(err error) error { return r.answer(nil, err) }

func (r *Ref) answer(reply any, failed error) error {
	if r.replied.Swap(true) {
		return ErrReplied
	}
	return r.s.send(r.s.answer(r.s.joinRef, &message{event: r.event, ref: r.ref}, reply, failed))
}
