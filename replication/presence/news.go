package presence

import (
	"context"
	"sync"
)

// news are the changes that OnDiff has not been told yet. Shards add to them and never wait for it.
type news struct {
	wake chan struct{} // buffer 1: a token says that something is there, more would say no more

	mu      sync.Mutex
	batches []batch // in order; the last one grows, and a change after a List begins a new one

	telling map[string]Diff // what OnDiff is being told, or was when it panicked; of serve only
}

// batch are changes of topics. A presence that comes and goes within it is not in it. So its size
// is bounded by what is here, and their number by how often List is called while OnDiff is at work.
type batch map[string]*unread

type unread struct {
	joins, leaves map[*Presence]struct{}
	sealed        bool // a List has shown what it holds: what follows is told apart
}

func newNews() *news { return &news{wake: make(chan struct{}, 1)} }

func (n *news) join(p *Presence) {
	n.mu.Lock()
	n.note(p, true)
	n.mu.Unlock()
	n.ring()
}

func (n *news) leave(p *Presence) {
	n.mu.Lock()
	n.note(p, false)
	n.mu.Unlock()
	n.ring()
}

// replace notes both at once: an update is one diff, in which clients see the join first.
func (n *news) replace(old, by *Presence) {
	n.mu.Lock()
	n.note(old, false)
	n.note(by, true)
	n.mu.Unlock()
	n.ring()
}

func (n *news) add(d diffs) {
	if len(d) == 0 {
		return
	}
	n.mu.Lock()
	for _, t := range d {
		for _, p := range t.Leaves {
			n.note(p, false)
		}
		for _, p := range t.Joins {
			n.note(p, true)
		}
	}
	n.mu.Unlock()
	n.ring()
}

// seal keeps what was noted of a topic from being cancelled by what comes later.
func (n *news) seal(topic string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.batches) == 0 {
		return
	}
	if u := n.batches[len(n.batches)-1][topic]; u != nil {
		u.sealed = true
	}
}

// note is called with mu.
func (n *news) note(p *Presence, joins bool) {
	last := len(n.batches) - 1
	if last < 0 || n.batches[last][p.Topic] != nil && n.batches[last][p.Topic].sealed {
		n.batches = append(n.batches, make(batch))
		last++
	}
	now := n.batches[last]
	u := now[p.Topic]
	if u == nil {
		u = &unread{joins: make(map[*Presence]struct{}), leaves: make(map[*Presence]struct{})}
		now[p.Topic] = u
	}
	to, other := u.joins, u.leaves
	if !joins {
		to, other = other, to
	}
	if _, there := other[p]; there {
		delete(other, p) // it has come and gone, or gone and come back
	} else {
		to[p] = struct{}{}
	}
	if len(u.joins)+len(u.leaves) == 0 {
		delete(now, p.Topic)
	}
}

func (n *news) ring() {
	select {
	case n.wake <- struct{}{}:
	default: // a token is there already
	}
}

// serve tells OnDiff, until ctx ends. After a panic what was being told is told again, before all
// that came later.
func (n *news) serve(ctx context.Context, tell func(map[string]Diff)) error {
	for ctx.Err() == nil {
		if n.telling == nil {
			n.telling = n.nextBatch()
		}
		if n.telling != nil {
			tell(n.telling)
			n.telling = nil
			continue
		}
		select {
		case <-n.wake:
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// nextBatch takes the first batch that is not empty, nil if there is none.
func (n *news) nextBatch() map[string]Diff {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.batches) > 0 {
		first := n.batches[0]
		n.batches[0] = nil
		n.batches = n.batches[1:]
		if len(first) == 0 {
			continue
		}
		d := make(map[string]Diff, len(first))
		for topic, u := range first {
			d[topic] = Diff{listed(u.joins), listed(u.leaves)}
		}
		return d
	}
	return nil
}

func listed(set map[*Presence]struct{}) []*Presence {
	list := make([]*Presence, 0, len(set))
	for p := range set {
		list = append(list, p)
	}
	inOrder(list)
	return list
}
