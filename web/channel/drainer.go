package channel

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"
)

// drainer keeps what is open, the sockets of a server or the readers of a feed, until
// it is drained.
type drainer[T drained] struct {
	what  string // they are, in words for the log
	log   *slog.Logger
	share float64 // of them are closed in a second
	least int     // but at least so many

	mu       sync.Mutex
	open     map[T]struct{}
	draining bool
	running  sync.WaitGroup // one for each in open
}

type drained interface {
	comparable
	// restart ends it because the server stops; false means that it had ended. It
	// returns at once.
	restart() bool
}

func newDrainer[T drained](what string, log *slog.Logger, share float64, least int) *drainer[T] {
	return &drainer[T]{what: what, log: log, share: share, least: least, open: make(map[T]struct{})}
}

func (d *drainer[T]) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}

func (d *drainer[T]) isDraining() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.draining
}

// admit registers one, unless it is too late.
func (d *drainer[T]) admit(one T) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return false
	}
	d.open[one] = struct{}{}
	d.running.Add(1)
	return true
}

// forget is called by each as its last act.
func (d *drainer[T]) forget(one T) {
	d.mu.Lock()
	delete(d.open, one)
	d.mu.Unlock()
	d.running.Done()
}

// drain ends all, a slice and then a second of rest: a ticker would make up for one
// that came late. The log tells of each slice. When ctx ends before, it ends the
// others at once, and returns ctx's cause. It does not wait for them: see wait.
func (d *drainer[T]) drain(ctx context.Context) error {
	d.mu.Lock()
	d.draining = true
	slice := max(d.least, int(d.share*float64(len(d.open))))
	d.mu.Unlock()
	for d.closeSome(slice) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			d.closeSome(math.MaxInt)
			return context.Cause(ctx)
		}
	}
	return nil
}

// closeSome ends up to n, and reports whether there are others.
func (d *drainer[T]) closeSome(n int) (more bool) {
	closed, left := d.restartSome(n)
	if closed > 0 {
		d.log.Info("closing "+d.what, "closed", closed, "left", left)
	}
	return left > 0
}

func (d *drainer[T]) restartSome(n int) (closed, left int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left = len(d.open)
	for one := range d.open {
		if closed == n {
			break
		}
		if one.restart() {
			closed++
		}
		left--
	}
	return closed, left
}

// wait returns when the last has been forgotten. By then drain must have been called.
func (d *drainer[T]) wait() { d.running.Wait() }

// atOnce is the context of those who have no patience.
func atOnce() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
