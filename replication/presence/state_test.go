package presence

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStatesConverge lets replicas track, update and forget, restart, go down and come back, while what they say comes in any
// order, several times, or never. At each step what a replica knows of another is what that one tracked at some moment, and
// its lists are what its diffs have told. At last each hears all others and asks for what it misses: all list exactly the model.
//
// These ways of breaking Merge were tried, one at a time, and each made it fail:
//  1. what is older than what is known is taken anyway (the case d.To <= o.clock left out): what has come meanwhile goes;
//  2. a gap is ignored (d.From > o.clock left out): what the missing delta said is never asked for;
//  3. of the range only what joins is taken (gone looks at Leaves alone): who heard a join early never sees it leave;
//  4. Leaves are ignored (gone looks at the range alone): what came before the range stays for ever;
//  5. the clock is not set to d.To: what was taken is taken again, and joins twice;
//  6. a join that is known already is taken again (j.Tag <= o.clock left out);
//  7. what a replica that is down says is shown (o.up left out).
//
// So did these beside it: a generation that keeps what has left, a leave that gets into no history, an earlier run that
// replaces a later one, and a later one that does not hide what the earlier one had.
func TestStatesConverge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := newNetwork(t, "a", "b", "c")
		t.Repeat(map[string]func(*rapid.T){
			"join":    n.join,
			"leave":   n.leave,
			"update":  n.update,
			"tell":    n.tell,
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
	past     map[moment]map[uint64]bool // the tags of each replica at each moment of its clock
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
	n := &network{names: names, replicas: make(map[string]*node), past: make(map[moment]map[uint64]bool)}
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

func tags(r *replica) map[uint64]bool {
	set := make(map[uint64]bool)
	for tag := range r.tagged {
		set[tag] = true
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

// tell makes what a replica says in a period.
func (n *network) tell(t *rapid.T) {
	r := n.any(t, "replica")
	n.said = append(n.said, letter{from: r.mine.of.Replica, delta: r.Delta()})
}

// deliver brings something that was said to anybody. Perhaps it was brought before.
func (n *network) deliver(t *rapid.T) {
	if len(n.said) == 0 {
		t.Skip("nothing was said")
	}
	l := n.said[rapid.IntRange(0, len(n.said)-1).Draw(t, "letter")]
	n.any(t, "to").hear(t, l)
}

func (r *node) hear(t *rapid.T, l letter) {
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

// follow is what somebody does who knows only the diffs.
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

// ask has one replica ask another for what it misses. The answer comes at once, or is on its way from then on.
func (n *network) ask(t *rapid.T) {
	r, of := n.any(t, "who asks"), n.any(t, "who is asked")
	l := letter{of.mine.of.Replica, of.Since(r.Known(of.mine.of.Replica)), true}
	n.said = append(n.said, l)
	if rapid.Bool().Draw(t, "at once") {
		r.hear(t, l)
	}
}

func (n *network) restart(t *rapid.T) {
	n.start(rapid.SampledFrom(n.names).Draw(t, "replica"))
}

// down has a replica not hear another for long, or for very long.
func (n *network) down(t *rapid.T) {
	r, name := n.any(t, "replica"), rapid.SampledFrom(n.names).Draw(t, "silent")
	if rapid.Bool().Draw(t, "for ever") {
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
	var want []string
	for _, r := range n.replicas {
		for _, p := range r.tracks {
			want = append(want, text(p))
		}
	}
	slices.Sort(want)
	for name, r := range n.replicas {
		if got := r.all(); !slices.Equal(got, want) {
			t.Fatalf("%s lists\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// consistent holds the lists against the diffs that led to them, and what is known against what was.
func (n *network) consistent(t *rapid.T) {
	for name, r := range n.replicas {
		var want []string
		for p := range r.shown {
			want = append(want, text(p))
		}
		slices.Sort(want)
		if got := r.all(); !slices.Equal(got, want) {
			t.Fatalf("%s lists\n%s\nits diffs say\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for other, o := range r.others {
			if got, want := tags(o), n.past[moment{o.of.Replica, o.clock}]; !maps.Equal(got, want) {
				t.Fatalf("%s knows of %s at %d the tags %v, want %v", name, other, o.clock, got, want)
			}
		}
	}
}

// all is what a replica lists, by topic and by key.
func (r *node) all() (all []string) {
	for topic := range maps.Keys(r.topics) {
		byKey := 0
		for _, p := range r.List(topic) {
			all = append(all, text(p))
		}
		for key := range r.topics[topic].byKey {
			byKey += len(r.ByKey(topic, key))
		}
		if byKey != len(r.List(topic)) {
			all = append(all, fmt.Sprintf("%s has %d by key", topic, byKey))
		}
	}
	slices.Sort(all)
	return all
}

func text(p *Presence) string {
	return fmt.Sprintf("%s %s %s %s before %q at %s", p.Ref(), p.Topic, p.Key, p.Meta, p.PrevRef(), p.Replica())
}
