package presence

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// Delta is what has happened at a replica between two moments of its clock, or all that it tracks:
// then From is 0.
//
// It says of every tag in (From, To] whether it is still there at To: the tag is among Joins, or it
// is not. Of the tags up to From it names those that have gone in between, the Leaves. So it turns
// the state at any moment from From to To into the state at To, and says nothing to who is there
// already.
type Delta struct {
	From   uint64   `json:"from"`
	To     uint64   `json:"to"`
	Joins  []joined `json:"joins,omitempty"`  // in the order of their tags
	Leaves []uint64 `json:"leaves,omitempty"` // tags, in order
}

var errDelta = errors.New("presence: a delta that no replica makes")

// check tells whether it is one as a replica makes it: what others say is not believed.
func (d Delta) check() error {
	last := d.From
	for _, j := range d.Joins {
		if j.Tag <= last || j.Tag > d.To || !isObject(j.Meta) {
			return errDelta
		}
		last = j.Tag
	}
	last = 0
	for _, tag := range d.Leaves {
		if tag <= last || tag > d.From {
			return errDelta
		}
		last = tag
	}
	if d.From > d.To {
		return errDelta
	}
	return nil
}

// isObject tells whether JSON is an object, without space at its ends and at its begin: to that the
// refs are added.
func isObject(meta json.RawMessage) bool {
	n := len(meta)
	return n >= 2 && meta[0] == '{' && meta[n-1] == '}' && (n == 2 || meta[1] == '"')
}

// joined is a presence as its replica tells it to others.
type joined struct {
	Tag    uint64          `json:"tag"`
	Before uint64          `json:"before,omitempty"`
	Topic  string          `json:"topic"`
	Key    string          `json:"key"`
	Meta   json.RawMessage `json:"meta"`
}

func asJoined(p *Presence) joined { return joined{p.tag, p.before, p.Topic, p.Key, p.Meta} }

func (j joined) presence(of *origin) *Presence {
	return &Presence{Topic: j.Topic, Key: j.Key, Meta: j.Meta, tag: j.Tag, before: j.Before, of: of}
}

// history is a Delta that grows.
type history struct {
	from, to uint64
	joins    map[uint64]*Presence
	leaves   map[uint64]struct{}
}

func newHistory(at uint64) *history {
	return &history{from: at, to: at, joins: make(map[uint64]*Presence), leaves: make(map[uint64]struct{})}
}

func (h *history) size() int { return len(h.joins) + len(h.leaves) }

func (h *history) join(p *Presence) { h.joins[p.tag] = p }

// leave forgets what came within the history: that it is not among the joins says that it has gone.
func (h *history) leave(tag uint64) {
	if tag > h.from {
		delete(h.joins, tag)
	} else {
		h.leaves[tag] = struct{}{}
	}
}

// append adds what happened next.
func (h *history) append(next *history) {
	for tag := range next.leaves {
		h.leave(tag)
	}
	maps.Copy(h.joins, next.joins)
	h.to = next.to
}

func (h *history) delta() Delta {
	d := Delta{From: h.from, To: h.to, Joins: make([]joined, 0, len(h.joins))}
	for _, p := range h.joins {
		d.Joins = append(d.Joins, asJoined(p))
	}
	slices.SortFunc(d.Joins, func(a, b joined) int { return compare(a.Tag, b.Tag) })
	d.Leaves = slices.Sorted(maps.Keys(h.leaves))
	return d
}
