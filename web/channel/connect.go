package channel

import (
	"errors"
	"net/http"
	"net/netip"
	"path"

	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// ServeHTTP opens a socket for requests to …/websocket, and returns when the
// handshake is over; from then on the socket is the server's. Requests to
// …/longpoll open a session, poll it for as long as Config.PollWait, and publish.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path.Base(r.URL.Path) {
	case "websocket":
		s.serveWebSocket(w, r)
	case "longpoll":
		s.serveLongPoll(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this address speaks WebSocket", http.StatusUpgradeRequired)
		return
	}
	client := clientOf(s.cfg.Client, r)
	if !s.cfg.Sockets.Acquire(client) {
		s.refuse(w, errTooManySockets)
		return
	}
	open := false
	defer func() {
		if !open {
			s.cfg.Sockets.Release(client)
		}
	}()
	who, answer, err := s.connectWebSocket(r)
	if err != nil {
		s.refuse(w, err)
		return
	}
	who.client = client
	carrier, err := ws.Handshake(w, r, answer)
	if err != nil {
		s.cfg.Log.Debug("handshake failed", "err", err)
		return
	}
	c := newWebSocket(s, carrier, who)
	if !s.conns.Admit(&c.conn) { // Drain began meanwhile, and waits for those it knows only
		ws.TurnAway(carrier)
		return
	}
	open = true // from now on it is the socket's to release
	c.start(who.id)
}

// errTooManySockets refuses a client that has as many as it may.
var errTooManySockets = &ConnectError{http.StatusTooManyRequests, "too many sockets are open from your address"}

// visitor is who may connect.
type visitor struct {
	assigns any
	id      string // of the socket, "" for none
	format  *format
	client  netip.Prefix // see Config.Client
}

// connectWebSocket connects, and returns the header to answer with too.
func (s *Server) connectWebSocket(r *http.Request) (who visitor, answer http.Header, err error) {
	token, chosen, err := tokenFromSubprotocol(r.Header)
	if err != nil {
		return who, nil, err
	}
	if chosen {
		answer = http.Header{"Sec-Websocket-Protocol": {subprotocol}}
	}
	who, err = s.connect(ConnectInfo{Params: r.URL.Query(), AuthToken: token, Request: r})
	return who, answer, err
}

// connect runs the checks of a client that connects, the cheapest first. Nothing of the socket is
// there yet: if a check panics, nothing is left of it.
func (s *Server) connect(info ConnectInfo) (who visitor, err error) {
	if s.conns.Draining() {
		return who, &ConnectError{http.StatusServiceUnavailable, "the server is about to stop"}
	}
	if !s.allowed(info.Request) {
		return who, &ConnectError{http.StatusForbidden, "this origin is not allowed"}
	}
	if who.format, err = s.speaks(info.Params); err != nil {
		return who, err
	}
	if who.assigns, err = s.cfg.Connect(info); err != nil {
		return who, err
	}
	who.id = s.cfg.ID(who.assigns)
	return who, nil
}

func (s *Server) refuse(w http.ResponseWriter, err error) {
	s.cfg.Log.Debug("connect refused", "err", err)
	if known, ok := errors.AsType[*ConnectError](err); ok {
		http.Error(w, known.Reason, known.status())
		return
	}
	http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
}
