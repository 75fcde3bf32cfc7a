package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// questionSubjects are questions to one node: RUN.NAME.
const questionSubjects = "sneakers23.question."

// ErrAbsent says that the node which was asked is not here.
var ErrAbsent = errors.New("cluster: no such node is here")

// Handler answers a question of another node. Its context ends with the time that the answer may
// take, or with this node.
type Handler func(ctx context.Context, question []byte) (answer []byte, err error)

// questionTime bounds how long an answer may take.
const questionTime = 20 * time.Second

// failed marks an answer that is the text of an error.
const failed = "Failed"

// Handle lets do answer the questions of that name, each on a goroutine of its own, for which Stop
// waits. It is called before Join is.
func (n *Node) Handle(name string, do Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.questions[name] = do
}

// answer is called by NATS, for one question after the other.
func (n *Node) answer(m *nats.Msg) {
	n.mu.Lock()
	do := n.questions[m.Subject[strings.LastIndexByte(m.Subject, '.')+1:]]
	n.mu.Unlock()
	if do == nil {
		n.respond(m, nil, errors.New("no such question"))
		return
	}
	select {
	case n.slots <- struct{}{}:
	default:
		n.respond(m, nil, errors.New("too many questions"))
		return
	}
	n.asked.Go(func() {
		defer func() { <-n.slots }()
		ctx, cancel := context.WithTimeout(n.answers, questionTime)
		defer cancel()
		answer, err := n.protect(ctx, do, m.Data)
		n.respond(m, answer, err)
	})
}

// protect turns a panic into an error: a question must not take the node with it.
func (n *Node) protect(ctx context.Context, do Handler, question []byte) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			n.cfg.Log.Error("a question of another node panicked", "panic", p, "stack", string(debug.Stack()))
			err = errors.New("the node that was asked crashed over it")
		}
	}()
	return do(ctx, question)
}

// respond answers. The asking node may be gone; if not, it notices a lost answer by itself.
func (n *Node) respond(m *nats.Msg, answer []byte, err error) {
	r := nats.NewMsg("")
	r.Data = answer
	if err != nil {
		r.Header.Set(failed, "1")
		r.Data = []byte(err.Error())
	}
	err = m.RespondMsg(r)
	switch {
	case errors.Is(err, nats.ErrMaxPayload) && r.Header.Get(failed) == "":
		n.respond(m, nil, err)
	case err != nil:
		n.cfg.Log.Debug("question not answered", "err", err)
	}
}

// Ask asks the node of that name, and waits for its answer until ctx ends. It may be called from
// any goroutine. The error is ErrAbsent when no such node is here, the handler's own as a text, or
// the end of ctx.
func (n *Node) Ask(ctx context.Context, node, name string, question []byte) ([]byte, error) {
	for _, p := range n.Peers() {
		if p.Name == node {
			return n.ask(ctx, p, name, question)
		}
	}
	return nil, ErrAbsent
}

func (n *Node) ask(ctx context.Context, p Peer, name string, question []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	ctx, done := n.whileHere(ctx, p.Run)
	defer done()
	m, err := n.conn.RequestWithContext(ctx, questionSubjects+p.Run+"."+name, question)
	switch {
	case errors.Is(err, nats.ErrNoResponders), errors.Is(context.Cause(ctx), ErrAbsent):
		return nil, ErrAbsent
	case err != nil:
		return nil, fmt.Errorf("cluster: ask node %s: %w", p.Name, err)
	case m.Header.Get(failed) != "":
		return nil, fmt.Errorf("cluster: node %s says: %s", p.Name, m.Data)
	}
	return m.Data, nil
}

// whileHere is a context that ends when the node of that run is here no longer.
func (n *Node) whileHere(ctx context.Context, run string) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asking[run] == nil {
		n.asking[run] = make(map[*context.CancelCauseFunc]bool)
	}
	n.asking[run][&cancel] = true
	return ctx, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if delete(n.asking[run], &cancel); len(n.asking[run]) == 0 {
			delete(n.asking, run)
		}
		cancel(nil)
	}
}

// endQuestions ends those to nodes that are not among these.
func (n *Node) endQuestions(here []Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for run, waiting := range n.asking {
		if slices.ContainsFunc(here, func(p Peer) bool { return p.Run == run }) {
			continue
		}
		for cancel := range waiting {
			(*cancel)(ErrAbsent)
		}
	}
}

// Answer is what one node has answered.
type Answer struct {
	Peer Peer
	Data []byte
	Err  error
}

// AskAll asks every other node that is here, all at once, and returns when each has answered or ctx
// has ended, in the order of their names.
func (n *Node) AskAll(ctx context.Context, name string, question []byte) []Answer {
	peers := n.Peers()
	answers := make([]Answer, len(peers))
	var wg sync.WaitGroup
	for i, p := range peers {
		wg.Go(func() {
			data, err := n.ask(ctx, p, name, question)
			answers[i] = Answer{p, data, err}
		})
	}
	wg.Wait()
	return answers
}
