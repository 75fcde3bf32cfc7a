package sleep_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/sleep"
)

var errOver = errors.New("over")

func TestFor(t *testing.T) {
	for name, test := range map[string]struct {
		pause, ends time.Duration // of the pause and of the context, from now
		takes       time.Duration
		want        error
	}{
		"whole":               {pause: time.Minute, ends: time.Hour, takes: time.Minute},
		"cut short":           {pause: time.Hour, ends: time.Minute, takes: time.Minute, want: errOver},
		"none":                {pause: 0, ends: time.Minute},
		"less than none":      {pause: -time.Hour, ends: time.Minute},
		"after the end":       {pause: time.Hour, ends: -time.Second, want: errOver},
		"none, after the end": {pause: 0, ends: -time.Second, want: errOver},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeoutCause(t.Context(), test.ends, errOver)
				defer cancel()
				began := time.Now()
				err := sleep.For(ctx, test.pause)
				if took := time.Since(began); !errors.Is(err, test.want) || took != test.takes {
					t.Errorf("got %v after %v, want %v after %v", err, took, test.want, test.takes)
				}
			})
		})
	}
}
