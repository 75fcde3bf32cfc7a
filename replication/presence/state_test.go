package presence

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStatesConverge lets replicas track, update and forget, restart, go down and come back, while
// what they say comes in any order, several times, or never. At each step what a replica knows of
// another is what that one tracked at some moment, and its lists are what its diffs have told. At
// last each hears all others and asks for what it misses: all list exactly the model.
//
// e2e/mutants/presence.txt has the ways of breaking it that this test notices: each takes a few
// hundred histories at most, but for those of merge_test.go.
func TestStatesConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := newNetwork(t, "a", "b", "c")
		t.Repeat(map[string]func(*rapid.T){
			"join":    n.join,
			"leave":   n.leave,
			"update":  n.update,
			"tell":    n.sendDelta,
			"deliver": n.deliver,
			"ask":     n.ask,
			"restart": n.restart,
			"down":    n.down,
			"":        n.consistent,
		})
		n.exchange()
		n.converged(t)
	})
}

// network is some replicas, and all that was ever said between them.
type network struct {
	names    []string
	replicas map[string]*node
	said     []letter
	past     map[moment]map[uint64]struct{} // the tags of each replica at each moment of its clock
	runs     int64
	keys     int
}

// node is a replica with its part of the model, and what follows its diffs.
type node struct {
	*State
	tracks []*Presence
	shown  map[*Presence]bool
}

// letter is something that a replica once said of itself, unasked or as an answer.
type letter struct {
	from   Replica
	delta  Delta
	answer bool
}

type moment struct {
	of    Replica
	clock uint64
}

func newNetwork(t *rapid.T, names ...string) *network {
	n := &network{names: names, replicas: make(map[string]*node), past: make(map[moment]map[uint64]struct{})}
	for _, name := range names {
		n.start(name)
	}
	return n
}

func (n *network) start(name string) {
	n.runs++
	n.replicas[name] = &node{State: NewState(Replica{name, n.runs}, []int{2, 5}), shown: make(map[*Presence]bool)}
	n.remember(n.replicas[name])
}

// remember keeps what a replica tracks at this moment.
func (n *network) remember(r *node) { n.past[moment{r.mine.of.Replica, r.Clock()}] = tags(r.mine) }

func tags(r *replica) map[uint64]struct{} {
	set := make(map[uint64]struct{}, len(r.tagged))
	for tag := range r.tagged {
		set[tag] = struct{}{}
	}
	return set
}

func (n *network) any(t *rapid.T, what string) *node {
	return n.replicas[rapid.SampledFrom(n.names).Draw(t, what)]
}

func (n *network) join(t *rapid.T) {
	r := n.any(t, "replica")
	n.keys++
	topic := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "topic")
	key := rapid.SampledFrom([]string{"k", "l"}).Draw(t, "key")
	p := r.Join(topic, key, json.RawMessage(fmt.Sprintf(`{"n":%d}`, n.keys)), nil)
	r.tracks = append(r.tracks, p)
	r.shown[p] = true
	n.remember(r)
}

func (n *network) anyTracked(t *rapid.T) (r *node, i int) {
	r = n.any(t, "replica")
	if len(r.tracks) == 0 {
		t.Skip("it tracks nothing")
	}
	return r, rapid.IntRange(0, len(r.tracks)-1).Draw(t, "which")
}

func (n *network) leave(t *rapid.T) {
	r, i := n.anyTracked(t)
	r.Leave(r.tracks[i])
	delete(r.shown, r.tracks[i])
	r.tracks = slices.Delete(r.tracks, i, i+1)
	n.remember(r)
}

func (n *network) update(t *rapid.T) {
	r, i := n.anyTracked(t)
	old := r.tracks[i]
	n.keys++
	r.Leave(old)
	n.remember(r)
	delete(r.shown, old)
	r.tracks[i] = r.Join(old.Topic, old.Key, json.RawMessage(fmt.Sprintf(`{"n":%d}`, n.keys)), old)
	r.shown[r.tracks[i]] = true
	n.remember(r)
}

// sendDelta makes what a replica says in a period.
func (n *network) sendDelta(t *rapid.T) {
	r := n.any(t, "replica")
	n.said = append(n.said, letter{from: r.mine.of.Replica, delta: r.Delta()})
}

// deliver brings something that was said to anybody. Perhaps it was brought before.
func (n *network) deliver(t *rapid.T) {
	if len(n.said) == 0 {
		t.Skip("nothing was said")
	}
	l := n.said[rapid.IntRange(0, len(n.said)-1).Draw(t, "letter")]
	n.any(t, "to").receive(t, l)
}

