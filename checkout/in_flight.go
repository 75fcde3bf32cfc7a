package checkout

import (
	"slices"
	"sync"
)

// inFlight counts the purchases of each line that are in the ledger of this node. A form that is
// sent again while its first purchase is there is queued behind it: a look-up would overtake it,
// and could refuse what is sold a moment later. Its methods are called from any goroutine.
type inFlight struct {
	mu    sync.Mutex
	lines map[LineID]int
}

// enter counts the lines until landed is called, if any of them is in the ledger, or if alone says
// that the purchase is to go there by itself. Else ok is false. One lock is held for both: a form
// that comes later finds the lines counted, or is the first.
func (f *inFlight) enter(lines []Line, alone func() bool) (landed func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.any(lines) && !alone() {
		return nil, false
	}
	f.count(lines, 1)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.count(lines, -1)
	}, true
}

// count is called with mu.
func (f *inFlight) count(lines []Line, by int) {
	if f.lines == nil {
		f.lines = make(map[LineID]int)
	}
	for _, l := range lines {
		if f.lines[l.ID] += by; f.lines[l.ID] == 0 {
			delete(f.lines, l.ID)
		}
	}
}

// any is called with mu.
func (f *inFlight) any(lines []Line) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return f.lines[l.ID] > 0 })
}
