package presence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// inBubble runs a test in which time is virtual.
func inBubble(t *testing.T, test func(t *testing.T, w *wire)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		defer w.stop()
		test(t, w)
	})
}

const (
	period   = 1500 * time.Millisecond // the default of BroadcastPeriod
	down     = 30 * time.Second
	permdown = 20 * time.Minute
)

func TestTrackedEverywhere(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		o := a.track(t, "ann", "bob")
		b.track(t, "cid")
		a.has(t, "at once", "ann bob")
		time.Sleep(period)
		a.has(t, "after a period", "ann bob cid")
		b.has(t, "after a period", "ann bob cid")
		if err := o.Untrack("room", "bob"); err != nil {
			t.Error(err)
		}
		time.Sleep(period)
		b.has(t, "when one was untracked", "ann cid")
		if err := o.UntrackAll(); err != nil {
			t.Error(err)
		}
		time.Sleep(period)
		b.has(t, "when all were untracked", "cid")
		late := w.start("late", nil)
		late.has(t, "who comes late", "cid")
	})
}

func TestOwnerEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		ctx, cancel := context.WithCancel(t.Context())
		o := a.NewOwner(ctx)
		for _, topic := range []string{"room", "hall"} {
			if _, err := o.Track(topic, "ann", struct{}{}); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		a.has(t, "when its owner has ended", "")
		if list, _ := a.List("hall"); len(list) != 0 {
			t.Errorf("hall has %v", list)
		}
		// select may choose either: the owner has ended, and the idle tracker takes what is handed
		// over
		for i := range 30 {
			key := fmt.Sprintf("ann%d", i)
			if _, err := o.Track("room", key, struct{}{}); !errors.Is(err, ErrEnded) {
				t.Fatalf("tracked for one that has ended: %v", err)
			}
		}
	})
}

func TestUpdate(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		o := a.NewOwner(t.Context())
		if _, err := o.Update("room", "ann", struct{}{}); !errors.Is(err, ErrNotTracked) {
			t.Errorf("updated what is not tracked: %v", err)
		}
		if err := o.Untrack("room", "ann"); !errors.Is(err, ErrNotTracked) {
			t.Errorf("untracked what is not tracked: %v", err)
		}
		first, err := o.Track("room", "ann", map[string]int{"n": 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.Track("room", "ann", struct{}{}); !errors.Is(err, ErrTracked) {
			t.Errorf("tracked twice: %v", err)
		}
		if _, err := o.Update("room", "ann", 7); !errors.Is(err, ErrMeta) {
			t.Errorf("a number for a meta: %v", err)
		}
		second, err := o.UpdateFunc("room", "ann", func(meta json.RawMessage) (any, error) {
			if string(meta) != `{"n":1}` {
				t.Errorf("it was %s", meta)
			}
			return map[string]int{"n": 2}, nil
		})
		if err != nil || first == second {
			t.Errorf("refs %s and %s, %v", first, second, err)
		}
		no := errors.New("no")
		if _, err := o.UpdateFunc("room", "ann", func(json.RawMessage) (any, error) {
			return nil, no
		}); !errors.Is(err, no) {
			t.Errorf("a change that fails: %v", err)
		}
		time.Sleep(period)
		for _, tr := range []*tracked{a, b} {
			tr.has(t, "after an update", "ann")
			list, err := tr.GetByKey("room", "ann")
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			p := list[0]
			if string(p.Meta) != `{"n":2}` || p.Ref() != second || p.PrevRef() != first || p.Replica() != "a" {
				t.Errorf("got %s %s before %s at %s", p.Meta, p.Ref(), p.PrevRef(), p.Replica())
			}
		}
	})
}

