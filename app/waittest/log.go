package waittest

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// Log keeps what is logged, at all levels, for tests that read it meanwhile. Its zero value is
// ready.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Logger returns a logger that writes here.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// String returns all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Without returns the lines that do not hold a text.
func (l *Log) Without(text string) (lines string) {
	for line := range strings.Lines(l.String()) {
		if !strings.Contains(line, text) {
			lines += line
		}
	}
	return lines
}

// Count returns how often a text was logged.
func (l *Log) Count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(text))
}

// Until returns when a text was logged.
func (l *Log) Until(t testing.TB, text string) {
	t.Helper()
	Until(t, fmt.Sprintf("%q is logged", text), func() bool { return l.Count(text) > 0 })
}
