package presence

import (
	"iter"
	"slices"
)

// topic is what is visible in one.
type topic struct {
	byKey map[string]keyed
	count int
	list  []*Presence // all of them, nil when it must be rebuilt; never changed
}

// keyed is what one key has in a topic: a person's tabs, mostly few. Each presence knows its place
// in the list, so removing it costs the same for a key with ten thousand of them.
type keyed struct {
	list []*Presence // in the order in which they were heard of; nil where one was
	gone int
}

func (s *State) show(p *Presence) {
	t := s.topics[p.Topic]
	if t == nil {
		t = &topic{byKey: make(map[string]keyed)}
		s.topics[p.Topic] = t
	}
	k := t.byKey[p.Key]
	p.place = len(k.list)
	k.list = append(k.list, p)
	t.byKey[p.Key] = k
	t.count++
	t.list = nil
}

func (s *State) hide(p *Presence) {
	t := s.topics[p.Topic]
	k := t.byKey[p.Key]
	k.list[p.place] = nil
	k.gone++
	if 2*k.gone > len(k.list) {
		k = k.compacted()
	}
	if len(k.list) == 0 {
		delete(t.byKey, p.Key)
	} else {
		t.byKey[p.Key] = k
	}
	t.count--
	t.list = nil
	if t.count == 0 {
		delete(s.topics, p.Topic)
	}
}

func (k keyed) compacted() keyed {
	list := make([]*Presence, 0, len(k.list)-k.gone)
	for p := range k.all() {
		p.place = len(list)
		list = append(list, p)
	}
	return keyed{list: list}
}

func (k keyed) all() iter.Seq[*Presence] {
	return func(yield func(*Presence) bool) {
		for _, p := range k.list {
			if p != nil && !yield(p) {
				return
			}
		}
	}
}

// List is all that is in a topic, in no order. It must not be changed.
func (s *State) List(name string) []*Presence {
	t := s.topics[name]
	if t == nil {
		return nil
	}
	if t.list == nil {
		t.list = make([]*Presence, 0, t.count)
		for _, k := range t.byKey {
			t.list = slices.AppendSeq(t.list, k.all())
		}
	}
	return t.list
}

// ByKey is what a key has in a topic, in the order in which it was heard of.
func (s *State) ByKey(name, key string) []*Presence {
	t := s.topics[name]
	if t == nil {
		return nil
	}
	return slices.Collect(t.byKey[key].all())
}
