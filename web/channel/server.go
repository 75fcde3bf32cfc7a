package channel

import (
	"context"
	"runtime"
	"sync"

	"sneakers23/web/conns"
	"sneakers23/web/origin"
	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// Server holds the sockets of one kind: see [Config]. It is an http.Handler for everything below
// the address of the socket. All methods may be called from any goroutine. Its owner ends it by
// Drain or Close.
type Server struct {
	cfg     Config
	origins []origin.Origin
	flusher *conns.Flusher
	loops   *ws.Loops // nil if all sockets are parked
	v1, v2  *format

	conns *conns.Drainer[*conn]

	ctx    context.Context // of Terminate and of tasks; other callbacks end with their channel
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	polls map[string]*longPoll // those of conns that are polled, by token
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
		flusher: conns.NewFlusher(runtime.GOMAXPROCS(0)),
		conns: conns.NewDrainer[*conn](conns.DrainerConfig{
			What: "sockets", Log: cfg.Log, Share: cfg.DrainShare, Least: cfg.DrainLeast,
		}),
		polls: make(map[string]*longPoll),
	}
	if cfg.Epoll {
		s.loops = ws.NewLoops(cfg.Timeout, cfg.Log)
	}
	s.v1, s.v2 = s.newFormat(v1{}), s.newFormat(v2{})
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	return s, nil
}

// Sockets returns how many sockets are open.
func (s *Server) Sockets() int { return s.conns.Count() }

// Drain closes the sockets with 1012 (service restart), a slice and a second of rest, so
// that their clients do not all come back at once elsewhere; new ones are refused
// with 503. When ctx ends, the others are closed at once, the contexts of callbacks
// are cancelled, and Drain returns ctx's cause. It always waits for the goroutines
// of all sockets, and so for callbacks that do not heed their context.
func (s *Server) Drain(ctx context.Context) error {
	err := s.conns.Drain(ctx)
	stop := context.AfterFunc(ctx, func() { s.cancel(ErrSocketClosed) })
	defer stop()
	s.conns.Wait()
	s.flusher.Stop()
	if s.loops != nil {
		s.loops.Stop()
	}
	s.cancel(ErrSocketClosed)
	return err
}

// Close is Drain without patience.
func (s *Server) Close() { s.Drain(atOnce()) }

// atOnce returns a context that has ended, for a Drain without patience.
func atOnce() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Restart ends a socket because its server stops.
func (c *conn) Restart() bool { return c.close(websocket.CloseServiceRestart, "", false) }

// admitLongPoll admits a session, which requests find by its token.
func (s *Server) admitLongPoll(p *longPoll) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.polls) >= s.cfg.MaxPolls || !s.conns.Admit(&p.conn) {
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
