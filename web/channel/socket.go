package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"sneakers23/replication/pubsub"
	"sneakers23/web/conns"
)

// Socket is a client's socket as one of its channels sees it: with one topic. It is
// valid for as long as the channel; its methods may be called from any goroutine,
// and none waits for the client.
type Socket struct {
	conn    *conn
	route   *Route
	topic   string
	joinRef json.RawMessage // of the join, which pushes carry

	// The mailbox and what belongs to its runner: see actor.go.
	channel Channel // nil before Join was called, used by the runner only

	intercepts []string // events that go through HandleOut; set before it is subscribed

	mu       sync.Mutex
	state    socketState
	asked    *message // the join, until the channel is joined or closed
	running  bool     // a runner has the mailbox, or will be started
	leaving  bool     // a leave is in the mailbox
	givenUp  bool     // the client left and joined again, but the leave has to wait
	stopping bool     // Stop was called
	debt     bool     // Terminate must be called
	held     [][]byte // frames that wait for the join's reply
	heldFor  int64    // weight of all of them but the largest
	heldMost int64    // weight of the largest
	mail     []letter
	events   int32                   // how many letters are the client's
	infos    int32                   // how many are of others, ticks of timers aside
	cancel   context.CancelCauseFunc // of the runner's callbacks
	reason   error                   // why it is closed
	next     *Socket                 // the same topic, joined again; it starts when this one has ended
	sub      *pubsub.Subscription
	own      *belongings // nil for most

	// Guarded by conn.mu.
	before *Socket // the same topic: its last callback is waited for
	ending bool    // it is closed
}

type socketState uint8

const (
	waiting socketState = iota // for its turn to join
	joining
	joined
	closed
)

func newSocket(c *conn, route *Route, join *message) *Socket {
	joinRef := join.joinRef
	if isNull(joinRef) {
		joinRef = join.ref
	}
	joinRef = bytes.Clone(joinRef) // it stays, the rest of the message goes
	return &Socket{
		conn: c, route: route, topic: join.topic, joinRef: joinRef, asked: join, mail: []letter{join}, events: 1,
		running: true,
	}
}

// Topic returns the topic that was joined.
func (s *Socket) Topic() string { return s.topic }

// Assigns returns what [Config].Connect made of the client. The function of the
// same name has its type, too.
func (s *Socket) Assigns() any { return s.conn.assigns }

// Assigns returns what [Config].Connect made of the client, which must be a T: it
// panics otherwise, and so ends the channel.
func Assigns[T any](s *Socket) T { return s.Assigns().(T) }

// Push sends an event to this client only. Pushes arrive in the order they were
// made; those made before the join is answered follow the answer. The payload
// becomes JSON, nil becomes {}; a json.RawMessage goes out as it is, a [Binary] as
// bytes. Push returns the reason if the channel has ended.
func (s *Socket) Push(event string, payload any) error {
	frame, err := s.conn.format.pushOf(s.joinRef, s.topic, event, payload)
	if err != nil {
		return err
	}
	return s.send(frame)
}

// Broadcast sends an event to all who joined the topic, this client too. It returns
// an error if the payload cannot be encoded.
func (s *Socket) Broadcast(event string, payload any) error {
	return s.broadcast(nil, event, payload)
}

// BroadcastFrom is Broadcast to all but this client's channel.
func (s *Socket) BroadcastFrom(event string, payload any) error {
	return s.broadcast((*receiver)(s), event, payload)
}

func (s *Socket) broadcast(from pubsub.Subscriber, event string, payload any) error {
	encoded, err := broadcastable(s.topic, event, payload)
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", event, err)
	}
	s.conn.srv.cfg.PubSub.BroadcastFrom(from, s.topic, event, encoded)
	return nil
}

// receiver is the channel as a subscriber of its topic.
type receiver Socket

// Deliver passes a broadcast on to the client, in a frame that all sockets share; or
// to the channel, if it intercepts the event.
func (r *receiver) Deliver(m *pubsub.Message) {
	s := (*Socket)(r)
	if len(s.intercepts) > 0 && slices.Contains(s.intercepts, m.Event) {
		s.mustPut(outgoing{m})
		return
	}
	frame, err := m.Encoded(s.conn.format.broadcasts)
	if err != nil {
		return // said once, by the encoding
	}
	s.send(frame)
}

// send queues a frame of this channel: never after it was closed, and not before
// the join is answered.
func (s *Socket) send(frame []byte) error {
	s.mu.Lock()
	switch {
	case s.state == closed:
		defer s.mu.Unlock()
		return s.reason
	case s.state == joined:
		defer s.mu.Unlock()
		s.conn.send(frame)
		return nil
	case s.hold(frame):
		s.mu.Unlock()
		return nil
	}
	s.close(ErrFellBehind, s.errorFrame(tooBusy))
	s.mu.Unlock()
	s.cleanUp()
	return ErrFellBehind
}

// hold keeps a frame until the join is answered; false means that too many are held
// for the socket, which may be as many as its queue takes. The largest does not count,
// as in the queue the first does not: a state that is larger than the limit would not
// get through beside the changes that follow it. It is called with mu.
func (s *Socket) hold(frame []byte) bool {
	n := int64(conns.Weight(frame))
	more := min(n, s.heldMost)
	if more > 0 && s.conn.held.Load()+more > int64(s.conn.srv.cfg.MaxQueue) {
		return false
	}
	s.held = append(s.held, frame)
	s.heldFor += more
	s.heldMost = max(s.heldMost, n)
	s.conn.held.Add(more)
	return true
}

// letGo forgets what was held. It is called with mu.
func (s *Socket) letGo() {
	s.conn.held.Add(-s.heldFor)
	s.held, s.heldFor, s.heldMost = nil, 0, 0
}
