// Package waittest waits for what a test expects to happen, for as long as the machine at hand may
// need.
//
// A deadline in a test is there to end a hang, and must not judge how fast a machine is. So all
// tests that wait for something in real time share one [Limit]: two minutes on the machine of
// docs/performance.md, and more on a slower one. Each wait names what it waits for. Times inside a
// testing/synctest bubble are virtual and need none of this.
package waittest

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// patient is the limit on a machine of the reference speed. Most waits end within a second there.
const patient = 2 * time.Minute

// Limit is how long a test waits for anything before it fails: two minutes times [Factor].
func Limit() time.Duration { return Scaled(patient) }

// Scaled is a duration of the reference machine on this one: d times [Factor].
func Scaled(d time.Duration) time.Duration { return time.Duration(float64(d) * Factor()) }

// Receive returns the next value of the channel. The test fails at once if none comes within the
// limit or if the channel is closed. It is called on the test's goroutine.
func Receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	late := time.NewTimer(Limit())
	defer late.Stop()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatalf("the channel of %s was closed", what)
		}
		return v
	case <-late.C:
		t.Fatalf("not within %v: %s", Limit(), what)
		panic("unreachable")
	}
}

// Done returns when the channel is closed or has a value, and fails the test at once if neither
// happens within the limit. It is called on the test's goroutine.
func Done[T any](t testing.TB, what string, c <-chan T) {
	t.Helper()
	late := time.NewTimer(Limit())
	defer late.Stop()
	select {
	case <-c:
	case <-late.C:
		t.Fatalf("not within %v: %s", Limit(), what)
	}
}

// pollEvery is how often Until looks.
const pollEvery = 10 * time.Millisecond

// Until returns when the condition holds, and fails the test at once if it does not within the
// limit. It is for what no event reports, and is called on the test's goroutine. The condition is
// checked every 10 ms, at least twice.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	began := time.Now()
	for last := false; !condition(); <-tick.C {
		if last {
			t.Fatalf("not within %v: %s", Limit(), what)
		}
		last = time.Since(began) > Limit() // and one more look: the process may have been stopped meanwhile
	}
	t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
}

// Context returns a context that ends after the limit, with a cause that names what was waited for.
// It ends with the test at the latest.
func Context(t testing.TB, what string) context.Context {
	t.Helper()
	return within(t, context.Background(), what)
}

func within(t testing.TB, parent context.Context, what string) context.Context {
	ctx, cancel := context.WithTimeoutCause(parent, Limit(), fmt.Errorf("not within %v: %s", Limit(), what))
	t.Cleanup(cancel)
	return ctx
}
