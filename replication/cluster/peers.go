package cluster

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Peer is another node.
type Peer struct {
	Name    string
	Run     string // of its process: a node that restarts is another peer
	HTTP    string // URL of its shop
	Version string
	Started time.Time
	Status
	Lag time.Duration // for how long it has known that another catalog is newer than its own
}

// peers are those whom a node has heard of. It is a pure state: it reads no clock and sends
// nothing.
//
// Invariants: a message counts only when its run is known and fits, so what is heard of a stranger
// or of a node that does not go with us changes nothing. The messages of a run and a stream are
// taken in the order of their numbers and each once; a number that is skipped is reported, once,
// before the one behind it is taken. A status comes behind the messages that it counts, so the loss
// of the last ones is noticed with the next status. Of two runs of one name the younger counts: it
// is the older's restart.
type peers struct {
	me     *status
	known  map[string]*peer // by run
	misfit map[string]bool  // runs that were reported
}

type peer struct {
	status
	heard    time.Time
	received map[string]uint64 // number of the last message of each stream
}

// news is what a status changes.
type news struct {
	came, left bool
	missed     bool  // a stream has lost its last messages
	misfit     error // told once for each run
}

func newPeers(me *status) *peers {
	return &peers{me: me, known: make(map[string]*peer), misfit: make(map[string]bool)}
}

// mostMisfits bounds how many runs are remembered that do not go with us. More are reported again.
const mostMisfits = 1000

// applyStatus applies a status. A hello adds no peer: its node may not go with those that are here.
func (ps *peers) applyStatus(s status, now time.Time) news {
	if s.Run == ps.me.Run || s.Run == "" {
		return news{}
	}
	p, known := ps.known[s.Run]
	if s.Bye {
		delete(ps.known, s.Run)
		return news{left: known}
	}
	if err := ps.me.mismatch(&s); err != nil {
		return ps.refuse(&s, err)
	}
	if s.Hello || ps.isOutdated(&s) {
		return news{}
	}
	if !known {
		p = &peer{received: make(map[string]uint64)}
		maps.Copy(p.received, s.Sent)
		ps.known[s.Run] = p
	}
	n := news{came: !known}
	for stream, sent := range s.Sent {
		if p.received[stream] < sent {
			p.received[stream] = sent
			n.missed = true
		}
	}
	p.status, p.heard = s, now
	return n
}

// refuse forgets a node that does not go with this one, and tells so once of its hellos, and once
// when it has joined.
func (ps *peers) refuse(s *status, why error) news {
	_, known := ps.known[s.Run]
	delete(ps.known, s.Run)
	run := s.Run
	if s.Hello {
		run += " hello"
	}
	if ps.misfit[run] {
		return news{}
	}
	if len(ps.misfit) >= mostMisfits {
		clear(ps.misfit)
	}
	ps.misfit[run] = true
	return news{left: known, misfit: why}
}

// isOutdated tells whether a younger run of the same name is here. An older one is forgotten.
func (ps *peers) isOutdated(s *status) bool {
	for run, p := range ps.known {
		if p.Name != s.Name || run == s.Run {
			continue
		}
		if p.Started.After(s.Started) {
			return true
		}
		delete(ps.known, run)
	}
	return false
}

// mostAhead is more than any node sends between two words that are heard. No node sends a number
// further ahead.
const mostAhead = 1 << 32

// acceptMessage reports whether a message of a stream is to be taken, and whether some before it
// were lost.
func (ps *peers) acceptMessage(run, stream string, number uint64, now time.Time) (from Peer, ok, missed bool) {
	p, known := ps.known[run]
	if !known || number <= p.received[stream] || number-p.received[stream] > mostAhead {
		return Peer{}, false, false
	}
	p.heard = now
	missed = number > p.received[stream]+1
	p.received[stream] = number
	return p.peer(), true, missed
}

// silent forgets those who have not been heard of for too long, and returns them.
func (ps *peers) silent(now time.Time) (gone []Peer) {
	for run, p := range ps.known {
		if now.Sub(p.heard) > silentAfter {
			delete(ps.known, run)
			gone = append(gone, p.peer())
		}
	}
	return gone
}

// list returns all nodes that are here, by name.
func (ps *peers) list() []Peer {
	list := make([]Peer, 0, len(ps.known))
	for _, p := range ps.known {
		list = append(list, p.peer())
	}
	slices.SortFunc(list, func(a, b Peer) int { return strings.Compare(a.Name+a.Run, b.Name+b.Run) })
	return list
}

// newest is the highest revision that anybody's catalog has.
func (ps *peers) newest() (revision int64) {
	for _, p := range ps.known {
		revision = max(revision, p.Revision)
	}
	return revision
}

func (s *status) peer() Peer {
	return Peer{
		Name: s.Name, Run: s.Run, HTTP: s.HTTP, Version: s.Version, Started: s.Started, Status: s.Status,
		Lag: time.Duration(s.Lag) * time.Millisecond,
	}
}
