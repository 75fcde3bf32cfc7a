package presence

import "slices"

// topic is what is visible in one.
type topic struct {
	byKey map[string][]*Presence // a key has few: a person's tabs
	count int
	list  []*Presence // all of them, nil when it must be made anew; nobody changes it
}

func (s *State) show(p *Presence) {
	t := s.topics[p.Topic]
	if t == nil {
		t = &topic{byKey: make(map[string][]*Presence)}
		s.topics[p.Topic] = t
	}
	t.byKey[p.Key] = append(t.byKey[p.Key], p)
	t.count++
	t.list = nil
}

func (s *State) hide(p *Presence) {
	t := s.topics[p.Topic]
	list := t.byKey[p.Key]
	i := slices.Index(list, p)
	if len(list) == 1 {
		delete(t.byKey, p.Key)
	} else {
		t.byKey[p.Key] = slices.Concat(list[:i], list[i+1:]) // a new one: the old one is with readers
	}
	t.count--
	t.list = nil
	if t.count == 0 {
		delete(s.topics, p.Topic)
	}
}

// List is all that is in a topic, in no order. Nobody changes it.
func (s *State) List(name string) []*Presence {
	t := s.topics[name]
	if t == nil {
		return nil
	}
	if t.list == nil {
		t.list = make([]*Presence, 0, t.count)
		for _, list := range t.byKey {
			t.list = append(t.list, list...)
		}
	}
	return t.list
}

// ByKey is what a key has in a topic, in the order in which it was heard of. Nobody changes it.
func (s *State) ByKey(name, key string) []*Presence {
	t := s.topics[name]
	if t == nil {
		return nil
	}
	return slices.Clip(t.byKey[key])
}
