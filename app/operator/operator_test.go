package operator

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestPanicOfACommandIsAnAnswer(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	_, err := protect(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), "test", none{},
		func(context.Context, none) (none, error) { panic("bad luck") })
	if !errors.Is(err, errCommandCrashed) {
		t.Errorf("got %v, want errCommandCrashed", err)
	}
	if !strings.Contains(log.String(), "bad luck") || !strings.Contains(log.String(), "operator_test.go") {
		t.Errorf("the panic and its stack are not in the log: %s", log.String())
	}
}
