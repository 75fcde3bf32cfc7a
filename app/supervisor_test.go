package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

type crashing struct{}

func (crashing) String() string              { return "crashing" }
func (crashing) Serve(context.Context) error { panic("bad luck") }

func TestTooManyFailuresEndTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, cancel := context.WithCancelCause(t.Context())
		s := newSupervisor(slog.New(slog.NewTextHandler(&log, nil)), cancel)
		s.Add(crashing{})
		<-s.ServeBackground(ctx)
		if err := context.Cause(ctx); !errors.Is(err, ErrTooManyFailures) {
			t.Errorf("ended with %v, want ErrTooManyFailures", err)
		}
		for _, want := range []string{"service=crashing", "bad luck", "supervisor_test.go"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%q is not in the log:\n%s", want, log.String())
			}
		}
	})
}
