package cluster

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// TestNATSLog checks the level at which an operator reads what NATS logs.
func TestNATSLog(t *testing.T) {
	t.Parallel()
	refused := errors.New("connection refused")
	for _, tt := range []struct {
		format string
		args   []any
		level  string
		denied bool
	}{
		{callFailed, []any{1, refused}, "INFO", false},
		{callFailed, []any{callsAMinute, refused}, "WARN", false},
		{callFailed, nil, "WARN", false},
		{"10.0.0.1:6222 - rid:7 - Error flushing: %v", []any{errors.New("broken pipe")}, "DEBUG", false},
		{"10.0.0.1:6222 - rid:7 - Route Error %s", []any{"'Authorization Violation'"}, "WARN", true},
		{"something else", nil, "WARN", false},
	} {
		var b bytes.Buffer
		denied := false
		log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
		l := natsLog{log: log, refused: func() { denied = true }}
		l.Errorf(tt.format, tt.args...)
		lines := b.String()
		if !strings.Contains(lines, "level="+tt.level+" ") || strings.Count(lines, "\n") != 1 || denied != tt.denied {
			t.Errorf("%q %v: refused %v, logged %s", tt.format, tt.args, denied, lines)
		}
	}
}
