package e2e

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

// machine lends out the processors. A browser or a cluster keeps about two of them busy: on two processors one test at a time
// has any, and a test that only sends requests runs beside it. See docs/testing.md for what was measured.
var machine = processors{free: max(1, runtime.GOMAXPROCS(0)/2)}

type processors struct {
	mu      sync.Mutex
	free    int
	holders map[string]int  // by the name of the test, how many of it and of its subtests hold its place
	waiting []chan struct{} // closed in turn; a place was handed over then
}

// take waits until the test has a place, and gives it back when the test is over. Subtests share the place of their test.
func (p *processors) take(t testing.TB) {
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
func (p *processors) acquire() {
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

func (p *processors) release(name string) {
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
