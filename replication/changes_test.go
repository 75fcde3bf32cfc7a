package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/inventory"
)

// line carries messages from one node to another, unless it is down.
type line struct {
	to   *Changes
	down bool
	sent int
}

func (l *line) Send(data []byte) error {
	if l.down {
		return errors.New("down")
	}
	l.sent++
	l.to.Receive(data)
	return nil
}

var quiet = slog.New(slog.DiscardHandler)

// pair is a node with changes to tell and one that hears them, whose healer reads from a database
// that has nothing new.
func pair(reads *atomic.Int64) (*Changes, *line, *fakeDoor, *Healer) {
	door := &fakeDoor{catalog: inventory.NewCatalog(stock(5, 2), inventory.DefaultThresholds)}
	h := NewHealer(door, func(context.Context) (inventory.Rows, error) {
		reads.Add(1)
		return stock(5, 2), nil
	}, time.Hour, quiet)
	hears := NewChanges(door, h, quiet)
	tells := NewChanges(nil, nil, quiet)
	l := &line{to: hears}
	tells.SendTo(l)
	return tells, l, door, h
}

func itemChanges(n int) []inventory.Change {
	changes := make([]inventory.Change, n)
	for i := range changes {
		changes[i].Item = &inventory.ItemRow{
			ID: inventory.ItemID(i + 1), ProductID: 1, SKU: fmt.Sprint("I", i), Available: i,
			Revision: inventory.Revision(i + 10),
		}
	}
	return changes
}

// served runs services in a bubble until the returned function is called.
func served(t *testing.T, services ...func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, len(services)) // buffer: all end whether or not a test receives
	for _, serve := range services {
		go func() { ended <- serve(ctx) }()
	}
	return func() {
		cancel()
		for range services {
			<-ended
		}
	}
}

// TestChangesArrive tells of more changes than one message holds: they come whole and in order, and
// a product's too.
func TestChangesArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tells, l, door, _ := pair(new(atomic.Int64))
		defer served(t, l.to.Serve)()
		at := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
		want := append(itemChanges(2*perMessage+1), inventory.Change{
			Product: &inventory.ProductRow{ID: 1, SKU: "P", Price: 9000, ReleaseAt: &at, Revision: 99},
		})
		tells.Announce(want)
		synctest.Wait()
		if l.sent != 3 || len(door.applied) != len(want) {
			t.Fatalf("%d messages brought %d changes, want 3 and %d", l.sent, len(door.applied), len(want))
		}
		for i, got := range door.applied[:len(want)-1] {
			if *got.Item != *want[i].Item {
				t.Fatalf("change %d is %+v, want %+v", i, got.Item, want[i].Item)
			}
		}
		if got := door.applied[len(want)-1].Product; got == nil || got.Price != 9000 || !got.ReleaseAt.Equal(at) {
			t.Errorf("the product is %+v", got)
		}
	})
}

// TestWhatIsLostIsCompared lets the healer look at once for whatever could not be read, kept or
// applied.
func TestWhatIsLostIsCompared(t *testing.T) {
	for name, lose := range map[string]func(l *line, door *fakeDoor){
		"garbage":     func(l *line, _ *fakeDoor) { l.to.Receive([]byte("garbage")) },
		"neither nor": func(l *line, _ *fakeDoor) { l.to.Receive([]byte(`[{}]`)) },
		"both": func(l *line, _ *fakeDoor) {
			l.to.Receive([]byte(`[{"item":{"id":1},"product":{"id":1}}]`))
		},
		"too many waiting": func(l *line, _ *fakeDoor) { fillUp(l) },
		"not applied": func(l *line, door *fakeDoor) {
			door.fails = inventory.ErrCrashed
			l.to.Receive([]byte(`[{"item":{"id":1,"revision":3}}]`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reads atomic.Int64
				_, l, door, h := pair(&reads)
				stopHealer := served(t, h.Serve)
				lose(l, door)
				stopChanges := served(t, l.to.Serve)
				time.Sleep(time.Second)
				if reads.Load() == 0 {
					t.Error("nobody compared within a second")
				}
				stopChanges()
				stopHealer()
			})
		})
	}
}

func fillUp(l *line) {
	for range backlog + 1 {
		l.to.Receive([]byte(`[{"item":{"id":1,"revision":3}}]`))
	}
}

// TestAStormOfKicks compares a few times and not a thousand.
func TestAStormOfKicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int64
		_, _, _, h := pair(&reads)
		defer served(t, h.Serve)()
		for range 1000 {
			h.Kick()
			time.Sleep(time.Millisecond)
		}
		if n := reads.Load(); n < 2 || n > 11 {
			t.Errorf("%d comparisons in a second of kicks, want some, at most one every %v", n, afterKick)
		}
	})
}

// TestUnsentChangesHarmNobody has no way to the other nodes: the sale stands.
func TestUnsentChangesHarmNobody(t *testing.T) {
	tells, l, _, _ := pair(new(atomic.Int64))
	l.down = true
	tells.Announce(itemChanges(3))
	if len(l.to.received) != 0 {
		t.Error("something came over a line that is down")
	}
}

func TestApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewApplied()
		show := func(rows inventory.Rows) {
			a.Watch(t.Context(), inventory.Notice{Catalog: inventory.NewCatalog(rows, inventory.DefaultThresholds)})
		}
		marks := []Mark{{Item: 1, Revision: 7}, {Product: 1, Revision: 1}}
		waited := make(chan error, 1)
		go func() { waited <- a.Wait(t.Context(), marks) }()
		for _, revision := range []inventory.Revision{5, 6, 7} {
			synctest.Wait()
			if len(waited) > 0 {
				t.Fatalf("did not wait for revision 7, but for %d", revision-1)
			}
			show(stock(5, revision))
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
		if err := a.Wait(t.Context(), []Mark{{Item: 99, Revision: 1}}); err != nil {
			t.Errorf("an item that is gone: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := a.Wait(ctx, []Mark{{Product: 1, Revision: 2}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the time", err)
		}
	})
}
