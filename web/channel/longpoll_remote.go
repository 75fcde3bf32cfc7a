package channel

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// A session may be polled through any node of a cluster: the node that gets the request asks the one that has the session,
// by [Config.AskNode], whose [Server.AnswerNode] answers. A poll whose client goes away is called off, so that what waits is
// kept for the next one; what was on its way to him is put back, unless a newer poll has been given something since. What the
// node that was asked has written to a client who was gone is lost, as it is where a session is polled at its own node.

// question is what one node asks another.
type question struct {
	Token string `json:"token"`         // of the session
	Poll  string `json:"poll"`          // names this poll; "" for what is no poll
	Off   bool   `json:"off,omitempty"` // the client of this poll is gone

	Publish bool   `json:"publish,omitempty"`
	Body    []byte `json:"body,omitempty"`
	Lines   bool   `json:"lines,omitempty"` // the body holds a message in each line
}

// ErrQuestion says that bytes are no question of another node.
var ErrQuestion = errors.New("channel: this is no question of a node")

// calledOffWithin bounds how long a node is told that a poll's client is gone.
const calledOffWithin = 2 * time.Second

var nodeNames = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// elsewhere returns the other node that a token names.
func (s *Server) elsewhere(token string) (node string, ok bool) {
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	end := strings.LastIndexByte(rest, '.')
	if !ok || end < 0 || s.cfg.AskNode == nil {
		return "", false
	}
	node = rest[:end]
	return node, node != s.cfg.Node && nodeNames.MatchString(node)
}

// ask returns another node's answer, nil if the session is gone, and the node with it perhaps.
func (s *Server) ask(ctx context.Context, node string, q question) []byte {
	data, err := json.Marshal(q)
	if err != nil {
		return nil // never: texts and bytes
	}
	answer, err := s.cfg.AskNode(ctx, node, data)
	if err != nil {
		s.cfg.Log.Debug("another node was asked for a long-poll session in vain", "node", node, "err", err)
		return nil
	}
	if !json.Valid(answer) {
		return nil
	}
	return answer
}

// pollElsewhere polls a session of another node. The answer is that to the client; nil means that the session is gone.
func (s *Server) pollElsewhere(ctx context.Context, node, token string) []byte {
	q := question{Token: token, Poll: rand.Text()}
	answer := s.ask(ctx, node, q)
	if ctx.Err() != nil {
		q.Off = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), calledOffWithin)
		defer cancel()
		s.ask(ctx, node, q)
	}
	return answer
}

// AnswerNode answers what another node asks by its [Config.AskNode], with the same bytes. A poll waits as long as one of a
// client does; ctx ends it before. The error is ErrQuestion; an empty answer says that there is no such session here. It may be
// called from any goroutine.
func (s *Server) AnswerNode(ctx context.Context, data []byte) (answer []byte, err error) {
	var q question
	if err := json.Unmarshal(data, &q); err != nil || len(q.Body) > s.cfg.MaxBody {
		return nil, ErrQuestion
	}
	s.mu.Lock()
	p := s.polls[q.Token]
	s.mu.Unlock()
	switch {
	case p == nil:
		return nil, nil
	case q.Off:
		p.callOff(q.Poll)
		return nil, nil
	case q.Publish:
		return statusBody(p.publishBody(ctx, q.Body, q.Lines)), nil
	case !p.enter():
		return nil, nil
	}
	defer p.leave()
	ctx, done := p.remotePoll(ctx, q.Poll)
	defer done()
	frames, gone := p.poll(ctx, q.Poll)
	switch {
	case gone:
		return nil, nil
	case len(frames) == 0:
		return pollBody(http.StatusNoContent, p.token, nil), nil
	}
	return pollBody(http.StatusOK, p.token, frames), nil
}

// remotePoll lets a poll that came through another node be called off.
func (p *longPoll) remotePoll(ctx context.Context, name string) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.remotes == nil {
		p.remotes = make(map[string]context.CancelFunc)
	}
	p.remotes[name] = cancel
	return ctx, func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.remotes, name)
	}
}

// callOff ends a poll whose client is gone. What it was given and nobody got waits again, before all else.
func (p *longPoll) callOff(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel, ok := p.remotes[name]; ok {
		cancel()
	}
	if name == "" || p.handedTo != name || p.shut {
		return
	}
	for _, frame := range p.handed {
		p.size += weight(frame)
	}
	p.frames = append(p.handed, p.frames...)
	p.handedTo, p.handed = "", nil
	p.wake()
}
