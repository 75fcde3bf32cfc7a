package pubsub

import (
	"hash/maphash"
	"sync"
)

// shards is how many locks the topics are spread over. It bounds how often two
// goroutines that subscribe to different topics meet at the same lock.
const shards = 64

// Subscriber receives the messages of the topics it is subscribed to.
type Subscriber interface {
	// Deliver takes a message. It is called on the goroutine of whoever
	// broadcasts, at times on several at once, and must not block.
	Deliver(*Message)
}

// PubSub is the registry of one node. Use New. All methods may be called from any
// goroutine.
type PubSub struct {
	seed   maphash.Seed
	shards [shards]shard
	link   *Link // nil for a registry alone
}

// shard owns the topics whose names hash to it. Its lock guards everything in
// them except the places of a chunk, which have their own.
type shard struct {
	mu     sync.RWMutex
	topics map[string]*topic
}

// New returns an empty registry.
func New() *PubSub {
	p := &PubSub{seed: maphash.MakeSeed()}
	for i := range p.shards {
		p.shards[i].topics = make(map[string]*topic)
	}
	return p
}

// Subscription is one subscriber's place in one topic.
type Subscription struct {
	topic *topic
	chunk *chunk // nil once unsubscribed
	place int
}

// Subscribe puts s on the topic; every broadcast that begins after it returned reaches s.
// Subscribing twice delivers twice. Unsubscribe ends it.
func (p *PubSub) Subscribe(name string, s Subscriber) *Subscription {
	sh := p.shard(name)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.topics[name]
	if t == nil {
		t = &topic{name: name, shard: sh}
		sh.topics[name] = t
	}
	c, place := t.add(s)
	return &Subscription{topic: t, chunk: c, place: place}
}

// Unsubscribe takes the subscriber off the topic. Broadcasts that begin after it
// returned do not reach the subscriber; one that already runs still may. Calling
// it again does nothing.
func (s *Subscription) Unsubscribe() {
	sh := s.topic.shard
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.chunk == nil {
		return
	}
	s.topic.remove(s.chunk, s.place)
	s.chunk = nil
	if s.topic.count == 0 {
		delete(sh.topics, s.topic.name)
	}
}

// Count returns how many subscriptions the topic has.
func (p *PubSub) Count(name string) int {
	sh := p.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if t := sh.topics[name]; t != nil {
		return t.count
	}
	return 0
}

// Broadcast hands a message to every subscriber of the topic, here and on the
// other nodes. It returns when all of this node have it; those of others get it
// soon, or not at all: see the promises. The payload must not be changed any more.
func (p *PubSub) Broadcast(topic, event string, payload any) {
	p.BroadcastFrom(nil, topic, event, payload)
}

// BroadcastFrom is Broadcast to all but the subscriber from: it does not get back
// what it says. Subscribers are compared with ==, so from must be a pointer or
// another comparable value.
func (p *PubSub) BroadcastFrom(from Subscriber, topic, event string, payload any) {
	if p.link != nil {
		p.send(topic, event, payload) // first: a crowd here must not keep the others waiting
	}
	p.broadcast(from, topic, event, payload)
}

// LocalBroadcast is Broadcast to the subscribers of this node only. Its payload may
// be of any type.
func (p *PubSub) LocalBroadcast(topic, event string, payload any) {
	p.broadcast(nil, topic, event, payload)
}

func (p *PubSub) broadcast(from Subscriber, topic, event string, payload any) {
	chunks, count := p.chunks(topic)
	if count == 0 {
		return
	}
	f := &fanout{
		message: &Message{Topic: topic, Event: event, Payload: payload},
		from:    from,
		chunks:  chunks,
	}
	f.run(count)
}

// chunks returns the chunks a topic has now. Later ones are appended beyond the
// length of the returned slice, and none is ever taken out.
func (p *PubSub) chunks(name string) ([]*chunk, int) {
	sh := p.shard(name)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	t := sh.topics[name]
	if t == nil {
		return nil, 0
	}
	return t.chunks, t.count
}

func (p *PubSub) shard(name string) *shard {
	return &p.shards[maphash.String(p.seed, name)%shards]
}
