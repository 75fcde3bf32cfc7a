package cluster

import (
	"maps"
	"slices"
	"time"
)

// witnesses are the nodes that have answered a node while it joins, and the peers that they
// report. It is a pure state, like peers.
//
// Invariant: what a witness reports counts only while the witness itself is heard. A goodbye
// withdraws it at once, and it expires after silentAfter without a status.
type witnesses struct {
	name  string             // of the node that joins
	byRun map[string]witness // by run of the witness
}

type witness struct {
	name  string
	heard time.Time
	here  map[string]holder // the peers that it reports, by name
}

func newWitnesses(name string) *witnesses {
	return &witnesses{name: name, byRun: make(map[string]witness)}
}

// receive notes the status of a node that goes with the one that joins.
func (ws *witnesses) receive(s *status, now time.Time) {
	w := witness{name: s.Name, heard: now, here: s.Here}
	if s.Bye {
		w.here = nil
	}
	ws.byRun[s.Run] = w
}

// mayJoin reports whether the node may join, having waited for so long: no node reports its name,
// and all nodes that it should meet have answered, or had time enough. found says that there are
// others: if none is connected, some may be about to connect. The error is that of a name that
// stays taken.
func (ws *witnesses) mayJoin(now time.Time, waited time.Duration, connected []string, found bool) (bool, error) {
	ws.expire(now)
	_, holder, taken := ws.holder()
	switch {
	case taken && waited >= nameWithin:
		return false, &Mismatch{ws.name, holder.HTTP, ErrNameTaken}
	case taken:
		return false, nil
	case waited >= answerWithin:
		return true, nil
	}
	return (len(connected) > 0 || !found) && ws.haveAnswered(connected), nil
}

// expire forgets the witnesses that have fallen silent.
func (ws *witnesses) expire(now time.Time) {
	maps.DeleteFunc(ws.byRun, func(_ string, w witness) bool { return now.Sub(w.heard) > silentAfter })
}

// holder returns the node that has the name of the one that joins, and the name of a witness. The
// node that joins need not be connected to the holder.
func (ws *witnesses) holder() (witness string, h holder, taken bool) {
	for _, w := range ws.byRun {
		if h := w.here[ws.name]; h.Run != "" {
			return w.name, h, true
		}
	}
	return "", holder{}, false
}

// haveAnswered reports whether all connected runs are witnesses, and so are all peers that the
// witnesses report: a node that goes with a witness need not go with the node that joins.
func (ws *witnesses) haveAnswered(connected []string) bool {
	expected := slices.Clone(connected)
	for _, w := range ws.byRun {
		for name, h := range w.here {
			if name != ws.name {
				expected = append(expected, h.Run)
			}
		}
	}
	return !slices.ContainsFunc(expected, func(run string) bool {
		_, answered := ws.byRun[run]
		return !answered
	})
}
