package presence

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// fragile is a tracker whose OnDiff panics when a test wants it.
type fragile struct {
	*Tracker
	cancel context.CancelFunc
	ended  chan error
	shown  map[string]bool
	told   []string
	panics int // how many times it will
	gate   chan struct{}
}

// startFragile must be called within synctest.Test. serve runs it again.
func startFragile(t *testing.T) *fragile {
	t.Helper()
	f := &fragile{ended: make(chan error, 1), shown: make(map[string]bool), gate: make(chan struct{})}
	close(f.gate)
	var err error
	f.Tracker, err = New(Options{Name: "a", OnDiff: f.onDiff})
	if err != nil {
		t.Fatal(err)
	}
	f.serve()
	return f
}

func (f *fragile) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go func() { f.ended <- f.Serve(ctx) }()
}

// onDiff shows what a client would.
func (f *fragile) onDiff(diffs map[string]Diff) {
	for _, p := range diffs["room"].Joins {
		f.shown[p.Ref()] = true
		f.told = append(f.told, "+"+p.Key)
	}
	for _, p := range diffs["room"].Leaves {
		delete(f.shown, p.Ref())
		f.told = append(f.told, "-"+p.Key)
	}
	<-f.gate
	if f.panics > 0 {
		f.panics--
		panic("on purpose")
	}
}

func (f *fragile) stop(t *testing.T) {
	t.Helper()
	f.cancel()
	if err := <-f.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Serve ended with %v", err)
	}
}

// TestServedAgain lets OnDiff panic: Serve fails, and when it is called again all is known and goes
// on.
func TestServedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := startFragile(t)
		f.panics = 1
		ann, gone := context.WithCancel(t.Context())
		o := f.NewOwner(ann)
		for _, key := range []string{"ann", "amy"} {
			if _, err := o.Track("room", key, struct{}{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if key == "ann" {
				if err := <-f.ended; err == nil || !strings.Contains(err.Error(), "on purpose") {
					t.Errorf("Serve ended with %v", err)
				}
				f.serve()
			}
		}
		if got := strings.Join(f.told, " "); got != "+ann +ann +amy" {
			t.Errorf("told %s", got)
		}
		if list, err := f.List("room"); err != nil || len(list) != 2 {
			t.Errorf("it lists %d, %v", len(list), err)
		}
		f.panics = 1
		if _, err := o.Update("room", "amy", map[string]int{"n": 2}); err != nil {
			t.Error(err)
		}
		<-f.ended
		gone() // while Serve does not run, for longer than a caller would wait
		time.Sleep(2 * patience)
		f.serve()
		synctest.Wait()
		if list, err := f.List("room"); err != nil || len(list) != 0 || len(f.shown) != 0 {
			t.Errorf("their owner has ended; it lists %d, shows %d, %v", len(list), len(f.shown), err)
		}
		if err := f.GracefulPermdown(t.Context()); err != nil {
			t.Error(err)
		}
		f.stop(t)
	})
}

// TestToldInOrder has something go while OnDiff is told that it has come, and panics over it.
func TestToldInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := startFragile(t)
		f.panics, f.gate = 1, make(chan struct{})
		o := f.NewOwner(t.Context())
		if _, err := o.Track("room", "ann", struct{}{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := o.Untrack("room", "ann"); err != nil {
			t.Fatal(err)
		}
		close(f.gate)
		<-f.ended
		f.serve()
		synctest.Wait()
		if got := strings.Join(f.told, " "); got != "+ann +ann -ann" {
			t.Errorf("told %s", got)
		}
		f.stop(t)
	})
}

