package presence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
		patient := func(o *Options) { o.ClockSamplePeriods = 6 }
		a, b, c := w.start("a", nil), w.start("b", nil), w.start("c", patient)
		time.Sleep(12 * period) // of which samples were taken at the last
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
		c.has(t, "who samples seldom, four periods later", "")
		time.Sleep(2 * period)
		c.has(t, "six periods later", "heard lost")
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
		said := w.sent("b")
		time.Sleep(20 * period)
		a.has(t, "later", "")
		if n := w.sent("b") - said; n > 0 {
			t.Errorf("it has said %d things after the goodbye", n)
		}
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
			if err := a.Receive("b", []byte(data)); err == nil {
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

// TestLies hands a tracker messages that no replica would send. They change nothing.
func TestLies(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		say := func(from, message string) error {
			err := a.Receive(from, []byte(`{"pool":1,`+message+`}`))
			synctest.Wait()
			return err
		}
		const hello = `"from":{"name":"b","vsn":1},"clock":1,"delta":{"from":0,"to":1,"joins":[{"tag":1,"topic":"room","key":"bob","meta":{}}]}`
		if err := say("b", hello); err != nil {
			t.Fatal(err)
		}
		for what, message := range map[string]string{
			"a leaf twice":      `"clock":2,"delta":{"from":1,"to":2,"leaves":[1,1]}`,
			"a leave in range":  `"clock":2,"delta":{"from":0,"to":2,"leaves":[1]}`,
			"a join twice":      `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":2,"topic":"room","key":"k","meta":{}},{"tag":2,"topic":"room","key":"k","meta":{}}]}`,
			"a tag beyond":      `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":7,"topic":"room","key":"k","meta":{}}]}`,
			"a tag before":      `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":1,"topic":"room","key":"k","meta":{}}]}`,
			"an end before":     `"clock":3,"delta":{"from":1,"to":0}`,
			"no meta":           `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":2,"topic":"room","key":"k"}]}`,
			"meta is null":      `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":2,"topic":"room","key":"k","meta":null}]}`,
			"meta is a list":    `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":2,"topic":"room","key":"k","meta":[]}]}`,
			"meta has space":    `"clock":3,"delta":{"from":1,"to":3,"joins":[{"tag":2,"topic":"room","key":"k","meta":{ }}]}`,
			"nothing of a name": ``,
		} {
			from := "b"
			if message == "" {
				from, message = "", `"from":{"name":"","vsn":1},"clock":1`
			} else {
				message = `"from":{"name":"b","vsn":1},` + message
			}
			if err := say(from, message); err == nil {
				t.Errorf("%s was received", what)
			}
			a.has(t, "after "+what, "bob")
		}
		if err := say("c", hello); err == nil {
			t.Error("c speaks for b")
		}
		s := NewState(Replica{"a", 1}, nil)
		s.Heard(Replica{"b", 1})
		if _, ok := s.Merge(Replica{"b", 1}, Delta{To: 1, Joins: []joined{{Tag: 2, Meta: json.RawMessage(`{}`)}}}); ok {
			t.Error("a state believes it")
		}
	})
}

// TestGapOfAnEarlierRun misses something of a replica that is killed then, and something of its next run.
func TestGapOfAnEarlierRun(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		lose := func(key string) {
			time.Sleep(period)
			w.cutOff("b", true)
			b.track(t, key)
			time.Sleep(period)
			w.cutOff("b", false)
			b.track(t, key+"2")
			time.Sleep(period)
		}
		lose("bob")
		b.kill()
		b = w.start("b", nil)
		for i := range 20 {
			lose(fmt.Sprint("ben", i))
			time.Sleep(2 * period)
			if got, want := a.lists(t, "room"), b.lists(t, "room"); got != want {
				t.Fatalf("gap %d: two periods later it lists %q, want %q", i, got, want)
			}
		}
		time.Sleep(2 * period)
		_ = a.shards[0].call(func(s *shard) error {
			if len(s.claims)+len(s.asking) > 0 {
				t.Errorf("claims %v, asking %v", s.claims, s.asking)
			}
			return nil
		})
	})
}

// TestMissedAnotherRun is told of a replica whose hello was lost: what it had before is gone at once.
func TestMissedAnotherRun(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		b.track(t, "bob")
		time.Sleep(period)
		a.has(t, "before", "bob")
		b.kill()
		w.cutOff("b", true)
		b = w.start("b", nil)
		b.track(t, "ben")
		before := w.sent("a")
		for range 10 {
			a.Missed("b")
			synctest.Wait()
		}
		if n := w.sent("a") - before; n != 1 {
			t.Errorf("it has said hello %d times in a period", n)
		}
		w.cutOff("b", false)
		time.Sleep(period)
		a.Missed("b")
		a.has(t, "when it was told", "ben")
	})
}

