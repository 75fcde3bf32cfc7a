package cluster

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func statusOf(name, run string) status {
	return status{
		Name: name, Run: run, Started: day,
		identity: Identity{Schema: 1, Oldest: 1, Secrets: []string{"the secret of all nodes"}}.show(),
	}
}

func meet(t *testing.T, others ...status) *peers {
	t.Helper()
	me := statusOf("me", "0")
	ps := newPeers(&me)
	for _, s := range others {
		if n := ps.applyStatus(s, day); !n.came {
			t.Fatalf("%s: %+v, want it to have come", s.Name, n)
		}
	}
	return ps
}

// TestMismatch holds each way in which two nodes differ, seen from both.
func TestMismatch(t *testing.T) {
	t.Parallel()
	secrets := func(s ...string) func(*status) {
		return func(st *status) { st.identity = Identity{Schema: 1, Oldest: 1, Secrets: s}.show() }
	}
	for name, tt := range map[string]struct {
		a, b func(*status)
		want error
	}{
		"the same":                   {secrets("x"), secrets("x"), nil},
		"another secret":             {secrets("x"), secrets("y"), ErrSecret},
		"one verifies the new":       {secrets("old", "new"), secrets("old"), nil},
		"one signs with the new":     {secrets("new", "old"), secrets("old", "new"), nil},
		"one knows only the new":     {secrets("new"), secrets("new", "old"), nil},
		"signs what nobody verifies": {secrets("new", "old"), secrets("old"), ErrSecret},
		"a schema with more in it":   {func(s *status) { s.Schema = 2 }, func(*status) {}, nil},
		"another schema":             {func(s *status) { s.Schema, s.Oldest = 2, 2 }, func(*status) {}, ErrSchema},
		"from before ranges":         {func(s *status) { s.Schema, s.Oldest = 0, 0 }, func(*status) {}, ErrSchema},
		"another wire":               {func(s *status) { s.Wire = 2 }, func(*status) {}, ErrWire},
		"another wire and all of that": {
			func(s *status) { *s = status{identity: identity{Wire: 2}} }, func(*status) {}, ErrWire,
		},
		"one name":              {func(s *status) { s.Name = "b" }, func(*status) {}, ErrNameTaken},
		"no secret on one side": {secrets(), secrets("x"), ErrSecret},
	} {
		a, b := statusOf("a", "1"), statusOf("b", "2")
		tt.a(&a)
		tt.b(&b)
		if got, back := a.mismatch(&b), b.mismatch(&a); !errors.Is(got, tt.want) || !errors.Is(back, tt.want) {
			t.Errorf("%s: %v, and %v seen from the other side; want %v", name, got, back, tt.want)
		}
	}
}

// TestHello adds no peer, so that one who is refused has changed nothing.
func TestHello(t *testing.T) {
	t.Parallel()
	ps := meet(t, statusOf("a", "1"))
	again := statusOf("a", "2")
	again.Hello, again.Started = true, day.Add(time.Hour)
	if n := ps.applyStatus(again, day); n != (news{}) || len(ps.list()) != 1 || ps.list()[0].Run != "1" {
		t.Errorf("a hello: %+v, %+v", n, ps.list())
	}
	odd := statusOf("b", "3")
	odd.Hello, odd.Schema, odd.Oldest = true, 7, 7
	if n := ps.applyStatus(odd, day); !errors.Is(n.misfit, ErrSchema) {
		t.Errorf("the hello of one with another schema: %+v, want ErrSchema", n)
	}
	if n := ps.applyStatus(odd, day); n != (news{}) {
		t.Errorf("again: %+v, want it told once", n)
	}
}

func TestRestartReplacesTheOlderRun(t *testing.T) {
	t.Parallel()
	old := statusOf("a", "1")
	ps := meet(t, old)
	young := statusOf("a", "2")
	young.Started = day.Add(time.Minute)
	if n := ps.applyStatus(young, day); !n.came || len(ps.list()) != 1 || ps.list()[0].Run != "2" {
		t.Errorf("the restart: %+v, %+v", n, ps.list())
	}
	if n := ps.applyStatus(old, day); n != (news{}) || ps.list()[0].Run != "2" {
		t.Errorf("a late word of the older run: %+v, %+v", n, ps.list())
	}
}

func TestSilenceAndGoodbye(t *testing.T) {
	t.Parallel()
	ps := meet(t, statusOf("a", "1"), statusOf("b", "2"))
	ps.acceptMessage("1", "s", 1, day.Add(3*time.Second)) // a message is a sign of life, too
	if gone := ps.silent(day.Add(silentAfter + time.Millisecond)); len(gone) != 1 || gone[0].Name != "b" {
		t.Errorf("silent are %+v, want b", gone)
	}
	if n := ps.applyStatus(statusOf("b", "2"), day); !n.came {
		t.Errorf("one that speaks again: %+v", n)
	}
	bye := statusOf("b", "2")
	bye.Bye = true
	if n := ps.applyStatus(bye, day); !n.left || len(ps.list()) != 1 {
		t.Errorf("goodbye: %+v, %+v", n, ps.list())
	}
	if _, ok, _ := ps.acceptMessage("2", "s", 9, day); ok {
		t.Error("a message of one who is gone was taken")
	}
}

// TestNothingIsMissedInSilence loses and repeats messages at will: each that is taken is newer than
// the one before, and when one is skipped, that is told before the next is taken, or by the next
// status.
func TestNothingIsMissedInSilence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		me, a := statusOf("me", "0"), statusOf("a", "1")
		ps := newPeers(&me)
		ps.applyStatus(a, day)
		var sent, taken uint64
		skipped := false // since the last report
		t.Repeat(map[string]func(*rapid.T){
			"arrives": func(t *rapid.T) {
				sent++
				_, ok, missed := ps.acceptMessage("1", "s", sent, day)
				if !ok || missed != skipped {
					t.Fatalf("message %d: taken %v, missed %v, want %v", sent, ok, missed, skipped)
				}
				taken, skipped = sent, false
			},
			"is lost": func(*rapid.T) { sent++; skipped = true },
			"comes twice": func(t *rapid.T) {
				if number := rapid.Uint64Range(0, taken).Draw(t, "number"); taken > 0 {
					if _, ok, missed := ps.acceptMessage("1", "s", number, day); ok || missed {
						t.Fatalf("message %d was taken again", number)
					}
				}
			},
			"status": func(t *rapid.T) {
				a.Sent = map[string]uint64{"s": sent}
				if n := ps.applyStatus(a, day); n.missed != skipped || n.came {
					t.Fatalf("status behind message %d: %+v, want missed %v", sent, n, skipped)
				}
				taken, skipped = sent, false
			},
		})
	})
}

// TestMisfitsAreBounded lets a stranger come again and again under new runs.
func TestMisfitsAreBounded(t *testing.T) {
	t.Parallel()
	ps := meet(t)
	for i := range 5 * mostMisfits {
		s := statusOf("x", fmt.Sprint("run", i))
		s.Wire = 99
		ps.applyStatus(s, day)
	}
	if len(ps.misfit) > mostMisfits || len(ps.known) != 0 {
		t.Errorf("%d runs are remembered, %d known", len(ps.misfit), len(ps.known))
	}
}
