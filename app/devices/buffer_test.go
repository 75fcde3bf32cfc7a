package devices

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

// some are entries with that text.
func some(n int, text string) []entry {
	entries := make([]entry, n)
	for i := range entries {
		entries[i].Message = text
	}
	return entries
}

// TestBufferServesInTurn has more calls wait than fit. Each batch is within the bounds, full, and
// in order of arrival, and every call returns.
func TestBufferServesInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer()
		const adders, each = 50, 300
		for n := range adders {
			go func() {
				if err := b.add(t.Context(), some(each, fmt.Sprint(n))); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		taken := 0
		for taken < adders*each {
			select {
			case <-b.filled:
			case <-time.After(time.Second):
				t.Fatalf("%d were taken, and nobody says that there are more", taken)
			}
			batch := b.drain()
			if len(batch) > MaxBatchRecords || len(batch) < MaxBatchRecords-each && taken+len(batch) < adders*each {
				t.Errorf("a batch of %d", len(batch))
			}
			for i, e := range batch {
				if want := fmt.Sprint((taken + i) / each); e.Message != want {
					t.Fatalf("entry %d is %s's, want %s's", taken+i, e.Message, want)
				}
			}
			taken += len(batch)
			synctest.Wait()
		}
	})
}

// TestBufferIsBoundedInBytes lets in what is larger than the buffer when that is empty, and nothing
// beside it.
func TestBufferIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer()
		large := some(3, strings.Repeat("x", MaxBatchBytes/2))
		var added atomic.Int64
		for range 2 {
			go func() {
				if err := b.add(t.Context(), large); err != nil {
					t.Error(err)
				}
				added.Add(1)
			}()
		}
		for want := range int64(2) {
			synctest.Wait()
			if got := added.Load(); got != want+1 || len(b.drain()) != 3 {
				t.Errorf("%d were added, want %d", got, want+1)
			}
		}
		for i, batch := range batches(append(large, some(2*MaxBatchRecords+1, "")...)) {
			want := []int{1, 1, MaxBatchRecords, MaxBatchRecords, 2}[i]
			if len(batch) != want {
				t.Errorf("batch %d has %d entries, want %d", i, len(batch), want)
			}
		}
	})
}

// TestBufferOfOneWhoGivesUp: when a waiting call gives up, the calls behind it go on.
func TestBufferOfOneWhoGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer()
		if err := b.add(t.Context(), some(MaxBatchRecords-1, "")); err != nil {
			t.Fatal(err)
		}
		impatient, giveUp := context.WithCancelCause(t.Context())
		large, small := make(chan error, 1), make(chan error, 1) // buffers 1: the test reads them later
		go func() { large <- b.add(impatient, some(2, "")) }()
		synctest.Wait()
		go func() { small <- b.add(t.Context(), some(1, "")) }()
		synctest.Wait()
		if len(small) > 0 {
			t.Error("the small one overtook the large one")
		}
		why := errors.New("the line is gone")
		giveUp(why)
		synctest.Wait()
		if err := <-large; !errors.Is(err, why) {
			t.Errorf("the one that gave up: %v", err)
		}
		if err := <-small; err != nil || b.size() != MaxBatchRecords {
			t.Errorf("the one behind it: %v, %d entries", err, b.size())
		}
		go func() { large <- b.add(t.Context(), some(2, "")) }()
		synctest.Wait()
		if n := len(b.end()); n != MaxBatchRecords {
			t.Errorf("%d entries in the end", n)
		}
		if err := <-large; !errors.Is(err, ErrEnded) {
			t.Errorf("one that still waits: %v", err)
		}
	})
}
