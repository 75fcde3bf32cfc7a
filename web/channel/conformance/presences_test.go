package conformance

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"sneakers23/web/channel"
)

// presences sends what Phoenix.Presence sends: to who joins the state, to all who are
// there a diff for each join, update and leave.
type presences struct {
	site *site
	key  string
	meta meta
}

type meta struct {
	Ref  string `json:"phx_ref"`
	Prev string `json:"phx_ref_prev,omitempty"`
	Mood string `json:"mood"`
}

// list is presences by key.
type list map[string]metas

type metas struct {
	Metas []meta `json:"metas"`
}

// roll is who is present on the topics. Its lock is held while something is sent, so
// that states and diffs leave in the order in which they became true.
type roll struct {
	mu     sync.Mutex
	refs   int
	topics map[string]list
}

// Join tracks the client under a key. The diff goes out before the state: the client
// has to put it aside, as it has when somebody joins at the same time.
func (p *presences) Join(_ context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	var who struct{ Key, Mood string }
	if err := json.Unmarshal(params, &who); err != nil {
		return nil, err
	}
	p.key = who.Key
	r := &p.site.roll
	r.mu.Lock()
	defer r.mu.Unlock()
	p.meta = r.add(s.Topic(), p.key, who.Mood)
	if err := s.Broadcast("presence_diff", diff(list{p.key: {[]meta{p.meta}}}, list{})); err != nil {
		return nil, err
	}
	return nil, s.Push("presence_state", r.topics[s.Topic()])
}

// HandleIn changes the mood.
func (p *presences) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	var mood string
	if m.Event != "mood" {
		return nil, channel.ErrUnknownEvent
	}
	if err := json.Unmarshal(m.Payload, &mood); err != nil {
		return nil, err
	}
	r := &p.site.roll
	r.mu.Lock()
	defer r.mu.Unlock()
	old := p.meta
	r.remove(s.Topic(), p.key, old.Ref)
	p.meta = r.add(s.Topic(), p.key, mood)
	p.meta.Prev = old.Ref
	return channel.OK, s.Broadcast("presence_diff", diff(list{p.key: {[]meta{p.meta}}}, list{p.key: {[]meta{old}}}))
}

// Terminate is the leave.
func (p *presences) Terminate(_ context.Context, s *channel.Socket, reason error) {
	r := &p.site.roll
	r.mu.Lock()
	r.remove(s.Topic(), p.key, p.meta.Ref)
	s.Broadcast("presence_diff", diff(list{}, list{p.key: {[]meta{p.meta}}}))
	r.mu.Unlock()
	p.site.terminated <- s.Topic() + " " + words[reason]
}

func diff(joins, leaves list) any { return map[string]list{"joins": joins, "leaves": leaves} }

// add is called with mu.
func (r *roll) add(topic, key, mood string) meta {
	if r.topics == nil {
		r.topics = make(map[string]list)
	}
	if r.topics[topic] == nil {
		r.topics[topic] = make(list)
	}
	r.refs++
	m := meta{Ref: strconv.Itoa(r.refs), Mood: mood}
	r.topics[topic][key] = metas{append(r.topics[topic][key].Metas, m)}
	return m
}

// remove is called with mu.
func (r *roll) remove(topic, key, ref string) {
	var left []meta
	for _, m := range r.topics[topic][key].Metas {
		if m.Ref != ref {
			left = append(left, m)
		}
	}
	r.topics[topic][key] = metas{left}
	if left == nil {
		delete(r.topics[topic], key)
	}
}
