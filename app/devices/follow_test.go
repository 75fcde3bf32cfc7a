package devices_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"sneakers23/app/devices"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// TestFollow goes on from where it was, with the same filters as a search.
func TestFollow(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	ctx := eventually(t)
	follow := func(q devices.Query, after int64) (texts []string, next int64) {
		t.Helper()
		f, err := s.Follow(ctx, q, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Records {
			texts = append(texts, r.Name+" "+r.Message)
		}
		return texts, f.Next
	}
	if texts, next := follow(devices.Query{}, -1); len(texts) > 0 || next != 0 {
		t.Errorf("where nothing was ever said: %v, %d", texts, next)
	}
	w := startWriter(t, pool, spoolFile(t), nil)
	write := func(id devices.ID, texts ...string) {
		t.Helper()
		before := rowsOf(t, pool, "true")
		if err := w.Write(ctx, id, messages(texts...)); err != nil {
			t.Fatal(err)
		}
		untilRows(t, pool, before+len(texts))
	}
	write(1, "a")
	texts, start := follow(devices.Query{}, -1)
	if len(texts) > 0 || start != 1 {
		t.Errorf("from now on: %v, %d", texts, start)
	}
	write(2, "b red", "c blue")
	write(1, "d red")
	for _, tt := range []struct {
		devices.Query
		want []string
	}{
		{devices.Query{}, []string{"two b red", "two c blue", "one d red"}},
		{devices.Query{Device: "two"}, []string{"two b red", "two c blue"}},
		{devices.Query{Text: "red"}, []string{"two b red", "one d red"}},
		{devices.Query{Device: "one", Text: "red"}, []string{"one d red"}},
		{devices.Query{Device: "four"}, nil},
	} {
		if got, next := follow(tt.Query, start); !slices.Equal(got, tt.want) || next != 4 {
			t.Errorf("%+v: %q, %d; want %q", tt.Query, got, next, tt.want)
		}
	}
	if got, next := follow(devices.Query{Limit: 2}, start); len(got) != 2 || next != 3 {
		t.Errorf("a page of two: %q, %d", got, next)
	}
	if got, next := follow(devices.Query{}, 4); len(got) > 0 || next != 4 {
		t.Errorf("when all is read: %q, %d", got, next)
	}
}

// TestFollowLooksThroughMany follows words that are rare: each call looks at some thousands, and
// says from where to go on.
func TestFollowLooksThroughMany(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	addThree(t, s)
	fill(t, pool, 12_000)
	found, after := 0, int64(0)
	for calls := 1; after < 12_000; calls++ {
		f, err := s.Follow(t.Context(), devices.Query{Text: "needle"}, after)
		if err != nil || f.Next <= after || calls > 4 || f.More != (f.Next < 12_000) {
			t.Fatalf("call %d: %d, then %d, more: %v, %v", calls, after, f.Next, f.More, err)
		}
		found, after = found+len(f.Records), f.Next
	}
	if found != 2 {
		t.Errorf("%d needles", found)
	}
}

// TestFollowWaitsForLateCommits keeps the first of two writers at its COMMIT, after it has drawn
// lower ids than the second: a follower is told nothing above those, and misses none.
func TestFollowWaitsForLateCommits(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	way, slow := pgtest.NewCutter(t, pool, nil)
	ctx := eventually(t)
	committing, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	way.OnCommit(func() pgtest.Fault {
		once.Do(func() { close(committing); <-goOn })
		return pgtest.Passes
	})
	late, prompt := startWriter(t, slow, spoolFile(t), nil), startWriter(t, pool, spoolFile(t), nil)
	if err := late.Write(ctx, 1, messages("late")); err != nil {
		t.Fatal(err)
	}
	waittest.Done(t, "the late one commits", committing)
	if err := prompt.Write(ctx, 1, messages("prompt")); err != nil {
		t.Fatal(err)
	}
	untilRows(t, pool, 1)
	f, err := s.Follow(ctx, devices.Query{}, 0)
	if err != nil || len(f.Records) > 0 || f.Next != 0 {
		t.Errorf("before the late one is committed: %+v, %v", f, err)
	}
	close(goOn)
	untilRows(t, pool, 2)
	waittest.Until(t, "the late one has given its lock back", func() bool {
		if f, err = s.Follow(ctx, devices.Query{}, 0); err != nil {
			t.Fatal(err)
		}
		return len(f.Records) > 0
	})
	if len(f.Records) != 2 || f.Records[0].Message != "late" || f.Next != 2 {
		t.Errorf("after it: %+v", f)
	}
}

// TestFollowMissesNothing follows while writers of several nodes write as fast as they can.
func TestFollowMissesNothing(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	ctx := eventually(t)
	var wg sync.WaitGroup
	const writers, each = 3, 200
	for n := range writers {
		w := startWriter(t, pool, spoolFile(t), nil)
		wg.Go(func() {
			for i := range each {
				if err := w.Write(ctx, devices.ID(n+1),
					messages(fmt.Sprint(i), strings.Repeat("x ", i%50))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var got []int64
	after := int64(0)
	for len(got) < writers*each*2 && ctx.Err() == nil {
		f, err := s.Follow(ctx, devices.Query{Limit: 500}, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Records {
			got = append(got, r.ID)
		}
		after = f.Next
	}
	wg.Wait()
	if len(got) != writers*each*2 || !slices.IsSorted(got) || len(slices.Compact(got)) != writers*each*2 {
		t.Errorf("%d records were told of", len(got))
	}
}
