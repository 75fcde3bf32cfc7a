package channel

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// feedSocket is a reader by WebSocket. Its goroutine, serve, reads what must be read:
// pongs, and the close frame.
type feedSocket struct {
	follower
	ws   *websocket.Conn
	door *door
	out  outbox

	mu        sync.Mutex
	closing   bool // close was called
	lingering bool // serve listens for the end only
}

// feedSocketMessage is the largest message of a reader, who has nothing to say.
const feedSocketMessage = 4 << 10

func (f *Feed) serveSocket(w http.ResponseWriter, r *http.Request, topics []string) {
	if f.isDraining() {
		f.refuse(w, r, errStopping)
		return
	}
	s := &feedSocket{follower: follower{feed: f, encoding: f.frames}}
	s.to = s
	states, err := s.follow(r.Context(), topics, feedFrame)
	if err != nil {
		f.refuse(w, r, err)
		return
	}
	way := &doorway{ResponseWriter: w}
	if s.ws, err = upgrader.Upgrade(way, r, nil); err != nil {
		s.end()
		f.cfg.Log.Debug("handshake failed", "err", err) // gorilla has answered
		return
	}
	s.init(way.door)
	if !f.admit(s) { // Drain began meanwhile, and waits for those it knows only
		s.end()
		s.door.SetWriteDeadline(time.Now().Add(closeWait))
		s.door.Write(closeFrame(websocket.CloseServiceRestart, ""))
		s.door.Close()
		return
	}
	s.door.open = true
	go s.serve(states) // ends with the socket; Drain waits for it
}

func (s *feedSocket) init(d *door) {
	s.door = d
	s.out.init(d.Conn, &s.feed.flusher, s.feed.cfg.MaxQueue, s.feed.cfg.WriteTimeout)
	s.ws.SetReadLimit(feedSocketMessage)
	s.ws.SetPingHandler(func(data string) error {
		s.send(pongFrame(data))
		return s.awaitMore()
	})
	s.ws.SetPongHandler(func(string) error { return s.awaitMore() })
	s.ws.SetCloseHandler(func(int, string) error { return nil }) // serve answers
}

// serve is the life of the reader. The states leave as one: they are not counted
// against the queue, however many topics there are.
func (s *feedSocket) serve(states []byte) {
	defer s.feed.forget(s)
	s.out.add(states)
	s.release()
	var pings *time.Timer
	ready := make(chan struct{}) // pings is set
	pings = time.AfterFunc(s.feed.cfg.Ping, func() {
		<-ready
		if s.out.add(pingFrame) != errShut {
			pings.Reset(s.feed.cfg.Ping)
		}
	})
	close(ready)
	err := s.read()
	s.end()
	s.answerClose(err)
	s.linger(err)
	<-s.out.done
	pings.Stop()
	s.door.Conn.Close()
}

// pingFrame is shared by all.
var pingFrame = sealFrame(websocket.PingMessage, newFrame(0))

// read ignores what the reader sends, until it sends no more or too much.
func (s *feedSocket) read() error {
	for {
		if err := s.awaitMore(); err != nil {
			return err
		}
		_, message, err := s.ws.NextReader()
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, message); err != nil {
			return err
		}
	}
}

// awaitMore gives the reader the time it may be silent.
func (s *feedSocket) awaitMore() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return errShut
	}
	return s.door.SetReadDeadline(time.Now().Add(3 * s.feed.cfg.Ping))
}

// send queues a frame. A reader that does not keep up is cut off.
func (s *feedSocket) send(frame []byte) {
	if s.out.add(frame) == errFull {
		s.cutOff()
	}
}

// cutOff drops what waits.
func (s *feedSocket) cutOff() {
	if s.close(websocket.CloseTryAgainLater, "too slow", true) {
		s.feed.tooSlow.Add(1)
	}
}

// close sends a close frame and ends the socket. It returns at once, and reports
// whether it was not closing yet.
func (s *feedSocket) close(code int, reason string, drop bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	first := s.out.finish(closeFrame(code, reason), drop)
	if first && !s.lingering {
		s.door.SetReadDeadline(time.Unix(1, 0)) // wakes serve
	}
	return first
}

func (s *feedSocket) restart() bool { return s.close(websocket.CloseServiceRestart, "", false) }

func (s *feedSocket) kind(n *FeedStats) *int { return &n.WebSockets }

// answerClose closes a socket whose reading ended with err, each in its way.
func (s *feedSocket) answerClose(err error) {
	var timeout net.Error
	closed, byClient := errors.AsType[*websocket.CloseError](err)
	switch {
	case s.door.last != nil: // what gorilla found wrong
		s.out.finish(s.door.last, false)
	case byClient && closed.Code != websocket.CloseAbnormalClosure:
		s.out.finish(closeFrame(closed.Code, ""), false)
	case errors.As(err, &timeout) && timeout.Timeout():
		s.close(websocket.CloseProtocolError, "silent for too long", false)
	default:
		if s.out.finish(nil, true) {
			s.door.Conn.Close() // the reader is gone
		}
	}
}

// linger waits until the reader has seen our close frame: a connection that is
// closed with bytes unread takes the frame with it.
func (s *feedSocket) linger(err error) {
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return // it will send no more
	}
	s.mu.Lock()
	s.lingering = true
	s.door.SetReadDeadline(time.Now().Add(closeWait))
	s.mu.Unlock()
	var ignored [readBuffer]byte
	for {
		if _, err := s.door.Read(ignored[:]); err != nil {
			return
		}
	}
}
