package channel

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/conns"

	"github.com/gorilla/websocket"
)

// longPoll is the transport over HTTP requests: one polls for the messages that
// wait, others publish. A session without a request costs its queue and a timer.
//
//	open ──▶ silent ◀──────▶ busy: so many requests
//	           │               │
//	           └─▶ closed ◀────┘
//
// silent for Config.PollSilence (one that had no request yet: for Config.FirstPoll, so
// that a client that only opens sessions holds few), too slow, disconnected or drained:
// it is closed. A goroutine, end, then waits for what the session started, and ends.
//
// A session's token is a secret of 26 letters behind the name of the node that has it. A request
// that comes to another node is carried there, see question.
type longPoll struct {
	conn
	token   string
	posting chan struct{} // holds one token: a POST has it while it dispatches, end for good
	closed  chan struct{} // by hangUp

	// Guarded by mu.
	frames [][]byte      // those that wait for a poll
	size   int           // weight of them
	poller chan struct{} // wakes the newest poll; nil if none waits
	busy   int           // requests
	// remotes end the polls that came through another node, by their names; at most
	// busy.
	remotes map[string]context.CancelFunc
	// calledOff are names of such polls that were called off before they came, the
	// oldest first; at most maxCalledOff.
	calledOff []string
	// handed is what the last poll that was given anything got, if it came through
	// another node: handedTo.
	handedTo string
	handed   [][]byte
	used     bool        // there was a request since it was opened
	heard    time.Time   // when the last request ended, or it was opened
	silent   *time.Timer // runs while busy is 0
	shut     bool
	remote   *pubsub.Subscription // to the socket's id, if it has one
}

// tokenPrefix tells a session's token from others that a query may have.
const tokenPrefix = "phxlp."

// openLongPoll opens a session, or returns nil: the server is draining, or there are
// too many.
func (s *Server) openLongPoll(who visitor) *longPoll {
	p := &longPoll{
		conn: conn{
			srv: s, format: who.format, assigns: who.assigns, client: who.client, room: make(chan struct{}, 1),
		},
		token:   tokenPrefix + s.cfg.Node + "." + rand.Text(),
		posting: make(chan struct{}, 1),
		closed:  make(chan struct{}),
		heard:   time.Now(),
	}
	p.transport = p
	if !s.admitLongPoll(p) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.shut { // by Drain, meanwhile
		p.silent = time.AfterFunc(s.cfg.FirstPoll, p.fallSilent)
		if who.id != "" {
			p.remote = s.cfg.PubSub.Subscribe(who.id, (*remoteControl)(&p.conn))
		}
	}
	return p
}

// session returns the session that a request is for, nil if there is none here.
func (s *Server) session(r *http.Request) *longPoll {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.polls[sessionToken(r)]
}

// sessionToken finds a session's token: in the header, else it is the last of the
// query, behind one that the application may have there for itself.
func sessionToken(r *http.Request) string {
	if header := r.Header.Get("X-Phoenix-Longpoll-Token"); header != "" {
		return header
	}
	if all := r.URL.Query()["token"]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

// isSessionToken tells a token that is or was a session's, here or elsewhere.
func isSessionToken(token string) bool { return strings.HasPrefix(token, tokenPrefix) }

// enter counts a request until leave; false means that there is no session, or no
// longer.
func (p *longPoll) enter() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return false
	}
	p.busy++
	p.used = true
	p.silent.Stop()
	return true
}

// leave ends what enter began.
func (p *longPoll) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.heard = time.Now()
	if p.busy == 0 && !p.shut {
		p.silent.Reset(p.srv.cfg.PollSilence)
	}
}

// fallSilent is called by the timer, perhaps too late.
func (p *longPoll) fallSilent() {
	p.mu.Lock()
	patience := p.srv.cfg.PollSilence
	if !p.used {
		patience = p.srv.cfg.FirstPoll
	}
	alive := p.busy > 0 || time.Since(p.heard) < patience
	p.mu.Unlock()
	if !alive {
		p.close(websocket.CloseProtocolError, "silent for too long", true)
	}
}

func (p *longPoll) enqueue(frame []byte) error { return p.add(frame, false) }

