package presence

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
)

// Replica is one run of a node. Of two runs of one name the one with the higher version is the
// later.
type Replica struct {
	Name    string `json:"name"`
	Version int64  `json:"vsn"`
}

func (r Replica) origin() *origin {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", r.Name, r.Version))
	return &origin{r, base64.RawURLEncoding.EncodeToString(sum[:9])}
}

func compare[T cmp.Ordered](a, b T) int { return cmp.Compare(a, b) }

// State is what one replica tracks, and what it knows of the others. It computes only: it reads no
// clock, starts nothing and sends nothing. The package comment tells what holds of it.
type State struct {
	mine   *replica
	others map[string]*replica // by name: the latest run of each
	topics map[string]*topic   // what is visible: of this replica, and of those that are up

	pending     *history   // since the last Delta
	generations []*history // up to the last Delta, each further back than the one before
	sizes       []int      // of the generations, at most
}

// replica is what is known of one: all that it tracked at a moment of its clock.
type replica struct {
	of     *origin
	clock  uint64
	tagged map[uint64]*Presence
	up     bool
}

func newReplica(r Replica) *replica {
	return &replica{of: r.origin(), tagged: make(map[uint64]*Presence), up: true}
}

// NewState is that of a replica which tracks nothing and knows no other. The sizes are those of
// MaxDeltaSizes, see [Options].
func NewState(me Replica, sizes []int) *State {
	s := &State{
		mine: newReplica(me), others: make(map[string]*replica), topics: make(map[string]*topic),
		pending: newHistory(0), sizes: sizes,
	}
	for range sizes {
		s.generations = append(s.generations, newHistory(0))
	}
	return s
}

// Join tracks something of this replica's own. before is what it replaces, or nil.
func (s *State) Join(topic, key string, meta json.RawMessage, before *Presence) *Presence {
	s.mine.clock++
	p := &Presence{Topic: topic, Key: key, Meta: meta, tag: s.mine.clock, of: s.mine.of}
	if before != nil {
		p.before = before.tag
	}
	s.mine.tagged[p.tag] = p
	s.pending.join(p)
	s.pending.to = s.mine.clock
	s.show(p)
	return p
}

// Leave ends what this replica tracks.
func (s *State) Leave(p *Presence) {
	s.mine.clock++ // so that who has not heard of it knows less than this replica says it knows
	delete(s.mine.tagged, p.tag)
	s.pending.leave(p.tag)
	s.pending.to = s.mine.clock
	s.hide(p)
}

// HasNews tells whether something has happened since the last Delta.
func (s *State) HasNews() bool { return s.pending.from < s.pending.to }

// Clock is how much has happened at this replica.
func (s *State) Clock() uint64 { return s.mine.clock }

// Delta is what has happened since it was asked for last.
func (s *State) Delta() Delta {
	d := s.pending.delta()
	for i, g := range s.generations {
		g.append(s.pending)
		if g.size() > s.sizes[i] {
			s.generations[i] = newHistory(g.to)
		}
	}
	s.pending = newHistory(s.mine.clock)
	return d
}

// Since is what turns the state at that moment of this replica's clock into its state now or at the
// last Delta: the shortest history that goes back so far, else all that it tracks.
func (s *State) Since(clock uint64) Delta {
	switch {
	case clock >= s.mine.clock:
		return Delta{From: clock, To: clock}
	case clock >= s.pending.from:
		return s.pending.delta()
	}
	for _, g := range s.generations {
		if g.from <= clock && clock > 0 {
			return g.delta()
		}
	}
	return s.whole()
}

func (s *State) whole() Delta {
	return (&history{to: s.mine.clock, joins: s.mine.tagged}).delta()
}

// Known is how much of another replica's doings this one knows. A replica that it does not know, or
// not this run of it, has done nothing so far.
func (s *State) Known(r Replica) uint64 {
	if o := s.others[r.Name]; o != nil && o.of.Replica == r {
		return o.clock
	}
	return 0
}

// IsUp tells whether what the replica of that name tracks is visible.
func (s *State) IsUp(name string) bool { o := s.others[name]; return o != nil && o.up }

// Heard takes note that a replica speaks: it is up, be it new, or back, or a later run of one that
// was here. Of an earlier run than the one that is up nothing is heard: fresh is false.
func (s *State) Heard(r Replica) (changed diffs, fresh bool) {
	changed = make(diffs)
	o := s.others[r.Name]
	switch {
	case r.Name == s.mine.of.Name:
		return nil, false
	case o == nil:
		s.others[r.Name] = newReplica(r)
	case o.of.Replica == r:
		s.raise(o, changed)
	case o.up && r.Version < o.of.Version:
		return nil, false
	default:
		s.lower(o, changed)
		s.others[r.Name] = newReplica(r)
	}
	return changed, true
}

// Merge takes what a replica says of itself. It changes nothing and ok is false when something is
// missing between what is known of it and what it says, when it was never heard, or when no replica
// would say so.
func (s *State) Merge(r Replica, d Delta) (changed diffs, ok bool) {
	changed = make(diffs)
	o := s.others[r.Name]
	switch {
	case o == nil || o.of.Replica != r || d.From > o.clock || d.check() != nil:
		return changed, false
	case d.To <= o.clock:
		return changed, true // known already
	}
	for _, p := range o.gone(d) {
		delete(o.tagged, p.tag)
		if o.up {
			s.hide(p)
			changed.leave(p)
		}
	}
	for _, j := range d.Joins {
		if j.Tag <= o.clock {
			continue // known already
		}
		p := j.presence(o.of)
		o.tagged[p.tag] = p
		if o.up {
			s.show(p)
			changed.join(p)
		}
	}
	o.clock = d.To
	return changed, true
}

// gone are the presences of which a delta says that they are not there any more.
func (o *replica) gone(d Delta) (gone []*Presence) {
	for _, tag := range d.Leaves {
		if p := o.tagged[tag]; p != nil {
			gone = append(gone, p)
		}
	}
	if d.From == o.clock {
		return gone // nothing is known of what it covers
	}
	there := make(map[uint64]bool, len(d.Joins))
	for _, j := range d.Joins {
		there[j.Tag] = true
	}
	for tag, p := range o.tagged {
		if tag > d.From && !there[tag] {
			gone = append(gone, p)
		}
	}
	inOrder(gone)
	return gone
}

// Down hides what a replica tracks, until it is heard again.
func (s *State) Down(name string) diffs {
	changed := make(diffs)
	if o := s.others[name]; o != nil {
		s.lower(o, changed)
	}
	return changed
}

// Forget forgets a replica: if it comes back, it has to tell everything.
func (s *State) Forget(name string) diffs {
	changed := s.Down(name)
	delete(s.others, name)
	return changed
}

func (s *State) raise(o *replica, changed diffs) {
	if o.up {
		return
	}
	o.up = true
	for _, p := range o.inOrder() {
		s.show(p)
		changed.join(p)
	}
}

func (s *State) lower(o *replica, changed diffs) {
	if !o.up {
		return
	}
	o.up = false
	for _, p := range o.inOrder() {
		s.hide(p)
		changed.leave(p)
	}
}

func (o *replica) inOrder() []*Presence {
	list := make([]*Presence, 0, len(o.tagged))
	for p := range maps.Values(o.tagged) {
		list = append(list, p)
	}
	inOrder(list)
	return list
}
