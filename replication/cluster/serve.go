package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Subjects of messages to all other nodes: a status, and the messages of streams as
// stream.RUN.NAME.NUMBER. A connection keeps its order: messages sent before a status arrive first.
const (
	clusterSubjects = "sneakers23.cluster."
	statusSubject   = clusterSubjects + "status"
	streamSubjects  = clusterSubjects + "stream."
)

// String names the service in logs.
func (n *Node) String() string { return "cluster.Node" }

// Serve hears the other nodes and tells them how this one does, until ctx ends. The receivers of
// streams and of OnResync are called on its goroutine, one at a time. It may be called again after
// it has returned or panicked.
func (n *Node) Serve(ctx context.Context) error {
	ps := newPeers(n.me())
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		select {
		case m := <-n.arrived:
			n.receive(ps, m)
		case <-tick.C:
			for _, gone := range ps.silent(time.Now()) {
				n.cfg.Log.Warn("a node has fallen silent", "replica", gone.Name, "address", gone.HTTP)
			}
			n.publish(ps)
			n.sendStatus(func(s *status) {})
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (n *Node) receive(ps *peers, m *nats.Msg) {
	if m.Subject == statusSubject {
		n.receiveStatus(ps, m.Data)
		return
	}
	place, ok := strings.CutPrefix(m.Subject, streamSubjects)
	if !ok {
		return
	}
	parts := strings.Split(place, ".")
	if len(parts) != 3 {
		return
	}
	number, err := strconv.ParseUint(parts[2], 10, 64)
	stream := n.stream(parts[1])
	if err != nil || stream == nil {
		return
	}
	from, ok, missed := ps.acceptMessage(parts[0], parts[1], number, time.Now())
	if missed {
		n.missed(from)
	}
	if ok {
		stream.receive(from, m.Data)
	}
}

// receiveStatus applies the status of another node.
func (n *Node) receiveStatus(ps *peers, data []byte) {
	var s status
	if err := json.Unmarshal(data, &s); err != nil {
		n.cfg.Log.Error("status of a node can't be read", "err", err)
		return
	}
	if s.Hello && s.Run != n.addr.Run {
		n.sendStatus(func(*status) {})
	}
	change := ps.applyStatus(s, time.Now())
	if n.mu.Lock(); n.met != nil && s.Run != n.addr.Run && ps.me.mismatch(&s) == nil {
		n.met.receive(&s, time.Now()) // also one that is joining like us, and no peer yet
	}
	n.mu.Unlock()
	switch {
	case change.misfit != nil:
		n.cfg.Log.Error("refused a node: "+change.misfit.Error(), "replica", s.Name, "address", s.HTTP)
		if !s.Hello { // a node that is only about to join keeps none out
			n.why.Store(&Mismatch{s.Name, s.HTTP, change.misfit})
		}
	case change.came:
		n.cfg.Log.Info("a node is here", "replica", s.Name, "address", s.HTTP)
	case change.left:
		n.cfg.Log.Info("a node has said goodbye", "replica", s.Name, "address", s.HTTP)
	}
	n.publish(ps)
	if change.came || change.missed {
		n.missed(s.peer())
	}
}

// publish makes the list of peers visible to all readers.
func (n *Node) publish(ps *peers) {
	list := ps.list()
	n.here.Store(&list)
	n.endQuestions(list)
	n.watchLag(ps.newest())
	select {
	case n.changed <- struct{}{}:
	default: // a token is there already
	}
}

// watchLag notes since when another node's catalog is newer.
func (n *Node) watchLag(newest int64) {
	behind := n.cfg.Status().Revision < newest
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case !behind:
		n.behind = time.Time{}
	case n.behind.IsZero():
		n.behind = time.Now()
	}
}

// OnResync lets do be called when something that another node said may have been missed, also when
// it has come or come back: on Serve's goroutine, before what comes next of that node. It is called
// before Serve is.
func (n *Node) OnResync(do func(Peer)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.resync = append(n.resync, do)
}

func (n *Node) missed(from Peer) {
	n.mu.Lock()
	resync := n.resync
	n.mu.Unlock()
	for _, do := range resync {
		do(from)
	}
}

// me is what never changes in this node's status.
func (n *Node) me() *status {
	return &status{
		Name: n.addr.Name, Run: n.addr.Run, Started: n.addr.Started, HTTP: n.addr.HTTP, Version: n.cfg.Version,
		identity: n.cfg.Identity.show(),
	}
}

// status is how this node does.
func (n *Node) status() *status {
	s := n.me()
	s.Status = n.cfg.Status()
	peers := n.Peers()
	s.Here = make(map[string]holder, len(peers))
	for _, p := range peers {
		s.Here[p.Name] = holder{p.Run, p.HTTP}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.behind.IsZero() {
		s.Lag = time.Since(n.behind).Milliseconds()
	}
	s.Sent = make(map[string]uint64, len(n.streams))
	for name, stream := range n.streams {
		s.Sent[name] = stream.sent.Load()
	}
	return s
}

// sendStatus sends how this node does to the others, once it has joined.
func (n *Node) sendStatus(as func(*status)) {
	n.telling.Lock() // so that nothing is told after a goodbye
	defer n.telling.Unlock()
	s := n.status()
	as(s)
	n.mu.Lock()
	joined := n.joined
	n.joined = n.joined && !s.Bye
	n.mu.Unlock()
	if !joined && !s.Hello {
		return
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Errorf("texts and numbers can't be encoded: %w", err))
	}
	n.out.put(statusSubject, b)
}

// goodbye tells the others that this node stops, so that they need not find out. It returns when
// all messages of the node are on their way, or ctx ends.
func (n *Node) goodbye(ctx context.Context) error {
	if n.out == nil {
		return nil // it did not come up
	}
	n.sendStatus(func(s *status) { s.Bye = true })
	n.out.close()
	select {
	case <-n.allSent:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("messages not sent in time: %w", context.Cause(ctx))
	}
}
