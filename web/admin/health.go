package admin

import (
	"context"
	"slices"
	"time"
)

// watchNodes looks for this node's fault, and then at all nodes, again and again until ctx ends.
// The nodes tell each other what they have found.
func (b *Board) watchNodes(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		within, cancel := context.WithTimeout(ctx, faultTime)
		found := b.cfg.Fault(within)
		cancel()
		if ctx.Err() != nil {
			return
		}
		b.found(found)
		b.lookAtNodes()
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// Fault returns what keeps this node from selling as it should, as it was found last. It may be
// called from any goroutine.
func (b *Board) Fault() Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fault
}

func (b *Board) found(f Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = f
}

// seen notes what has changed of the nodes since the last look. It must be called with the lock
// held.
func (b *Board) seen(now time.Time, nodes []NodeState) {
	if len(nodes) == 0 {
		return
	}
	for _, r := range b.ill.look(now, nodes[0]) {
		b.note(r)
		b.logFault(r)
	}
	first := b.here == nil
	here := make([]string, 0, len(nodes))
	for i, n := range nodes {
		here = append(here, n.Run)
		if isNew := !slices.Contains(b.here, n.Run); isNew && (i == 0 || !first) { // the others have told of themselves
			b.note(Record{At: now, Kind: eventNodeHere, Subject: n.Name, Run: n.Run})
		}
	}
	for _, n := range b.nodes {
		if !slices.Contains(here, n.Run) {
			b.note(Record{At: now, Kind: eventNodeGone, Subject: n.Name, Run: n.Run})
		}
	}
	b.here = here
}

func (b *Board) logFault(r Record) {
	words := Fault(r.Why).words()
	if r.Kind == eventTrouble {
		b.cfg.Log.Warn(words.begins, "fault", r.Why)
		return
	}
	b.cfg.Log.Info(words.ends, "fault", r.Why, "took", r.At.Sub(r.Due))
}
