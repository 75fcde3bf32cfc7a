package conns

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"time"

	"sneakers23/app/sleep"
)

// Drainer is the set of what is open at a server, its members: connections, or readers of a feed.
// When the server stops, Drain closes them in slices, so that their peers do not all come back at
// once elsewhere. All methods may be called from any goroutine.
type Drainer[T Member] struct {
	cfg DrainerConfig

	mu       sync.Mutex
	open     map[T]struct{}
	draining bool
	running  sync.WaitGroup // one for each in open
}

// Member is what a Drainer keeps.
type Member interface {
	comparable
	// Restart ends the member because the server stops, and reports whether it had not
	// ended before. It returns at once, and must not call the drainer: that holds its lock.
	Restart() bool
}

// DrainerConfig says how a Drainer drains.
type DrainerConfig struct {
	What  string       // the members, in words for the log, such as "sockets"
	Log   *slog.Logger // must be set; it gets one line for each slice
	Share float64      // of the members are closed in a second
	Least int          // but at least so many
}

// NewDrainer returns an empty set.
func NewDrainer[T Member](cfg DrainerConfig) *Drainer[T] {
	return &Drainer[T]{cfg: cfg, open: make(map[T]struct{})}
}

// Count returns how many members there are.
func (d *Drainer[T]) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}

// Draining reports whether Drain was called.
func (d *Drainer[T]) Draining() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.draining
}

// Admit makes one a member until Forget. It reports false once Drain was called.
func (d *Drainer[T]) Admit(one T) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.draining {
		return false
	}
	d.open[one] = struct{}{}
	d.running.Add(1)
	return true
}

// Forget is called once by each member, as its last act.
func (d *Drainer[T]) Forget(one T) {
	d.mu.Lock()
	delete(d.open, one)
	d.mu.Unlock()
	d.running.Done()
}

// Drain admits no more members and restarts those there are, a slice and then a second of rest: a
// ticker would make up for one that came late. When ctx ends before, it restarts the others at
// once, and returns ctx's cause. It does not wait for their end: see Wait.
func (d *Drainer[T]) Drain(ctx context.Context) error {
	d.mu.Lock()
	d.draining = true
	slice := max(d.cfg.Least, int(d.cfg.Share*float64(len(d.open))))
	d.mu.Unlock()
	for d.closeSome(slice) {
		if err := sleep.For(ctx, time.Second); err != nil {
			d.closeSome(math.MaxInt)
			return err
		}
	}
	return nil
}

// closeSome restarts up to n members, and reports whether there are others.
func (d *Drainer[T]) closeSome(n int) (more bool) {
	closed, left := d.restartSome(n)
	if closed > 0 {
		d.cfg.Log.Info("closing "+d.cfg.What, "closed", closed, "left", left)
	}
	return left > 0
}

func (d *Drainer[T]) restartSome(n int) (closed, left int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	left = len(d.open)
	for one := range d.open {
		if closed == n {
			break
		}
		if one.Restart() {
			closed++
		}
		left--
	}
	return closed, left
}

// Wait returns when every member has called Forget. By then Drain must have been called.
func (d *Drainer[T]) Wait() { d.running.Wait() }
