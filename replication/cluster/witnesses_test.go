package cluster

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// simNode is a node of a simulation. Times count from the moment at which the joining node starts.
type simNode struct {
	name, run string
	identity  Identity
	dies      time.Duration // it sends nothing from then on; 0: it lives
	bye       bool          // it says goodbye when it dies
	connects  time.Duration // to the joining node
	far       bool          // it never connects to the joining node
	slow      time.Duration // to answer a hello

	peers  *peers
	hellos []time.Duration // that it has not answered yet
}

func (n *simNode) lives(at time.Duration) bool { return n.dies == 0 || at < n.dies }

func (n *simNode) connected(at time.Duration) bool {
	return !n.far && n.lives(at) && at >= n.connects
}

func (n *simNode) me() *status {
	return &status{Name: n.name, Run: n.run, HTTP: "http://" + n.name, Started: day, identity: n.identity.show()}
}

// simulation is a cluster of pure states, and a node that joins it.
type simulation struct {
	at     time.Duration
	nodes  []*simNode
	joins  *simNode
	met    *witnesses
	misfit error
}

const (
	simStep  = 50 * time.Millisecond
	simBegin = -10 * time.Second // long enough for the nodes to meet
	simEnd   = 30 * time.Second
)

func (s *simulation) now() time.Time { return day.Add(s.at) }

// run lets time pass until the node has joined or was refused.
func (s *simulation) run() (joined bool, err error) {
	for _, n := range append(s.nodes, s.joins) {
		n.peers = newPeers(n.me())
	}
	s.met = newWitnesses(s.joins.name)
	for s.at = simBegin; s.at < simEnd; s.at += simStep {
		for i, n := range s.nodes {
			s.step(n, time.Duration(i)*3*simStep)
		}
		if s.at < 0 {
			continue
		}
		if s.misfit != nil {
			return false, s.misfit
		}
		var runs []string
		for _, n := range s.nodes {
			if !n.connected(s.at) {
				continue
			}
			runs = append(runs, n.run)
			if s.at%helloEvery == 0 {
				n.hellos = append(n.hellos, s.at)
			}
		}
		if may, err := s.met.mayJoin(s.now(), s.at, runs, true); may || err != nil {
			return may, err
		}
	}
	return false, errors.New("it still waits")
}

// step is a step of a node that is here already. The nodes send their statuses at different times.
func (s *simulation) step(n *simNode, offset time.Duration) {
	if n.bye && s.at == n.dies {
		s.send(n, true)
	}
	if !n.lives(s.at) {
		return
	}
	if (s.at-offset)%statusEvery == 0 {
		n.peers.silent(s.now())
		s.send(n, false)
	}
	for len(n.hellos) > 0 && n.hellos[0]+n.slow <= s.at {
		n.hellos = n.hellos[1:]
		s.send(n, false)
	}
}

// send sends the status of a node to all that it is connected to.
func (s *simulation) send(n *simNode, bye bool) {
	st := *n.me()
	st.Bye, st.Here = bye, make(map[string]holder)
	for _, p := range n.peers.list() {
		st.Here[p.Name] = holder{p.Run, p.HTTP}
	}
	for _, other := range s.nodes {
		if other != n && other.lives(s.at) {
			other.peers.applyStatus(st, s.now())
		}
	}
	if s.at < 0 || n.far || s.at < n.connects {
		return
	}
	if change := s.joins.peers.applyStatus(st, s.now()); change.misfit != nil {
		s.misfit = change.misfit
	}
	if s.joins.me().mismatch(&st) == nil {
		s.met.receive(&st, s.now())
	}
}

// TestDeathsDuringJoin lets nodes die at every moment of a join. A dead node's reports must not
// keep the joining node out. A node that was only reported must be met before the join ends.
func TestDeathsDuringJoin(t *testing.T) {
	t.Parallel()
	const killed = -200 * time.Millisecond // just before the joining node starts in its place
	same := Identity{Schema: 1, Oldest: 1, Secrets: []string{"new", "old"}}
	schema2 := Identity{Schema: 2, Oldest: 2, Secrets: same.Secrets}
	for name, tt := range map[string]struct {
		nodes func(moment time.Duration) []*simNode
		want  error
		after time.Duration // the moment, at the latest; 0: whenever
	}{
		"nobody dies": {func(time.Duration) []*simNode {
			return []*simNode{{name: "a", dies: killed}, {name: "b"}, {name: "c"}}
		}, nil, 0},
		"a witness dies": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "a", dies: killed}, {name: "b", dies: moment}, {name: "c"}}
		}, nil, 0},
		"a witness stops": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "a", dies: killed}, {name: "b", dies: moment, bye: true}, {name: "c"}}
		}, nil, 0},
		"the only witness stops": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "a", dies: killed}, {name: "b", dies: moment, bye: true}}
		}, nil, answerWithin},
		"the only witness dies": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "a", dies: killed}, {name: "b", dies: moment}}
		}, nil, 0},
		"all witnesses die, one after the other": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "a", dies: killed}, {name: "b", dies: moment}, {name: "c", dies: 2 * moment}}
		}, nil, 0},
		"the holder of the name dies, out of reach": {func(moment time.Duration) []*simNode {
			holder := &simNode{name: "a", dies: min(moment, 5*time.Second), far: true}
			return []*simNode{holder, {name: "b"}, {name: "c", dies: moment}}
		}, nil, 0},
		"the holder of the name lives, out of reach, and a witness dies": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "a", far: true}, {name: "b", dies: moment}, {name: "c"}}
		}, ErrNameTaken, 0},
		"the first to answer dies before one with another schema answers": {func(moment time.Duration) []*simNode {
			return []*simNode{{name: "b", dies: moment}, {name: "c", identity: schema2, slow: time.Second}}
		}, ErrSchema, 0},
		"a witness dies before one with another secret connects": {func(moment time.Duration) []*simNode {
			both, old := Identity{1, 1, []string{"old", "new"}}, Identity{1, 1, []string{"old"}}
			witness := &simNode{name: "b", identity: both, dies: max(moment, 2*simStep)}
			return []*simNode{witness, {name: "c", identity: old, connects: time.Second}}
		}, ErrSecret, 0},
		"all that were connected die before one with another schema connects": {func(time.Duration) []*simNode {
			silent := &simNode{name: "b", dies: simStep, slow: time.Second}
			return []*simNode{{name: "c", identity: schema2, connects: time.Second}, silent}
		}, ErrSchema, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var latest time.Duration
			for moment := simStep; moment < 8*time.Second; moment += simStep {
				s := simulation{nodes: tt.nodes(moment), joins: &simNode{name: "a", run: "joins", identity: same}}
				for i, n := range s.nodes {
					n.run = fmt.Sprint("run", i)
					if n.identity.Schema == 0 {
						n.identity = same
					}
				}
				joined, err := s.run()
				if joined != (tt.want == nil) || !errors.Is(err, tt.want) {
					t.Errorf("death after %v: joined %v, %v after %v, want %v", moment, joined, err, s.at, tt.want)
				}
				if tt.after > 0 && s.at > moment+tt.after {
					t.Errorf("death after %v: decided after %v", moment, s.at)
				}
				latest = max(latest, s.at)
			}
			t.Logf("decided after %v at the latest", latest)
		})
	}
}
