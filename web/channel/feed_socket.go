package channel

import (
	"net/http"
	"sync/atomic"
	"time"

	"sneakers23/web/conns"
	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// feedSocket is a reader by WebSocket.
type feedSocket struct {
	follower
	wire  ws.Conn
	pings *time.Timer // guarded by gate until Closed
}

// feedSocketMessage is the largest message of a reader, who has nothing to say.
const feedSocketMessage = 4 << 10

// serveSocket reports whether the reader was admitted.
func (f *Feed) serveSocket(w http.ResponseWriter, r *http.Request, topics []string, forgotten func()) (admitted bool) {
	if f.readers.Draining() {
		f.refuse(w, r, errStopping)
		return false
	}
	s := &feedSocket{follower: follower{feed: f, encoding: f.frames, onForget: forgotten}}
	s.to = s
	states, err := s.follow(r.Context(), topics, feedFrame)
	if err != nil {
		f.refuse(w, r, err)
		return false
	}
	conn, err := ws.Handshake(w, r, nil)
	if err != nil {
		s.end()
		f.cfg.Log.Debug("handshake failed", "err", err)
		return false
	}
	s.wire.Init(conn, s, f.flusher, ws.Limits{
		Silent: 3 * f.cfg.Ping, Message: feedSocketMessage, Queue: f.cfg.MaxQueue, Write: f.cfg.WriteTimeout,
	})
	if !f.admit(s) { // Drain began meanwhile, and waits for those it knows only
		s.end()
		ws.TurnAway(conn)
		return false
	}
	s.start(states)
	return true
}

// start sends the states and all that follows. They leave as one: they are not
// counted against the queue, however many topics there are.
func (s *feedSocket) start(states []byte) {
	s.release(states)
	s.gate.Lock()
	s.pings = time.AfterFunc(s.feed.cfg.Ping, s.ping)
	s.gate.Unlock()
	go s.wire.Run() // Drain waits for its end
}

// ping is called by its timer, until Closed.
func (s *feedSocket) ping() {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.wire.Add(pingFrame) != conns.ErrShut {
		s.pings.Reset(s.feed.cfg.Ping)
	}
}

// pingFrame is shared by all.
var pingFrame = ws.Seal(websocket.PingMessage, ws.NewFrame(0))

// Receive implements [ws.Owner]: it ignores what the reader says.
func (s *feedSocket) Receive(int, []byte) error { return nil }

// TooSlow implements [ws.Owner].
func (s *feedSocket) TooSlow() { s.cutOff() }

// Ended implements [ws.Owner].
func (s *feedSocket) Ended() { s.end() }

// Closed implements [ws.Owner].
func (s *feedSocket) Closed() {
	s.pings.Stop()
	s.feed.forget(s)
}

// send queues a frame. A reader that does not keep up is cut off.
func (s *feedSocket) send(frame []byte) {
	if s.wire.Add(frame) == conns.ErrFull {
		s.cutOff()
	}
}

// cutOff drops what waits.
func (s *feedSocket) cutOff() {
	if s.wire.Close(websocket.CloseTryAgainLater, "too slow", true) {
		s.feed.tooSlow.Add(1)
	}
}

func (s *feedSocket) Restart() bool {
	return s.wire.Close(websocket.CloseServiceRestart, "", false)
}

func (s *feedSocket) kind() *atomic.Int64 { return &s.feed.sockets }
