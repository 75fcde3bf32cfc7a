package e2e

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Tests that drive a browser take a place among the browsers, and tests of a cluster one among the
// clusters. There is one of each for every processor: docs/testing.md says what was measured.
// A test that wants both takes the cluster first.
var browsers, clusters = newPlaces(), newPlaces()

func newPlaces() *places { return &places{free: runtime.GOMAXPROCS(0)} }

// atOnce is how many tests are begun at a time. Some of them wait for a place, so that some with a
// browser, some with a cluster and some that only send requests run side by side.
func atOnce() int { return runtime.GOMAXPROCS(0) * 5 }

type places struct {
	mu      sync.Mutex
	free    int
	holders map[string]int  // by the name of the test, how many of it and of its subtests hold its place
	waiting []chan struct{} // closed in turn; a place was handed over then
}

// enter waits until the test has a place, and gives it back when the test is over. Subtests share
// the place of their test.
func (p *places) enter(t testing.TB) {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	p.mu.Lock()
	if p.holders == nil {
		p.holders = make(map[string]int)
	}
	if p.holders[name]++; p.holders[name] > 1 {
		p.mu.Unlock()
	} else {
		p.acquire() // unlocks
	}
	t.Cleanup(func() { p.release(name) })
}

// acquire is called with the lock held, and releases it.
func (p *places) acquire() {
	if p.free > 0 {
		p.free--
		p.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	p.waiting = append(p.waiting, turn)
	p.mu.Unlock()
	<-turn // every holder is a test, which ends
}

func (p *places) release(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holders[name]--
	switch {
	case p.holders[name] > 0:
	case len(p.waiting) > 0:
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	default:
		p.free++
	}
}
