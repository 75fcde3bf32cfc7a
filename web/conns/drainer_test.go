package conns

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// door is a member that ends at once, unless it is held.
type door struct {
	drainer *Drainer[*door]
	ended   atomic.Bool
	at      time.Time
	held    chan struct{} // nil: ends at once
}

func (d *door) Restart() bool {
	if d.ended.Swap(true) {
		return false
	}
	d.at = time.Now()
	go func() {
		if d.held != nil {
			<-d.held
		}
		d.drainer.Forget(d)
	}()
	return true
}

func newDoors(t *testing.T, n int, share float64, least int) (*Drainer[*door], []*door) {
	t.Helper()
	drainer := NewDrainer[*door](DrainerConfig{
		What: "doors", Log: slog.New(slog.DiscardHandler), Share: share, Least: least,
	})
	all := make([]*door, n)
	for i := range all {
		all[i] = &door{drainer: drainer}
		if !drainer.Admit(all[i]) {
			t.Fatal("not admitted")
		}
	}
	return drainer, all
}

// Drain restarts the larger of the share and the least number in each second.
func TestDrainerInSlices(t *testing.T) {
	for name, tt := range map[string]struct {
		share float64
		least int
		want  []int // restarted at each second
	}{
		"share": {0.1, 3, []int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4}},
		"least": {0.05, 15, []int{15, 15, 10}},
		"all":   {1, 1, []int{40}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drainer, all := newDoors(t, 40, tt.share, tt.least)
				began := time.Now()
				if err := drainer.Drain(context.Background()); err != nil {
					t.Error(err)
				}
				drainer.Wait()
				got := make([]int, len(tt.want))
				for _, d := range all {
					second := int(d.at.Sub(began) / time.Second)
					if second >= len(got) {
						t.Fatalf("one was restarted after %v", d.at.Sub(began))
					}
					got[second]++
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("restarted in each second: %v, want %v", got, tt.want)
						break
					}
				}
				if n := drainer.Count(); n != 0 {
					t.Errorf("%d are left", n)
				}
			})
		})
	}
}

// When its context ends, Drain restarts all that are left, and returns the cause.
func TestDrainerCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drainer, all := newDoors(t, 10, 0, 1)
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, why)
		defer cancel()
		if err := drainer.Drain(ctx); err != why {
			t.Errorf("Drain returned %v, want %v", err, why)
		}
		drainer.Wait()
		for i, d := range all {
			if !d.ended.Load() {
				t.Errorf("door %d was not restarted", i)
			}
		}
	})
}

// A member that has ended by itself, but has not called Forget yet, takes no place in a slice; Wait
// waits for it all the same.
func TestDrainerWaitsForMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drainer, all := newDoors(t, 2, 0, 1)
		held := make(chan struct{})
		all[0].held = held
		all[0].Restart()
		drainer.Drain(t.Context())
		if took := all[1].at.Sub(all[0].at); took != 0 {
			t.Errorf("a member waited %v for one that had ended", took)
		}
		waited := make(chan struct{})
		go func() {
			drainer.Wait()
			close(waited)
		}()
		time.Sleep(time.Hour)
		select {
		case <-waited:
			t.Error("Wait has returned before the last Forget")
		default:
		}
		close(held)
		<-waited
	})
}

func TestDrainerAdmitsNoneWhileDraining(t *testing.T) {
	drainer, _ := newDoors(t, 0, 0, 1)
	if drainer.Draining() {
		t.Error("it is draining")
	}
	drainer.Drain(t.Context())
	if !drainer.Draining() || drainer.Admit(&door{drainer: drainer}) {
		t.Error("one was admitted after Drain")
	}
}
