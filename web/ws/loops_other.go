//go:build !linux

package ws

import (
	"log/slog"
	"time"
)

// HaveLoops reports whether this platform has Loops.
const HaveLoops = false

// Loops are for Linux: here all connections are parked.
type Loops struct{}

// NewLoops returns loops that take no connection.
func NewLoops(time.Duration, *slog.Logger) *Loops { return &Loops{} }

// Add reports that the connection is to be parked.
func (*Loops) Add(*Conn) bool { return false }

// Stop does nothing.
func (*Loops) Stop() {}

type loop struct{}

func (*loop) remove(*Conn) {}