// TestLateAfterGoodbye repeats what a replica said before its goodbye.
func TestLateAfterGoodbye(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		b.track(t, "bob")
		var late []byte
		_ = b.shards[0].call(func(s *shard) (err error) {
			d := s.state.pending.delta()
			late, err = encode(message{Pool: 1, From: s.me(), Clock: s.state.Clock(), Delta: &d})
			return err
		})
		time.Sleep(period)
		a.has(t, "before", "bob")
		if err := b.GracefulPermdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Receive("b", late); err != nil {
			t.Fatal(err)
		}
		a.has(t, "after the goodbye, and a repeated message", "")
		b.kill()
		b = w.start("b", nil)
		b.track(t, "ben")
		time.Sleep(period)
		a.has(t, "of its next run", "ben")
		bye, err := encode(message{Pool: 1, From: Replica{"b", 1}, Bye: true})
		if err == nil {
			err = a.Receive("b", bye)
		}
		if err != nil {
			t.Fatal(err)
		}
		a.has(t, "after the goodbye of an earlier run", "ben")
	})
}

// TestClockSetBack starts a replica anew, after its goodbye, on a machine whose clock was set back.
func TestClockSetBack(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		b.track(t, "bob")
		time.Sleep(period)
		if err := b.GracefulPermdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.has(t, "after the goodbye", "")
		err := a.Receive("b", []byte(`{"pool":1,"from":{"name":"b","vsn":1},"clock":1,"delta":{"from":0,"to":1,"joins":[{"tag":1,"topic":"room","key":"ben","meta":{}}]}}`))
		if err != nil {
			t.Fatal(err)
		}
		a.has(t, "of the next run", "ben")
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

// TestManyOfAKey costs no more for each than few.
func TestManyOfAKey(t *testing.T) {
	t.Parallel()
	s := NewState(Replica{"a", 1}, nil)
	var all []*Presence
	for i := range 50_000 {
		all = append(all, s.Join("room", "ann", json.RawMessage(`{}`), nil))
		if i%3 == 2 {
			s.Leave(all[i-1]) // some leave out of the middle
			all[i-1] = nil
		}
	}
	left := slices.DeleteFunc(all, func(p *Presence) bool { return p == nil })
	if got := s.ByKey("room", "ann"); !slices.Equal(got, left) {
		t.Fatalf("%d by key, want %d, in the order in which they came", len(got), len(left))
	}
	began := time.Now()
	for i, p := range slices.Backward(left) {
		if n := len(s.topics["room"].byKey["ann"].list); n > 2*(i+1)+1 {
			t.Fatalf("%d places for %d", n, i+1)
		}
		s.Leave(p)
	}
	if took := time.Since(began); took > 5*time.Second { // it took minutes, with the race detector
		t.Errorf("%d leave within %v", len(left), took)
	}
	if s.List("room") != nil {
		t.Error("somebody is left")
	}
}

// TestSlowAnswer asks one question at a time, gives it up, and does not believe an answer that comes after the goodbye.
func TestSlowAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		gate, asked := make(chan struct{}), 0
		a := w.start("a", func(o *Options) {
			ask := o.Link.Ask
			o.Link.Ask = func(ctx context.Context, to string, q []byte) ([]byte, error) {
				asked++
				answer, err := ask(ctx, to, q)
				select {
				case <-gate:
				case <-ctx.Done():
					err = ctx.Err()
				}
				return answer, err
			}
		})
		b := w.start("b", nil)
		b.track(t, "bob")
		for range 5 {
			a.Missed("b")
		}
		synctest.Wait()
		if asked != 1 {
			t.Errorf("%d questions at once", asked)
		}
		time.Sleep(askWithin + period)
		a.Missed("b")
		synctest.Wait()
		if asked != 2 {
			t.Errorf("%d questions, one of which was given up", asked)
		}
		if err := b.GracefulPermdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(gate)
		a.has(t, "after the goodbye", "")
	})
}

// TestLongDelta has a link that does not take what is long: the others ask.
func TestLongDelta(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		b := w.start("b", func(o *Options) {
			send := o.Link.Send
			o.Link.Send = func(m []byte) error {
				if len(m) > 1000 {
					return errors.New("too long")
				}
				return send(m)
			}
		})
		for i := range 50 {
			b.track(t, fmt.Sprint("key", i))
		}
		time.Sleep(3 * period)
		if got, want := a.lists(t, "room"), b.lists(t, "room"); got != want {
			t.Errorf("it lists %q, want %q", got, want)
		}
	})
}

// TestBusy bounds what waits for a tracker that nobody serves.
func TestBusy(t *testing.T) {
	t.Parallel()
	tr, err := New(Options{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for range backlog {
		if err := tr.Receive("b", []byte(`{"pool":1,"from":{"name":"b","vsn":1}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Receive("b", []byte(`{"pool":1,"from":{"name":"b","vsn":1}}`)); !errors.Is(err, errBacklog) {
		t.Errorf("one more: %v", err)
	}
}

// TestNames refuses what would be another name elsewhere.
func TestNames(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		o := w.start("a", nil).NewOwner(t.Context())
		for _, at := range []place{{"room\xff", "ann"}, {"room", "ann\xff"}} {
			if _, err := o.Track(at.topic, at.key, struct{}{}); !errors.Is(err, ErrName) {
				t.Errorf("%q: %v", at, err)
			}
		}
	})
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, opts := range []Options{{}, {BroadcastPeriod: 5 * time.Second}, {MaxSilentPeriods: 20}} {
		opts.Name = "a"
		tr, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		if o := tr.opts; o.DownPeriod != 2*o.BroadcastPeriod*time.Duration(o.MaxSilentPeriods) || o.PermdownPeriod != permdown || o.PoolSize != 1 {
			t.Errorf("%+v", o)
		}
	}
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