// add queues a frame, if there is room or in any case.
func (p *longPoll) add(frame []byte, inAnyCase bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return conns.ErrShut
	}
	if !inAnyCase && p.size > 0 && p.size+conns.Weight(frame) > p.srv.cfg.MaxQueue {
		return conns.ErrFull
	}
	p.frames = append(p.frames, frame)
	p.size += conns.Weight(frame)
	p.wake()
	return nil
}

func (p *longPoll) enqueueAll(frames [][]byte) error {
	for i, frame := range frames {
		if err := p.add(frame, i > 0); err != nil {
			return err
		}
	}
	return nil
}

// wake wakes the newest poll, if one waits. It is called with mu.
func (p *longPoll) wake() {
	if p.poller != nil {
		select {
		case p.poller <- struct{}{}:
		default: // it is awake, and has not come yet
		}
	}
}

// hangUp ends the session. The client cannot be told the code: its next request is
// answered with 410. A poll that waits gets what waits for it, or is answered so
// at once.
func (p *longPoll) hangUp(_ int, _ string, drop bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		return false
	}
	p.shut = true
	if drop {
		p.frames, p.size = nil, 0
	}
	if p.silent != nil {
		p.silent.Stop()
	}
	close(p.closed)
	go p.end() // Drain waits for it
	return true
}

// end returns when every goroutine of the session has ended.
func (p *longPoll) end() {
	defer p.srv.conns.Forget(&p.conn)
	defer p.srv.cfg.Polls.Release(p.client)
	p.srv.dropLongPoll(p)
	p.mu.Lock()
	remote := p.remote
	p.mu.Unlock()
	if remote != nil {
		remote.Unsubscribe()
	}
	p.posting <- struct{}{} // a POST that dispatches stops, and none starts
	p.endChannels()
	p.actors.Wait()
}

// poll returns the frames that wait, or waits for some. Gone means that there are
// none because the session was closed. Of several polls only the newest is given
// anything, and told of the end; the others wait in vain until their time is over or
// the session is.
// name is that of a poll that came through another node, "" for one that did not.
func (p *longPoll) poll(ctx context.Context, name string) (frames [][]byte, gone bool) {
	mine := make(chan struct{}, 1) // one: it is told once, and takes all there is
	p.mu.Lock()
	p.poller = mine
	if p.size > 0 {
		p.wake()
	}
	p.mu.Unlock()
	over := time.NewTimer(p.srv.cfg.PollWait)
	defer over.Stop()
	select {
	case <-mine:
	case <-over.C:
	case <-p.closed:
	case <-ctx.Done():
	}
	return p.endPoll(ctx, mine, name)
}

// endPoll ends a poll, and takes what waits if the poll is the newest. If its client
// is gone, what waits is for the next one. One that is not the newest is told of
// nothing: its client would open a session that it does not want.
func (p *longPoll) endPoll(ctx context.Context, mine chan struct{}, name string) (frames [][]byte, gone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.poller != mine {
		return nil, false
	}
	p.poller = nil
	if ctx.Err() != nil { // callOff cancels under mu, too
		return nil, false
	}
	frames, p.frames, p.size = p.frames, nil, 0
	if len(frames) > 0 {
		p.handedTo, p.handed = name, nil
		if name != "" {
			p.handed = frames
		}
	}
	return frames, len(frames) == 0 && p.shut
}

// publish dispatches messages in order. Where a mailbox is full it waits, for all of them together
// as long as a poll does. It returns the status to answer with; when that is not 200, some messages
// may have been taken.
func (p *longPoll) publish(ctx context.Context, batch []*message) (status int) {
	ctx, cancel := context.WithTimeout(ctx, p.srv.cfg.PollWait)
	defer cancel()
	select {
	case p.posting <- struct{}{}:
		defer func() { <-p.posting }()
	case <-ctx.Done():
		return http.StatusRequestTimeout
	case <-p.closed:
		return http.StatusGone
	}
	for _, m := range batch {
		if status := p.publishOne(ctx, m); status != http.StatusOK {
			return status
		}
	}
	return http.StatusOK
}

func (p *longPoll) publishOne(ctx context.Context, m *message) (status int) {
	for {
		select {
		case <-p.closed:
			return http.StatusGone
		default:
		}
		if p.offer(m) == nil {
			return http.StatusOK
		}
		select {
		case <-p.room:
		case <-p.closed:
		case <-ctx.Done():
			return http.StatusRequestTimeout
		}
	}
}
