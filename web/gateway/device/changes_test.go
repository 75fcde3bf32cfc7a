package device

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// offers is an OnChange that tells the test what it was given, and answers what the test says.
type offers struct {
	given  chan string // none: the call waits for the test
	answer chan error
}

func newOffers() *offers { return &offers{make(chan string), make(chan error)} }

func (o *offers) onChange(_ context.Context, changed []Variable) error {
	var all []string
	for _, v := range changed {
		all = append(all, fmt.Sprintf("%s=%v", v.Name, v.Value))
	}
	o.given <- strings.Join(all, " ")
	return <-o.answer
}

// inBubbleOffered is inBubble with an OnChange of the test. Channels of a bubble are made in it.
func inBubbleOffered(t *testing.T, test func(t *testing.T, b *bubble, o *offers)) {
	var o *offers
	cfg := Config{OnChange: func(ctx context.Context, changed []Variable) error {
		return o.onChange(ctx, changed)
	}}
	inBubble(t, cfg, func(t *testing.T, b *bubble) {
		o = newOffers()
		test(t, b, o)
	})
}

// TestAcceptedChange is reported, kept, and reported again after a reconnect.
func TestAcceptedChange(t *testing.T) {
	inBubbleOffered(t, func(t *testing.T, b *bubble, o *offers) {
		b.set(Integer("volume", 3))
		b.run()
		s := b.verified()
		if got := s.values(); got != "volume=3" {
			t.Errorf("reported %s", got)
		}
		s.want(Integer("volume", 7), String("text", "a<b"), Float("f", 1), Boolean("on", true))
		if got := <-o.given; got != "volume=7 text=a<b f=1 on=true" {
			t.Errorf("offered %s", got)
		}
		o.answer <- nil
		const all = `volume=7 text="a\u003cb" f=1 on=true`
		if got := s.values(); got != all {
			t.Errorf("reported %s, want %s", got, all)
		}
		_ = s.conn.Close()
		if got := b.verified().values(); got != all {
			t.Errorf("reported %s after a reconnect, want %s", got, all)
		}
	})
}

// TestDeclinedChange is not reported, is logged once, and is offered again when the server sends it
// again.
func TestDeclinedChange(t *testing.T) {
	inBubbleOffered(t, func(t *testing.T, b *bubble, o *offers) {
		b.run()
		s := b.verified()
		for i := range 3 {
			s.want(Integer("volume", 70))
			if got := <-o.given; got != "volume=70" {
				t.Errorf("offered %s", got)
			}
			o.answer <- errors.New("too loud")
			synctest.Wait()
			if i > 0 {
				continue
			}
			got := s.array("l")
			want := map[string]any{"message": "declined volume: too loud", "variable": "volume", "value": 70.}
			for name, value := range want {
				if len(got) != 1 || got[0][name] != value {
					t.Errorf("logged %v, want %v", got, want)
				}
			}
		}
		s.want(Integer("volume", 71))
		<-o.given
		o.answer <- errors.New("too loud")
		if got := s.messages(); got != "declined volume: too loud" {
			t.Errorf("another value: %s", got)
		}
		s.verify() // nothing else was sent until the heartbeat
	})
}

// TestDeclinedInPart reports what was accepted of a set.
func TestDeclinedInPart(t *testing.T) {
	inBubbleOffered(t, func(t *testing.T, b *bubble, o *offers) {
		b.run()
		s := b.verified()
		s.want(Integer("a", 1), Integer("b", 2), Integer("c", 3))
		<-o.given
		o.answer <- fmt.Errorf("wrapped: %w", Declined{"b": errors.New("no such thing")})
		if got := s.values(); got != "a=1 c=3" {
			t.Errorf("reported %s", got)
		}
		if got := s.messages(); got != "declined b: no such thing" {
			t.Errorf("logged %s", got)
		}
	})
}

// TestChangesWhileOnChangeRuns keeps the last value of each variable, and does not offer again what
// is being applied.
func TestChangesWhileOnChangeRuns(t *testing.T) {
	inBubbleOffered(t, func(t *testing.T, b *bubble, o *offers) {
		b.set(Integer("a", 0))
		b.run()
		s := b.verified()
		s.values()
		s.want(Integer("a", 1))
		if got := <-o.given; got != "a=1" {
			t.Errorf("offered %s", got)
		}
		s.want(Integer("a", 1)) // a verification sends it again
		s.want(Integer("a", 2), Integer("b", 1))
		s.want(Integer("b", 2), Integer("a", 0)) // what is reported until now
		synctest.Wait()
		o.answer <- nil
		if got := s.values(); got != "a=1" {
			t.Errorf("reported %s", got)
		}
		if got := <-o.given; got != "a=0 b=2" {
			t.Errorf("offered %s, want the last values", got)
		}
		s.want(Integer("b", 9))
		s.want(Integer("b", 2)) // back to what is being applied
		synctest.Wait()
		o.answer <- nil
		if got := s.values(); got != "a=0 b=2" {
			t.Errorf("reported %s", got)
		}
		s.verify() // nothing is pending
	})
}

// TestChangeThatIsReportedAlready is reported once more, without a call.
func TestChangeThatIsReportedAlready(t *testing.T) {
	inBubbleOffered(t, func(t *testing.T, b *bubble, _ *offers) {
		b.set(Integer("a", 1))
		b.run()
		s := b.verified()
		s.values()
		s.want(Integer("a", 1))
		if got := s.values(); got != "a=1" {
			t.Errorf("reported %s", got)
		}
	})
}

// TestOnChangeMayUseTheClient calls Set and Log in OnChange: for instance to report another value
// than the wanted one.
func TestOnChangeMayUseTheClient(t *testing.T) {
	var b *bubble
	inBubble(t, Config{OnChange: func(context.Context, []Variable) error {
		b.set(Integer("volume", 10))
		return errors.New("10 is the most")
	}}, func(t *testing.T, own *bubble) {
		b = own
		b.run()
		s := b.verified()
		s.want(Integer("volume", 70))
		if got := s.values(); got != "volume=10" {
			t.Errorf("reported %s", got)
		}
		if got := s.messages(); got != "declined volume: 10 is the most" {
			t.Errorf("logged %s", got)
		}
	})
}

// TestSlowOnChange does not keep the client from answering for its life.
func TestSlowOnChange(t *testing.T) {
	inBubble(t, Config{OnChange: func(context.Context, []Variable) error {
		time.Sleep(time.Hour)
		return nil
	}}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		s.want(Integer("a", 1))
		for began := time.Now(); time.Since(began) < 50*time.Minute; {
			s.verify()
		}
	})
}

// TestTooManyChanges bounds what waits for OnChange.
func TestTooManyChanges(t *testing.T) {
	inBubbleOffered(t, func(t *testing.T, b *bubble, o *offers) {
		b.run()
		s := b.verified()
		s.want(Integer("first", 1))
		<-o.given
		for i := range 2 * MaxVariables {
			s.want(Integer(fmt.Sprint("v", i), 1))
		}
		synctest.Wait()
		o.answer <- nil
		s.values()
		if got := <-o.given; strings.Count(got, " ")+1 != MaxVariables {
			t.Errorf("offered %d variables", strings.Count(got, " ")+1)
		}
		o.answer <- nil // one more than can be reported: none is
		s.verify()
		b.mu.Lock()
		defer b.mu.Unlock()
		if got := len(b.report.variables); got != 1 {
			t.Errorf("%d variables are reported", got)
		}
	})
}