// TestSilence cuts a replica off: it is down after 30 s and not before, up when it speaks, and
// forgotten after 20 min.
func TestSilence(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		b.track(t, "bob")
		time.Sleep(period)
		a.has(t, "while it speaks", "bob")
		w.cutOff("b", true)
		time.Sleep(down - period)
		a.has(t, "just before the down period", "bob")
		time.Sleep(2 * period)
		a.has(t, "after the down period", "")
		w.cutOff("b", false)
		time.Sleep(10 * period)
		a.has(t, "when it speaks again", "bob")

		w.cutOff("b", true)
		b.track(t, "ben")
		time.Sleep(permdown - 11*period) // it may have been silent for ten before
		if !a.remembers(t, "b") {
			t.Error("it is forgotten too early")
		}
		time.Sleep(12 * period)
		if a.remembers(t, "b") {
			t.Error("it is not forgotten")
		}
		w.cutOff("b", false)
		b.track(t, "bill")
		time.Sleep(period)
		a.has(t, "when it is back from the dead", "ben bill bob")
		b.has(t, "all along", "ben bill bob")
	})
}

// TestRestarts restarts a replica under its name, without a goodbye.
func TestRestarts(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		b.track(t, "bob")
		time.Sleep(period)
		a.has(t, "before", "bob")
		b.kill()
		time.Sleep(time.Second)
		b = w.start("b", nil)
		b.track(t, "ben")
		time.Sleep(period)
		a.has(t, "after", "ben")
		b.has(t, "after", "ben")
	})
}

// TestManyAtOnce tells of more in a period, and in an answer, than goes uncompressed.
func TestManyAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		for i := range 2000 {
			b.track(t, fmt.Sprint("key", i))
		}
		time.Sleep(period)
		late := w.start("late", nil)
		want := b.lists(t, "room")
		if len(strings.Fields(want)) != 2000 || a.lists(t, "room") != want || late.lists(t, "room") != want {
			t.Error("not all replicas list all of it")
		}
	})
}

// TestIdle speaks in each tenth period only while nothing changes.
func TestIdle(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, _ := w.start("a", nil), w.start("b", nil)
		a.track(t, "ann")
		time.Sleep(2 * period)
		before := w.sent("a")
		time.Sleep(100 * period)
		if n := w.sent("a") - before; n < 9 || n > 11 {
			t.Errorf("%d messages in 100 idle periods, want 10", n)
		}
	})
}

// TestShards spreads topics over several shards, which all replicas know.
func TestShards(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		pool := func(o *Options) { o.PoolSize = 3 }
		a, b := w.start("a", pool), w.start("b", pool)
		o, used := a.NewOwner(t.Context()), make(map[*shard]bool)
		for i := range 20 {
			topic := fmt.Sprint("room:", i)
			used[a.shard(topic)] = true
			if _, err := o.Track(topic, "ann", struct{}{}); err != nil {
				t.Fatal(err)
			}
		}
		if len(used) != 3 {
			t.Errorf("%d shards are used", len(used))
		}
		time.Sleep(period)
		for i := range 20 {
			if got := b.lists(t, fmt.Sprint("room:", i)); got != "ann" {
				t.Errorf("topic %d has %q", i, got)
			}
		}
		odd := w.start("odd", nil)
		if _, err := odd.NewOwner(t.Context()).Track("room", "odd", struct{}{}); err != nil {
			t.Error(err)
		}
		time.Sleep(period)
		a.has(t, "of one with another PoolSize", "")
	})
}

// TestEndsInAllShards ends an owner who is in many topics.
func TestEndsInAllShards(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", func(o *Options) { o.PoolSize = 3 })
		ctx, cancel := context.WithCancel(t.Context())
		o := a.NewOwner(ctx)
		for i := range 20 {
			if _, err := o.Track(fmt.Sprint(i), "ann", struct{}{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.Untrack("0", "ann"); err != nil {
			t.Fatal(err)
		}
		other := a.track(t, "bob")
		if err := other.Untrack("room", "bob"); err != nil {
			t.Fatal(err)
		}
		cancel()
		for i := range 20 {
			if got := a.lists(t, fmt.Sprint(i)); got != "" {
				t.Errorf("topic %d has %s", i, got)
			}
		}
		for i, s := range a.shards {
			_ = s.call(func(s *shard) error {
				if len(s.held) != 0 {
					t.Errorf("shard %d holds %d owners", i, len(s.held))
				}
				return nil
			})
		}
	})
}
