package tally

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// reports collects what a tally says. Stop the tally before you read them.
type reports map[netip.Prefix][]int

func serve(t *testing.T) (*Tally, reports, func()) {
	var mu sync.Mutex
	got := make(reports)
	tally := New(func(client netip.Prefix, count int) {
		mu.Lock()
		defer mu.Unlock()
		got[client] = append(got[client], count)
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = tally.Serve(ctx)
	}()
	return tally, got, func() { cancel(); <-done }
}

func TestOneReportAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally, got, stop := serve(t)
		a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/64")
		for range 30 { // for five minutes
			tally.Note(a)
			time.Sleep(10 * time.Second)
		}
		tally.Note(b)
		tally.Note(b)
		stop()
		if len(got[a]) < 5 || len(got[a]) > 6 || got[a][0] != 1 {
			t.Errorf("in five minutes a client was reported with the counts %v", got[a])
		}
		sum := 0
		for _, n := range got[a] {
			sum += n
		}
		if sum != 30 {
			t.Errorf("%d were counted, want 30", sum)
		}
		if !slices.Equal(got[b], []int{1, 1}) {
			t.Errorf("at the end of the service the rest is reported: got %v", got[b])
		}
	})
}

func TestQuietClientsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally, got, stop := serve(t)
		a := netip.MustParsePrefix("192.0.2.1/32")
		tally.Note(a)
		time.Sleep(every + 2*look)
		synctest.Wait()
		if len(tally.seen) != 0 {
			t.Errorf("%d clients are remembered", len(tally.seen))
		}
		tally.Note(a)
		stop()
		if !slices.Equal(got[a], []int{1, 1}) {
			t.Errorf("got %v", got[a])
		}
	})
}

// Strangers with a great many addresses grow neither the memory nor the log.
func TestTooManyClientsCountAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally, got, stop := serve(t)
		addr := netip.MustParseAddr("10.0.0.0")
		for range 5 * clients {
			tally.Note(netip.PrefixFrom(addr, 32))
			addr = addr.Next()
		}
		if len(tally.seen) != clients+1 {
			t.Errorf("%d clients are remembered", len(tally.seen))
		}
		stop()
		if len(got) != clients+1 || !slices.Equal(got[netip.Prefix{}], []int{1, 4*clients - 1}) {
			t.Errorf("%d were reported, of the others %v", len(got), got[netip.Prefix{}])
		}
	})
}
