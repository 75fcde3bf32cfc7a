package channel

import (
	"errors"
	"net/http"
	"path"
	"regexp"
	"time"

	"github.com/gorilla/websocket"
)

// readBuffer is what an idle socket keeps for reading. A larger message is read in
// several steps.
const readBuffer = 512

var upgrader = websocket.Upgrader{
	ReadBufferSize:  readBuffer,
	WriteBufferPool: noBuffers{},                              // never used: gorilla does not write
	CheckOrigin:     func(*http.Request) bool { return true }, // checked before
}

// noBuffers keeps gorilla from holding a write buffer for each socket.
type noBuffers struct{}

func (noBuffers) Get() any { return nil }
func (noBuffers) Put(any)  {}

// ServeHTTP opens a socket for requests to …/websocket. It returns when the
// handshake is over; from then on the socket is the server's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path.Base(r.URL.Path) != "websocket" {
		http.NotFound(w, r)
		return
	}
	s.serveWebSocket(w, r)
}

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this address speaks WebSocket", http.StatusUpgradeRequired)
		return
	}
	assigns, err := s.connect(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	id := s.cfg.ID(assigns)
	way := &doorway{ResponseWriter: w}
	ws, err := upgrader.Upgrade(way, r, nil)
	if err != nil {
		s.cfg.Log.Debug("handshake failed", "err", err) // gorilla has answered
		return
	}
	c := newConn(s, ws, way.door, assigns)
	if !s.admit(c) { // Drain began meanwhile, and waits for those it knows only
		way.door.SetWriteDeadline(time.Now().Add(closeWait))
		way.door.Write(closeFrame(websocket.CloseServiceRestart, ""))
		way.door.Close()
		return
	}
	way.door.open = true
	go c.serve(id) // ends with the socket; Drain waits for it
}

// connect asks everybody who has a say, the cheapest first.
func (s *Server) connect(r *http.Request) (assigns any, err error) {
	s.mu.Lock()
	draining := s.draining
	s.mu.Unlock()
	if draining {
		return nil, &ConnectError{http.StatusServiceUnavailable, "the server is about to stop"}
	}
	if !s.allowed(r) {
		return nil, &ConnectError{http.StatusForbidden, "this origin is not allowed"}
	}
	params := r.URL.Query()
	if err := checkVersion(params.Get("vsn")); err != nil {
		return nil, err
	}
	return s.cfg.Connect(ConnectInfo{Params: params, Request: r})
}

var version2 = regexp.MustCompile(`^2\.0\.(0|[1-9][0-9]*)$`)

// checkVersion takes what Phoenix takes for serializer V2: ~> 2.0.0.
func checkVersion(vsn string) error {
	if !version2.MatchString(vsn) {
		return &ConnectError{http.StatusForbidden, "this server speaks the channel protocol vsn=2.0.0"}
	}
	return nil
}

func (s *Server) refuse(w http.ResponseWriter, err error) {
	s.cfg.Log.Debug("connect refused", "err", err)
	if known, ok := errors.AsType[*ConnectError](err); ok {
		http.Error(w, known.Reason, known.Status)
		return
	}
	http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
}
