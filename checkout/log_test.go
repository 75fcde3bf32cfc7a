package checkout

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"sneakers23/app/waittest"
)

// eventLog keeps what a teller logs, at all levels, for tests that read it meanwhile.
type eventLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *eventLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *eventLog) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (l *eventLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// trouble is what was logged beside sales.
func (l *eventLog) trouble() (lines string) {
	for line := range strings.Lines(l.String()) {
		if !strings.Contains(line, "msg=sold ") {
			lines += line
		}
	}
	return lines
}

// count is how often a text was logged.
func (l *eventLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(text))
}

// setAside is logged when a teller has waited for a row in vain, and no cart was set aside yet.
const setAside = "carts wait for rows that somebody holds for too long"

// untilSetAside returns when a teller has set carts aside.
func (l *eventLog) untilSetAside(t testing.TB) {
	t.Helper()
	waittest.Until(t, "the teller waits for a held row in vain", func() bool { return l.count(setAside) > 0 })
}
