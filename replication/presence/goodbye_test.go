package presence

import (
	"errors"
	"testing"
	"time"
)

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

// TestClockSetBack restarts a replica, after its goodbye, on a machine whose clock was set back.
func TestClockSetBack(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a, b := w.start("a", nil), w.start("b", nil)
		b.track(t, "bob")
		time.Sleep(period)
		if err := b.GracefulPermdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.has(t, "after the goodbye", "")
		err := a.Receive("b", []byte(
			`{"pool":1,"from":{"name":"b","vsn":1},"clock":1,"delta":{"from":0,"to":1,"joins":[{"tag":1,"topic":"room","key":"ben","meta":{}}]}}`,
		))
		if err != nil {
			t.Fatal(err)
		}
		a.has(t, "of the next run", "ben")
	})
}
