package channel

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"time"

	"sneakers23/web/conns"
)

// A session may be polled through any node of a cluster: the node that gets the request asks the
// one that has the session, by [Config.AskNode], whose [Server.AnswerNode] answers. A poll whose
// client goes away is called off, so that what waits is kept for the next one. Messages that were
// on their way to the client are put back, unless a newer poll has been given something since.
// Messages that were already written to a client that is gone are lost, as they are at the
// session's own node.

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

const (
	calledOffWithin = 2 * time.Second // how long a node is told that a poll's client is gone
	maxCalledOff    = 8               // polls of a session that were called off and have not come
	maxPollName     = 64              // bytes
	// polls of a session that wait through other nodes; more are told that there is nothing
	maxRemotes    = 8
	questionFrame = 1 << 10 // bytes of a question beside its body, at most
)

const nodeName = `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`

var (
	nodeNames = regexp.MustCompile(`^` + nodeName + `$`)
	// Names may hold dots, secrets do not. They may become longer than the 26 letters of today, see
	// rand.Text.
	nodeTokens = regexp.MustCompile(`^` + regexp.QuoteMeta(tokenPrefix) + `(` + nodeName + `)\.[A-Z2-7]{26,64}$`)
)

// elsewhere returns the other node that a token names. A server that has stopped asks none.
func (s *Server) elsewhere(token string) (node string, ok bool) {
	if s.cfg.AskNode == nil || s.ctx.Err() != nil {
		return "", false
	}
	parts := nodeTokens.FindStringSubmatch(token)
	if parts == nil || parts[1] == s.cfg.Node {
		return "", false
	}
	return parts[1], true
}

// ask returns another node's answer, nil if the session is gone, and the node with it perhaps. One
// that hangs is given up while the client can still be answered.
func (s *Server) ask(ctx context.Context, node string, q question) []byte {
	data, err := json.Marshal(q)
	if err != nil {
		return nil // never: texts and bytes
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PollWait+s.cfg.WriteTimeout/2)
	defer cancel()
	answer, err := s.cfg.AskNode(ctx, node, data)
	if err != nil {
		s.cfg.Log.Debug("another node was asked for a long-poll session in vain", "node", node, "err", err)
		return nil
	}
	if !isAnswer(q, answer) {
		return nil
	}
	return answer
}

// published are what a POST may be answered with.
var published = []int{http.StatusOK, http.StatusBadRequest, http.StatusRequestTimeout, http.StatusGone}

// isAnswer tells whether the bytes may be passed on to the client as the answer to the question.
func isAnswer(q question, data []byte) bool {
	if q.Publish {
		return slices.ContainsFunc(published, func(status int) bool { return bytes.Equal(data, statusBody(status)) })
	}
	var a struct {
		Status   int
		Token    string
		Messages []string
	}
	if json.Unmarshal(data, &a) != nil {
		return false
	}
	return a.Token == q.Token &&
		(a.Status == http.StatusOK && len(a.Messages) > 0 || a.Status == http.StatusNoContent && len(a.Messages) == 0)
}

// pollElsewhere polls a session of another node, until ctx or this server ends. The answer is that
// to the client; nil means that the session is gone.
func (s *Server) pollElsewhere(ctx context.Context, node, token string) []byte {
	client := ctx
	ctx, cancel := context.WithCancel(client)
	defer cancel()
	stop := context.AfterFunc(s.ctx, cancel)
	defer stop()
	q := question{Token: token, Poll: rand.Text()}
	answer := s.ask(ctx, node, q)
	if ctx.Err() == nil || answer != nil && client.Err() == nil {
		return answer
	}
	q.Off = true
	off, cancel := context.WithTimeout(context.WithoutCancel(ctx), calledOffWithin)
	defer cancel()
	s.ask(off, node, q)
	return pollBody(http.StatusNoContent, token, nil) // where this server ends, its client polls on elsewhere
}

// AnswerNode answers what another node asks by its [Config.AskNode], with the same bytes. A poll
// waits as long as one of a client does; ctx ends it before. The error is ErrQuestion; an empty
// answer says that there is no such session here. It may be called from any goroutine.
func (s *Server) AnswerNode(ctx context.Context, data []byte) (answer []byte, err error) {
	q, err := decodeQuestion(data, s.cfg.MaxBody)
	if err != nil {
		return nil, err
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
	default:
		return p.answerPoll(ctx, q.Poll), nil
	}
}

// decodeQuestion believes nothing: whoever asks may be another version, or no node at all.
func decodeQuestion(data []byte, maxBody int) (q question, err error) {
	if len(data) > base64.StdEncoding.EncodedLen(maxBody)+questionFrame {
		return question{}, ErrQuestion
	}
	if json.Unmarshal(data, &q) != nil || len(q.Body) > maxBody || len(q.Poll) > maxPollName {
		return question{}, ErrQuestion
	}
	return q, nil
}

// answerPoll polls for another node. Nil means that the session is gone.
func (p *longPoll) answerPoll(ctx context.Context, name string) []byte {
	if !p.enter() {
		return nil
	}
	defer p.leave()
	ctx, done, wanted := p.remotePoll(ctx, name)
	if !wanted {
		return pollBody(http.StatusNoContent, p.token, nil)
	}
	defer done()
	frames, gone := p.poll(ctx, name)
	switch {
	case gone:
		return nil
	case len(frames) == 0:
		return pollBody(http.StatusNoContent, p.token, nil)
	default:
		return pollBody(http.StatusOK, p.token, frames)
	}
}

// remotePoll lets a poll that came through another node be called off. It is not wanted if it was
// already: questions overtake each other, and it must not take the place of a newer one. Nor is one
// too many.
func (p *longPoll) remotePoll(ctx context.Context, name string) (_ context.Context, done func(), wanted bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.calledOff, name); i >= 0 {
		p.calledOff = slices.Delete(p.calledOff, i, i+1)
		return nil, nil, false
	}
	if len(p.remotes) >= maxRemotes {
		return nil, nil, false
	}
	ctx, cancel := context.WithCancel(ctx)
	if p.remotes == nil {
		p.remotes = make(map[string]context.CancelFunc)
	}
	p.remotes[name] = cancel
	return ctx, func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.remotes, name)
	}, true
}

// callOff ends a poll whose client is gone, or remembers it until it comes. Frames that it was
// given and its client did not get wait again, before all else.
func (p *longPoll) callOff(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cancel, waits := p.remotes[name]
	if waits {
		cancel()
	}
	switch {
	case name != "" && p.handedTo == name:
		p.putBack()
	case waits:
	default:
		if len(p.calledOff) == maxCalledOff { // the oldest came and went before it was called off, or never will
			p.calledOff = slices.Delete(p.calledOff, 0, 1)
		}
		p.calledOff = append(p.calledOff, name)
	}
}

// putBack is called with mu.
func (p *longPoll) putBack() {
	handed := p.handed
	p.handedTo, p.handed = "", nil
	if p.shut {
		return
	}
	for _, frame := range handed {
		p.size += conns.Weight(frame)
	}
	p.frames = append(handed, p.frames...)
	p.wake()
}
