//go:build !linux

package channel

import (
	"log/slog"
	"time"
)

const haveLoops = false

// loops are for Linux: here all wires are parked.
type loops struct {
	wanted bool
	silent time.Duration
	log    *slog.Logger
}

func (*loops) add(*wire) bool { return false }

func (*loops) stop() {}

type loop struct{}

func (*loop) remove(*wire) {}
