package presence

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// shard tracks some of the topics. One goroutine owns its state: see serve.
type shard struct {
	t     *Tracker
	index int
	state *State
	held  map[*Owner]map[place]*Presence

	calls    chan call
	received chan message // buffer backlog: what comes while the shard is at work
	missed   chan string  // buffer backlog, too
	answers  chan answer

	heard   map[string]time.Time // when each replica spoke last
	claims  map[string]claim     // what each replica has said that it has done, where something of it is missing
	asking  map[Replica]bool     // who is being asked
	gone    map[string]farewell  // which runs have said goodbye lately: what comes late of them is nothing new
	vain    map[string]int       // questions that each replica has not answered since it answered one
	hello   bool                 // it has said hello in this period because of one
	asks    sync.WaitGroup       // the goroutines that ask
	silent  int                  // periods in which this replica had nothing to say
	samples int                  // periods since others were asked
	bye     bool                 // it has said goodbye
}

// backlog is how many messages of others may wait.
const backlog = 256

// askWithin bounds how long an answer may take.
const askWithin = 15 * time.Second

type call struct {
	do    func(*shard) error
	reply chan error // buffer 1: the shard waits for no caller
}

// claim is the clock of a replica's run.
type claim struct {
	of    Replica
	clock uint64
}

// farewell is when the run of a replica ended, and which.
type farewell struct {
	version int64
	at      time.Time
}

type answer struct {
	from  Replica
	delta Delta
	err   error
}

func newShard(t *Tracker, index int, me Replica) *shard {
	return &shard{
		t: t, index: index, state: NewState(me, t.opts.MaxDeltaSizes), held: make(map[*Owner]map[place]*Presence),
		calls: make(chan call), received: make(chan message, backlog), missed: make(chan string, backlog),
		heard: make(map[string]time.Time), claims: make(map[string]claim), gone: make(map[string]farewell),
		vain: make(map[string]int),
	}
}

func (s *shard) me() Replica { return s.state.mine.of.Replica }

// patience is how long a caller waits for a tracker that does not run, or has too much to do: as
// for a GenServer.
const patience = 5 * time.Second

// call has do run on the shard's goroutine, and returns what it returns, or ErrBusy.
func (s *shard) call(do func(*shard) error) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	return s.handOver(do, late.C, nil)
}

// callWithin is call that waits until ctx ends, and returns its cause then.
func (s *shard) callWithin(ctx context.Context, do func(*shard) error) error {
	err := s.handOver(do, nil, ctx.Done())
	if errors.Is(err, ErrBusy) {
		return context.Cause(ctx)
	}
	return err
}

func (s *shard) handOver(do func(*shard) error, late <-chan time.Time, ended <-chan struct{}) error {
	if s.t.hasStopped() {
		return ErrStopped
	}
	c := call{do, make(chan error, 1)}
	select {
	case s.calls <- c:
		return <-c.reply
	case <-s.t.stopped:
		return ErrStopped
	case <-late:
	case <-ended:
	}
	return ErrBusy
}

var errCrashed = errors.New("presence: the tracker crashed over it")

func (s *shard) answerCall(c call) {
	err := errCrashed
	defer func() { c.reply <- err }() // even after a panic
	err = c.do(s)
}

// answerMore answers some of those who wait already: to look for them alone costs less than to look
// for all that may come.
func (s *shard) answerMore() {
	for range 64 {
		select {
		case c := <-s.calls:
			s.answerCall(c)
		default:
			return
		}
	}
}

// serve owns the state until ctx ends.
func (s *shard) serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.asks.Wait()
	defer cancel()
	s.asking = make(map[Replica]bool)
	s.answers = make(chan answer)
	tick := time.NewTicker(s.t.opts.BroadcastPeriod)
	defer tick.Stop()
	s.sendMessage(message{Hello: true})
	for {
		select {
		case c := <-s.calls:
			s.answerCall(c)
			s.answerMore()
		case m := <-s.received:
			s.receiveMessage(ctx, m)
		case a := <-s.answers:
			s.receiveAnswer(a)
		case name := <-s.missed:
			s.suspect(ctx, name)
		case now := <-tick.C:
			s.period(ctx, now)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (s *shard) track(o *Owner, at place, meta json.RawMessage) (*Presence, error) {
	switch {
	case s.bye:
		return nil, ErrStopped
	case s.held[o][at] != nil:
		return nil, ErrTracked
	case s.held[o] == nil:
		s.held[o] = make(map[place]*Presence, 1)
	}
	p := s.state.Join(at.topic, at.key, meta, nil)
	s.held[o][at] = p
	s.t.news.join(p)
	return p, nil
}

func (s *shard) update(o *Owner, at place, change func(json.RawMessage) (json.RawMessage, error)) (*Presence, error) {
	old := s.held[o][at]
	if old == nil {
		return nil, ErrNotTracked
	}
	meta, err := change(old.Meta)
	if err != nil {
		return nil, err
	}
	s.state.Leave(old)
	p := s.state.Join(at.topic, at.key, meta, old)
	s.held[o][at] = p
	s.t.news.replace(old, p)
	return p, nil
}

func (s *shard) untrack(o *Owner, at place) error {
	p := s.held[o][at]
	if p == nil {
		return ErrNotTracked
	}
	delete(s.held[o], at)
	if len(s.held[o]) == 0 {
		delete(s.held, o)
	}
	s.state.Leave(p)
	s.t.news.leave(p)
	return nil
}

func (s *shard) untrackAll(o *Owner) {
	for _, p := range s.held[o] {
		s.state.Leave(p)
		s.t.news.leave(p)
	}
	delete(s.held, o)
}
