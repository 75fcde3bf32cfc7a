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
		if _, err := o.Track("room", "ann", struct{}{}); !errors.Is(err, ErrEnded) {
			t.Errorf("tracked for one that has ended: %v", err)
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
		if _, err := o.UpdateFunc("room", "ann", func(json.RawMessage) (any, error) { return nil, no }); !errors.Is(err, no) {
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

// TestSilence cuts a replica off: it is down after 30 s and not before, up when it speaks, and forgotten after 20 min.
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

// TestHealsAtOnce asks as soon as the network tells that something was missed.
func TestHealsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		w.cutOff("b", true)
		b.track(t, "bob")
		a.track(t, "ann")
		time.Sleep(2 * down)
		w.cutOff("b", false)
		a.Missed("b")
		b.Missed("a")
		a.has(t, "healed", "ann bob")
		b.has(t, "healed", "ann bob")
		c := w.start("c", nil)
		w.cutOff("c", true)
		c.track(t, "cid")
		time.Sleep(2 * permdown)
		w.cutOff("c", false)
		a.Missed("c")
		a.has(t, "forgotten meanwhile", "ann bob cid")
	})
}

// TestRestarts starts a replica anew under its name, without a goodbye.
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

// TestClockSampling loses one message: who missed it asks after two periods in which it heard so.
func TestClockSampling(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		time.Sleep(10 * period)
		w.cutOff("b", true)
		b.track(t, "lost")
		time.Sleep(period)
		w.cutOff("b", false)
		b.track(t, "heard")
		time.Sleep(period)
		a.has(t, "with a gap", "")
		if answers := w.answered(); len(answers) != 0 {
			t.Errorf("asked at once: %v", answers)
		}
		time.Sleep(2 * period)
		a.has(t, "two periods later", "heard lost")
		if answers := w.answered(); len(answers) != 1 || answers[0].To != 2 {
			t.Errorf("got the answers %v", answers)
		}
	})
}

// TestFallsBackToAll misses more and more: the answers are the history as far as it goes, then all there is.
func TestFallsBackToAll(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		sizes := func(o *Options) { o.MaxDeltaSizes = []int{3, 10} }
		a, b := w.start("a", sizes), w.start("b", sizes)
		b.track(t, strings.Fields("more than histories hold, so that none goes back to the beginning")...)
		time.Sleep(period)
		for _, tt := range []struct {
			missed int
			whole  bool
		}{{1, false}, {6, false}, {30, true}, {1, false}} {
			w.cutOff("b", true)
			for i := range tt.missed {
				b.track(t, fmt.Sprint(i))
				if i%3 == 0 {
					time.Sleep(period)
				}
			}
			time.Sleep(period)
			w.answered()
			w.cutOff("b", false)
			a.Missed("b")
			if got, want := a.lists(t, "room"), b.lists(t, "room"); got != want {
				t.Errorf("%d missed: a lists %s, b %s", tt.missed, got, want)
			}
			if answers := w.answered(); len(answers) != 1 || (answers[0].From == 0) != tt.whole {
				t.Errorf("%d missed: answers %+v, want everything: %v", tt.missed, answers, tt.whole)
			}
		}
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

func TestGoodbye(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		o := b.track(t, "bob")
		time.Sleep(period)
		a.has(t, "before", "bob")
		if err := b.GracefulPermdown(t.Context()); err != nil {
			t.Error(err)
		}
		a.has(t, "after the goodbye", "")
		time.Sleep(20 * period)
		a.has(t, "later", "")
		if _, err := o.Track("room", "ben", struct{}{}); !errors.Is(err, ErrStopped) {
			t.Errorf("track after the goodbye: %v", err)
		}
		if _, err := b.List("room"); !errors.Is(err, ErrStopped) {
			t.Errorf("list after the goodbye: %v", err)
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

// TestNonsense hands a tracker what is no message.
func TestNonsense(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		for _, data := range []string{"", "{", "[]", "\x1f\x8b", `{"shard":1,"pool":1}`, `{"shard":-1,"pool":1}`, `{"pool":2}`} {
			if err := a.Receive([]byte(data)); err == nil {
				t.Errorf("%q was received", data)
			}
			if _, err := a.Answer(t.Context(), []byte(data)); err == nil {
				t.Errorf("%q was answered", data)
			}
		}
		if _, err := a.Answer(t.Context(), []byte(`{"pool":1,"of":{"name":"a","vsn":1}}`)); err == nil {
			t.Error("a question to an earlier run was answered")
		}
		a.track(t, "ann")
		a.has(t, "after all that", "ann")
	})
}

// TestPanicIsToldAgain lets OnDiff panic: Serve fails, and when it is called again nothing was lost.
func TestPanicIsToldAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		tr, err := New(Options{Name: "a", OnDiff: func(diffs map[string]Diff) {
			told = append(told, diffs["room"].Joins[0].Key)
			if len(told) == 1 {
				panic("on purpose")
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 2)
		go func() { failed <- tr.Serve(ctx) }()
		if _, err := tr.NewOwner(t.Context()).Track("room", "ann", struct{}{}); err != nil {
			t.Fatal(err)
		}
		if err := <-failed; err == nil || !strings.Contains(err.Error(), "on purpose") {
			t.Errorf("Serve ended with %v", err)
		}
		go func() { failed <- tr.Serve(ctx) }()
		synctest.Wait()
		if strings.Join(told, " ") != "ann ann" {
			t.Errorf("told %v", told)
		}
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("Serve ended with %v", err)
		}
	})
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]Options{
		"Name":                {},
		"twice":               {Name: "a", BroadcastPeriod: time.Second, DownPeriod: time.Second, MaxSilentPeriods: 1},
		"MaxSilentPeriods of": {Name: "a", DownPeriod: 10 * time.Second},
		"PermdownPeriod":      {Name: "a", PermdownPeriod: time.Second},
		"BroadcastPeriod is":  {Name: "a", BroadcastPeriod: -1},
		"ClockSamplePeriods":  {Name: "a", ClockSamplePeriods: -1},
		"PoolSize":            {Name: "a", PoolSize: -1},
		"MaxDeltaSizes":       {Name: "a", MaxDeltaSizes: []int{10, 5}},
	} {
		if _, err := New(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want something of %s", err, want)
		}
	}
}
