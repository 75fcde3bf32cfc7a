package channel

import (
	"bytes"
	"encoding/json"

	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
)

// The events of Phoenix Presence, as its clients know them: who joins is pushed the state, and then
// a diff follows each change of it.
const (
	PresenceStateEvent = "presence_state"
	PresenceDiffEvent  = "presence_diff"
)

// Owner is who tracks what the channel tracks: it ends with the channel, however that
// ends. It may be called from Join on, and from any goroutine; once is enough. Of a
// channel that has ended it has ended too.
func (s *Socket) Owner(t *presence.Tracker) *presence.Owner {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		return t.NewOwner(atOnce())
	}
	return t.NewOwner(s.taskContext())
}

// PushPresences pushes all that is in a topic as presence_state. A socket that joins a topic is
// already subscribed to it, so it misses no diff after that.
func (s *Socket) PushPresences(t *presence.Tracker, topic string) error {
	list, err := t.List(topic)
	if err != nil {
		return err
	}
	return s.Push(PresenceStateEvent, PresenceState(list))
}

// BroadcastPresences broadcasts what has changed as presence_diff, each topic's on the
// topic of that name, to the sockets of this node: all nodes do so. It is meant for
// [presence.Options.OnDiff].
func BroadcastPresences(ps *pubsub.PubSub, diffs map[string]presence.Diff) {
	for topic, d := range diffs {
		if ps.Count(topic) == 0 {
			continue // who subscribes now reads the list later, which has this already
		}
		ps.LocalBroadcast(topic, PresenceDiffEvent, PresenceDiff(d))
	}
}

// PresenceState is {KEY: {"metas": [META, ...]}, ...}, where each meta has its phx_ref.
func PresenceState(list []*presence.Presence) json.RawMessage {
	var b bytes.Buffer
	writePresences(&b, list)
	return b.Bytes()
}

// PresenceDiff is {"joins": STATE, "leaves": STATE}.
func PresenceDiff(d presence.Diff) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"joins":`)
	writePresences(&b, d.Joins)
	b.WriteString(`,"leaves":`)
	writePresences(&b, d.Leaves)
	b.WriteByte('}')
	return b.Bytes()
}

// writePresences groups them by key, in the order of the list.
func writePresences(b *bytes.Buffer, list []*presence.Presence) {
	byKey := make(map[string][]*presence.Presence, len(list))
	keys := make([]string, 0, len(list))
	for _, p := range list {
		if byKey[p.Key] == nil {
			keys = append(keys, p.Key)
		}
		byKey[p.Key] = append(byKey[p.Key], p)
	}
	b.Grow(128 * len(list))
	b.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		writeText(b, key)
		b.WriteString(`:{"metas":[`)
		for i, p := range byKey[key] {
			if i > 0 {
				b.WriteByte(',')
			}
			writeMeta(b, p)
		}
		b.WriteString(`]}`)
	}
	b.WriteByte('}')
}

// writeMeta puts the refs last: of two keys of one name, clients take the last.
func writeMeta(b *bytes.Buffer, p *presence.Presence) {
	b.Write(bytes.TrimSuffix(p.Meta, []byte("}")))
	if len(p.Meta) > len("{}") {
		b.WriteByte(',')
	}
	b.WriteString(`"phx_ref":`)
	writeText(b, p.Ref())
	if before := p.PrevRef(); before != "" {
		b.WriteString(`,"phx_ref_prev":`)
		writeText(b, before)
	}
	b.WriteByte('}')
}

func writeText(b *bytes.Buffer, text string) {
	quoted, _ := json.Marshal(text) // a text never fails
	b.Write(quoted)
}