// TestFollowsAList takes a list while OnDiff is at work, as a client does that joins then, and
// follows the diffs from there on.
func TestFollowsAList(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Owner) error{
		"leave":  func(o *Owner) error { return o.Untrack("room", "ann") },
		"update": func(o *Owner) error { _, err := o.Update("room", "ann", map[string]int{"n": 2}); return err },
		"back": func(o *Owner) error {
			_, err := o.Track("room", "amy", struct{}{})
			return errors.Join(err, o.Untrack("room", "ann"))
		},
	} {
		for _, by := range []string{"List", "GetByKey"} {
			synctest.Test(t, func(t *testing.T) {
				f := startFragile(t)
				f.gate = make(chan struct{})
				o := f.NewOwner(t.Context())
				for _, at := range [][2]string{{"hall", "x"}, {"room", "ann"}} {
					if _, err := o.Track(at[0], at[1], struct{}{}); err != nil {
						t.Fatal(err)
					}
					synctest.Wait() // OnDiff is at work over the first
				}
				take := map[string]func() ([]*Presence, error){
					"List":     func() ([]*Presence, error) { return f.List("room") },
					"GetByKey": func() ([]*Presence, error) { return f.GetByKey("room", "ann") },
				}[by]
				list, err := take()
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range list {
					f.shown[p.Ref()] = true
				}
				if err := change(o); err != nil {
					t.Fatal(err)
				}
				close(f.gate)
				synctest.Wait()
				now, err := f.List("room")
				if err != nil || len(now) != len(f.shown) {
					t.Errorf("%s after %s: it lists %d, who follows has %v, %v", name, by, len(now), f.shown, err)
				}
				for _, p := range now {
					if !f.shown[p.Ref()] {
						t.Errorf("%s after %s: %s is not followed", name, by, p.Key)
					}
				}
				f.stop(t)
			})
		}
	}
}

// TestNotTold comes and goes while OnDiff is at work, and no List shows it.
func TestNotTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := startFragile(t)
		f.gate = make(chan struct{})
		o := f.NewOwner(t.Context())
		for _, key := range []string{"ann", "bob"} {
			if _, err := o.Track("room", key, struct{}{}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := o.Untrack("room", "bob"); err != nil {
			t.Fatal(err)
		}
		close(f.gate)
		synctest.Wait()
		if got := strings.Join(f.told, " "); got != "+ann" {
			t.Errorf("told %s", got)
		}
		f.stop(t)
	})
}

// TestNobodyServes lets no caller wait for ever.
func TestNobodyServes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := startFragile(t)
		f.panics = 1
		ann, gone := context.WithCancel(t.Context())
		o := f.NewOwner(ann)
		if _, err := o.Track("room", "ann", struct{}{}); err != nil {
			t.Fatal(err)
		}
		<-f.ended
		began := time.Now()
		if _, err := f.List("room"); !errors.Is(err, ErrBusy) || time.Since(began) != patience {
			t.Errorf("list: %v after %v", err, time.Since(began))
		}
		gone()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := f.GracefulPermdown(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("goodbye: %v", err)
		}
		synctest.Wait() // who waits for ann's end is free: else the bubble does not end
		if _, err := f.List("room"); !errors.Is(err, ErrStopped) {
			t.Errorf("afterwards: %v", err)
		}
		f.cancel()
	})
}

// TestOwnerEndsWhileItWaits ends an owner whose calls wait for a tracker that is not served.
func TestOwnerEndsWhileItWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker, err := New(Options{Name: "node"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, gone := context.WithCancel(t.Context())
		o := tracker.NewOwner(ctx)
		began := time.Now()
		time.AfterFunc(time.Second, gone)
		if _, err := o.Track("room", "ann", struct{}{}); !errors.Is(err, ErrEnded) || time.Since(began) != time.Second {
			t.Errorf("tracked: %v after %v, want ErrEnded after a second", err, time.Since(began))
		}
		if _, err := o.Update("room", "ann", struct{}{}); !errors.Is(err, ErrEnded) {
			t.Errorf("updated: %v, want ErrEnded", err)
		}
		tracker.stop() // frees the goroutine that untracks ann, else the bubble does not end
	})
}

// TestChangePanics is the caller's affair alone.
func TestChangePanics(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		o := a.track(t, "ann")
		func() {
			defer func() {
				if p := recover(); p != "of the caller" {
					t.Errorf("recovered %v", p)
				}
			}()
			_, _ = o.UpdateFunc("room", "ann", func(json.RawMessage) (any, error) { panic("of the caller") })
		}()
		a.has(t, "afterwards", "ann")
	})
}
