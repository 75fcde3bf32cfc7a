package picture

import (
	"context"
	"errors"
)

// ErrBusy says that too many pictures are being made already.
var ErrBusy = errors.New("picture: too many pictures at once: try again in a moment")

// maxWaiting is how many callers may wait for their turn, each of which holds a photo.
const maxWaiting = 8

// Maker makes one picture at a time, whoever asks. Its methods may be called from any goroutine.
type Maker struct {
	turn    chan struct{} // buffer 1: the one that is made
	waiting chan struct{} // buffer maxWaiting, for those that wait and the one that is made
}

// NewMaker makes a Maker that is idle.
func NewMaker() *Maker {
	return &Maker{make(chan struct{}, 1), make(chan struct{}, maxWaiting)}
}

// Make makes a picture of a photo when its turn has come, see the function [Make]. The error is an
// *Error, ErrBusy, or that of ctx.
func (m *Maker) Make(ctx context.Context, data []byte) (Picture, error) {
	select {
	case m.waiting <- struct{}{}:
		defer func() { <-m.waiting }()
	default:
		return Picture{}, ErrBusy
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
		return Make(data)
	case <-ctx.Done():
		return Picture{}, context.Cause(ctx)
	}
}
