package presence

import (
	"encoding/json"
	"slices"
	"strconv"
)

// Presence is one thing that is here: a shopper's tab, say. Its exported fields never change, so
// readers may keep and share it.
type Presence struct {
	Topic string          // where it is
	Key   string          // whose it is: one key may be here several times, as a person with several tabs
	Meta  json.RawMessage // a JSON object of its owner's, without the refs

	tag, before uint64 // clock of its replica when it came, and of the presence that it replaces, 0 for none
	of          *origin
	place       int // among those of its key, while it is visible: the state's alone
}

// origin is what all presences of a replica have in common.
type origin struct {
	Replica
	ref string // distinguishes it from all other replicas
}

// Ref is the phx_ref of the presence, which no other one has, here or elsewhere: an updated
// presence has a new one.
func (p *Presence) Ref() string { return p.of.phxRef(p.tag) }

// PrevRef is the phx_ref that the presence had before it was updated, empty for one that was not.
func (p *Presence) PrevRef() string {
	if p.before == 0 {
		return ""
	}
	return p.of.phxRef(p.before)
}

// Replica is the name of the replica that tracks it.
func (p *Presence) Replica() string { return p.of.Name }

func (o *origin) phxRef(tag uint64) string { return o.ref + strconv.FormatUint(tag, 36) }

// Diff is what has come to a topic, and gone from it. An update is both: the new one has
// as its PrevRef the ref of the one before it, which was perhaps not told if several came at once.
type Diff struct {
	Joins, Leaves []*Presence // in the order in which their replicas tracked them
}

// diffs are those of several topics.
type diffs map[string]*Diff

func (d diffs) of(topic string) *Diff {
	if d[topic] == nil {
		d[topic] = new(Diff)
	}
	return d[topic]
}

func (d diffs) join(p *Presence)  { t := d.of(p.Topic); t.Joins = append(t.Joins, p) }
func (d diffs) leave(p *Presence) { t := d.of(p.Topic); t.Leaves = append(t.Leaves, p) }

// inOrder sorts presences by replica and tag.
func inOrder(list []*Presence) {
	slices.SortFunc(list, func(a, b *Presence) int {
		if a.of != b.of {
			return compare(a.of.ref, b.of.ref)
		}
		return compare(a.tag, b.tag)
	})
}