func (r *node) receive(t *rapid.T, l letter) {
	before, up, known := r.others[l.from.Name], r.IsUp(l.from.Name), r.Known(l.from)
	if !l.answer {
		changed, fresh := r.Heard(l.from)
		r.follow(t, changed)
		if !fresh {
			return
		}
	}
	changed, _ := r.Merge(l.from, l.delta)
	r.follow(t, changed)
	if up && r.others[l.from.Name].of.Version < before.of.Version {
		t.Fatalf("an earlier run of %s was taken for the later one", l.from.Name)
	}
	if r.Known(l.from) < known {
		t.Fatalf("%s knows less than before", r.mine.of.Name)
	}
}

// follow keeps a list by the diffs alone.
func (r *node) follow(t *rapid.T, changed diffs) {
	for topic, d := range changed {
		for _, p := range d.Leaves {
			if !r.shown[p] || p.Topic != topic {
				t.Fatalf("%s leaves and was not there", text(p))
			}
			delete(r.shown, p)
		}
		for _, p := range d.Joins {
			if r.shown[p] || p.Topic != topic {
				t.Fatalf("%s joins and was there", text(p))
			}
			r.shown[p] = true
		}
	}
}

// ask has one replica ask another for what it misses. The answer comes at once, or is on its way
// from then on.
func (n *network) ask(t *rapid.T) {
	r, of := n.any(t, "who asks"), n.any(t, "who is asked")
	l := letter{of.mine.of.Replica, of.Since(r.Known(of.mine.of.Replica)), true}
	n.said = append(n.said, l)
	if rapid.Bool().Draw(t, "at once") {
		r.receive(t, l)
	}
}

// restart is rarer than other steps: what is known of a replica grows between two of them.
func (n *network) restart(t *rapid.T) {
	if rapid.Bool().Draw(t, "not now") {
		t.Skip("not now")
	}
	n.start(rapid.SampledFrom(n.names).Draw(t, "replica"))
}

// down has a replica not hear another for long, or for very long.
func (n *network) down(t *rapid.T) {
	r := n.any(t, "replica")
	if len(r.others) == 0 {
		t.Skip("it knows nobody")
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(r.others))).Draw(t, "silent")
	if rapid.IntRange(0, 3).Draw(t, "for ever") == 0 {
		r.follow(t, r.Forget(name))
	} else {
		r.follow(t, r.Down(name))
	}
}

// exchange lets each replica hear every other one, and ask it for what is missing.
func (n *network) exchange() {
	for _, r := range n.replicas {
		for _, of := range n.replicas {
			if r == of {
				continue
			}
			who := of.mine.of.Replica
			_, _ = r.Heard(who)
			if r.Known(who) < of.Clock() {
				_, _ = r.Merge(who, of.Since(r.Known(who)))
				_, _ = r.Merge(who, of.Since(r.Known(who))) // what the last Delta did not hold yet
			}
		}
	}
}

func (n *network) converged(t *rapid.T) {
	var tracked []*Presence
	for _, r := range n.replicas {
		tracked = append(tracked, r.tracks...)
	}
	want := texts(slices.Values(tracked))
	for name, r := range n.replicas {
		if got := r.all(); !slices.Equal(got, want) {
			t.Fatalf("%s lists\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// consistent holds the lists against the diffs that led to them, and what is known against what
// was. It runs after each step: so it compares presences by their pointers, and makes text of them
// only when they differ.
func (n *network) consistent(t *rapid.T) {
	for name, r := range n.replicas {
		listed, sound := 0, true
		for topic, in := range r.topics {
			list, byKey := r.List(topic), 0
			for _, p := range list {
				sound = sound && r.shown[p]
			}
			for key := range in.byKey {
				byKey += len(r.ByKey(topic, key))
			}
			sound = sound && byKey == len(list)
			listed += len(list)
		}
		if !sound || listed != len(r.shown) {
			t.Fatalf("%s lists\n%s\nits diffs say\n%s", name, strings.Join(r.all(), "\n"),
				strings.Join(texts(maps.Keys(r.shown)), "\n"))
		}
		for other, o := range r.others {
			was := n.past[moment{o.of.Replica, o.clock}]
			if !maps.EqualFunc(o.tagged, was, func(*Presence, struct{}) bool { return true }) {
				t.Fatalf("%s knows of %s at %d the tags %v, want %v", name, other, o.clock, tags(o), was)
			}
		}
	}
}

// all is what a replica lists, by topic and by key.
func (r *node) all() (all []string) {
	for topic := range r.topics {
		list, byKey := r.List(topic), 0
		all = append(all, texts(slices.Values(list))...)
		for key := range r.topics[topic].byKey {
			byKey += len(r.ByKey(topic, key))
		}
		if byKey != len(list) {
			all = append(all, fmt.Sprintf("%s has %d by key", topic, byKey))
		}
	}
	slices.Sort(all)
	return all
}

func texts(presences iter.Seq[*Presence]) (all []string) {
	for p := range presences {
		all = append(all, text(p))
	}
	slices.Sort(all)
	return all
}

func text(p *Presence) string {
	return fmt.Sprintf("%s %s %s %s before %q at %s", p.Ref(), p.Topic, p.Key, p.Meta, p.PrevRef(), p.Replica())
}
