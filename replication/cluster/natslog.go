package cluster

import (
	"fmt"
	"log/slog"
	"strings"
)

// natsLog passes on what the embedded server logs. Its notices and warnings are about its own
// start, stop and configuration: debug to us. Only this log shows that another node refuses this
// one.
type natsLog struct {
	log     *slog.Logger
	refused func()
	fatal   chan<- string
}

func (l natsLog) Noticef(f string, v ...any) { l.log.Debug("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Warnf(f string, v ...any)   { l.log.Debug("NATS", "says", fmt.Sprintf(f, v...)) }
func (l natsLog) Debugf(string, ...any)      {}
func (l natsLog) Tracef(string, ...any)      {}

func (l natsLog) Fatalf(f string, v ...any) {
	says := fmt.Sprintf(f, v...)
	l.log.Error("NATS", "says", says)
	select {
	case l.fatal <- says:
	default: // not the first
	}
}

// The errors that the server logs when another node starts, stops or is killed: the format of a
// failed call, with the number of the attempt, and the words of a write to a broken route.
const (
	callFailed = "Error trying to connect to route (attempt %v): %v"
	flushError = "Error flushing: "
)

func (l natsLog) Errorf(f string, v ...any) {
	says := fmt.Sprintf(f, v...)
	switch {
	case f == callFailed && len(v) == 2:
		l.callFailed(v[0], v[1])
		return
	case strings.Contains(says, flushError): // the next call shows that the node is gone
		l.log.Debug("NATS", "says", says)
		return
	case strings.Contains(says, "Route Error") && strings.Contains(says, "Authorization Violation"):
		l.refused()
	}
	l.log.Warn("NATS", "says", says)
}

// callFailed logs that another node could not be called. A failure is normal while the nodes of a
// cluster start and stop, and becomes a warning when it lasts. NATS reports the first attempt, then
// one a minute.
func (l natsLog) callFailed(attempt, err any) {
	if attempt == 1 {
		l.log.Info("a node does not answer, it will be called again", "err", err)
		return
	}
	l.log.Warn("a node has not answered for a while, it will be called again", "attempts", attempt, "err", err)
}
