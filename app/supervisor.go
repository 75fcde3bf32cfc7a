package app

import (
	"errors"
	"log/slog"

	"github.com/thejerf/suture/v4"
)

// ErrTooManyFailures ends a node whose services crash again and again: its operator restarts it.
var ErrTooManyFailures = errors.New("services failed too often, see the log")

// newSupervisor logs what happens to services. suture's own answer to too many failures is a pause;
// ours is to give up, by calling giveUp.
func newSupervisor(log *slog.Logger, giveUp func(error)) *suture.Supervisor {
	return suture.New("node", suture.Spec{
		EventHook: func(event suture.Event) {
			switch e := event.(type) {
			case suture.EventServicePanic:
				log.Error("service panicked", "service", e.ServiceName, "panic", e.PanicMsg, "stack", e.Stacktrace)
			case suture.EventServiceTerminate:
				log.Error("service failed", "service", e.ServiceName, "err", e.Err)
			case suture.EventBackoff:
				giveUp(ErrTooManyFailures)
			case suture.EventStopTimeout:
				log.Error("service does not stop", "service", e.ServiceName)
			}
		},
	})
}
