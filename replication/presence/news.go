package presence

import (
	"context"
	"sync"
)

// news are the changes that OnDiff has not been told yet. Shards add to them and never wait for it.
type news struct {
	wake chan struct{} // buffer 1: a token says that something is there, more would say no more

	mu     sync.Mutex
	topics map[string]*unread // bounded by what comes and goes: who does both is not in it
}

type unread struct{ joins, leaves map[*Presence]struct{} }

func newNews() *news {
	return &news{wake: make(chan struct{}, 1), topics: make(map[string]*unread)}
}

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

// note is called with mu.
func (n *news) note(p *Presence, joins bool) {
	u := n.topics[p.Topic]
	if u == nil {
		u = &unread{make(map[*Presence]struct{}), make(map[*Presence]struct{})}
		n.topics[p.Topic] = u
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
		delete(n.topics, p.Topic)
	}
}

func (n *news) ring() {
	select {
	case n.wake <- struct{}{}:
	default: // a token is there already
	}
}

// serve tells OnDiff, until ctx ends. After a panic what was being told is told again.
func (n *news) serve(ctx context.Context, tell func(map[string]Diff)) error {
	for {
		select {
		case <-n.wake:
			if d := n.take(); len(d) > 0 {
				n.deliver(tell, d)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (n *news) deliver(tell func(map[string]Diff), d map[string]Diff) {
	told := false
	defer func() {
		if !told {
			back := make(diffs, len(d))
			for topic, diff := range d {
				back[topic] = &diff
			}
			n.add(back)
		}
	}()
	tell(d)
	told = true
}

func (n *news) take() map[string]Diff {
	n.mu.Lock()
	topics := n.topics
	n.topics = make(map[string]*unread)
	n.mu.Unlock()
	d := make(map[string]Diff, len(topics))
	for topic, u := range topics {
		d[topic] = Diff{listed(u.joins), listed(u.leaves)}
	}
	return d
}

func listed(set map[*Presence]struct{}) []*Presence {
	list := make([]*Presence, 0, len(set))
	for p := range set {
		list = append(list, p)
	}
	inOrder(list)
	return list
}
