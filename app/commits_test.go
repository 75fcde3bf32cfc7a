package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// tried is a database that commits or does not.
type tried struct {
	*commits
	works atomic.Bool
	tries atomic.Int32
	log   bytes.Buffer // of one goroutine, which stop waits for
}

func serveCommits(t *testing.T) (_ *tried, stop func()) {
	d := new(tried)
	d.commits = newCommits(func(context.Context) error {
		d.tries.Add(1)
		if d.works.Load() {
			return nil
		}
		return errors.New("could not extend file: No space left on device")
	}, slog.New(slog.NewTextHandler(&d.log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Serve(ctx)
	}()
	return d, func() { cancel(); <-done }
}

func TestNothingIsCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stop := serveCommits(t)
		time.Sleep(time.Hour)
		if d.tries.Load() != 0 || d.stopped() {
			t.Errorf("%d tries in quiet times, stopped is %v", d.tries.Load(), d.stopped())
		}
		d.attempted(false)
		time.Sleep(1900 * time.Millisecond)
		if d.stopped() {
			t.Error("the node is not ready before its time")
		}
		time.Sleep(200 * time.Millisecond)
		if !d.stopped() {
			t.Error("nothing was committed for two seconds, and the node is ready")
		}
		time.Sleep(time.Minute)
		if n := d.tries.Load(); n < 55 || n > 65 {
			t.Errorf("%d tries in a minute, want one a second", n)
		}
		d.works.Store(true)
		time.Sleep(1100 * time.Millisecond)
		if d.stopped() {
			t.Error("the small write succeeds, and the node is not ready")
		}
		tries := d.tries.Load()
		time.Sleep(time.Hour)
		if d.tries.Load() != tries {
			t.Error("it is tried on when all is well")
		}
		stop()
		if log := d.log.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "No space left") ||
			!strings.Contains(log, "commits again") {
			t.Errorf("the log says\n%s", log)
		}
	})
}

// A cart that cannot be written for a reason of its own, again and again, makes no node unready.
func TestOneBadCart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stop := serveCommits(t)
		d.works.Store(true)
		for range 100 {
			d.attempted(false)
			time.Sleep(100 * time.Millisecond)
			if d.stopped() {
				t.Fatal("the node is not ready")
			}
		}
		stop()
		if log := d.log.String(); log != "" {
			t.Errorf("the log says\n%s", log)
		}
	})
}

// A purchase that is committed is as good as a try.
func TestPurchaseEndsTheTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, stop := serveCommits(t)
		d.attempted(false)
		time.Sleep(10 * time.Second)
		if !d.stopped() {
			t.Error("the node is ready")
		}
		d.attempted(true)
		if d.stopped() {
			t.Error("the node is not ready")
		}
		stop()
	})
}
