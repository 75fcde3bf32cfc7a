package checkout

import "sync"

// inFlight counts the purchases of each line that are in the ledger of this node. A form that is
// sent again while its first purchase is there is queued behind it: a look-up would overtake it,
// and could refuse what is sold a moment later. Its methods are called from any goroutine.
type inFlight struct {
	mu    sync.Mutex
	lines map[LineID]int
}

// add counts the lines until the function that it returns is called.
func (f *inFlight) add(lines []Line) (done func()) {
	f.count(lines, 1)
	return func() { f.count(lines, -1) }
}

func (f *inFlight) count(lines []Line, by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lines == nil {
		f.lines = make(map[LineID]int)
	}
	for _, l := range lines {
		if f.lines[l.ID] += by; f.lines[l.ID] == 0 {
			delete(f.lines, l.ID)
		}
	}
}

// any reports whether a purchase of any of the lines is in the ledger.
func (f *inFlight) any(lines []Line) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range lines {
		if f.lines[l.ID] > 0 {
			return true
		}
	}
	return false
}
