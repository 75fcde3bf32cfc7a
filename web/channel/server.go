package channel

import (
	"context"
	"runtime"
	"sync"
)

// Server holds the sockets of one kind: see [Config]. It is an http.Handler for
// everything below the address of the socket. All methods may be called from any
// goroutine. Whoever made it ends it by Drain or Close.
type Server struct {
	cfg     Config
	origins []origin
	flusher flusher
	loops   loops
	v1, v2  *format

	ctx    context.Context // of all callbacks
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	conns    map[*conn]struct{}
	polls    map[string]*longPoll // those of conns that are polled, by token
	draining bool
	running  sync.WaitGroup // one for each in conns
}

// New returns a server for the configuration, or says what is wrong with it. It
// starts nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	origins, err := parseOrigins(cfg.Origins)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		origins: origins,
		flusher: flusher{most: runtime.GOMAXPROCS(0)},
		loops:   loops{wanted: cfg.Epoll, silent: cfg.Timeout, log: cfg.Log},
		conns:   make(map[*conn]struct{}),
		polls:   make(map[string]*longPoll),
	}
	s.v1, s.v2 = s.newFormat(v1{}), s.newFormat(v2{})
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s, nil
}

// Sockets returns how many sockets are open.
func (s *Server) Sockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}

// admit registers a socket, unless the server is draining.
func (s *Server) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admitLocked(c)
}

// admitLocked is called with mu.
func (s *Server) admitLocked(c *conn) bool {
	if s.draining {
		return false
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return true
}

// admitLongPoll is admit for a session, which requests find by its token.
func (s *Server) admitLongPoll(p *longPoll) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.polls) >= s.cfg.MaxPolls || !s.admitLocked(&p.conn) {
		return false
	}
	s.polls[p.token] = p
	return true
}

// isFull tells before Connect has its work whether admitLongPoll has room.
func (s *Server) isFull() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.polls) >= s.cfg.MaxPolls
}

// dropLongPoll lets no request find the session any more.
func (s *Server) dropLongPoll(p *longPoll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.polls, p.token)
}

// forget is called by a socket as its last act.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}

// route returns the route for a topic, nil if there is none.
func (s *Server) route(topic string) *Route {
	for i := range s.cfg.Routes {
		if r := &s.cfg.Routes[i]; r.matches(topic) {
			return r
		}
	}
	return nil
}

// pattern stands for a topic in the log.
func (s *Server) pattern(topic string) string {
	if r := s.route(topic); r != nil {
		return r.Pattern
	}
	return "?"
}
