package presence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

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

// TestFallsBackToAll misses more and more: the answers are the history as far as it goes, then all
// there is.
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

// TestGapOfAnEarlierRun misses something of a replica that is killed then, and something of its
// next run.
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

// TestMissedAnotherRun is told of a replica whose hello was lost: what it had before is gone at
// once.
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

// TestSlowAnswer asks one question at a time, gives it up, and does not believe an answer that
// comes after the goodbye.
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

// TestServeWaitsForQuestions ends a tracker that asks a replica: Serve returns when the question
// has ended, too.
func TestServeWaitsForQuestions(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		var asked, ended atomic.Bool
		a := w.start("a", func(o *Options) {
			o.Link.Ask = func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
				asked.Store(true)
				<-ctx.Done()
				time.Sleep(time.Second)
				ended.Store(true)
				return nil, ctx.Err()
			}
		})
		w.start("b", nil)
		a.Missed("b")
		synctest.Wait()
		a.kill()
		if !asked.Load() || !ended.Load() {
			t.Errorf("Serve has returned; asked: %v, the question has ended: %v", asked.Load(), ended.Load())
		}
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
