package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"sneakers23/app/devices"
	"sneakers23/web/conns"
	"sneakers23/web/quota"
)

// Server accepts the connections of devices. All methods may be called from any goroutine. Whoever
// made it ends it by Drain.
type Server struct {
	cfg       Config
	flusher   *conns.Flusher
	members   *conns.Drainer[*conn]
	registry  *registry
	memory    *memory
	store     health
	verifying chan struct{} // buffer: Config.Verifying; a token is a key that is being verified

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	stopped   chan struct{}  // closed when Drain begins
	serving   sync.WaitGroup // calls of Serve

	logs, reports, refused, wrongKeys, tooSlow, turnedAway atomic.Int64 // see Stats
}

// New returns a server for the configuration, or says what is wrong with it. It starts nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:     cfg,
		flusher: conns.NewFlusher(runtime.GOMAXPROCS(0)),
		members: conns.NewDrainer[*conn](conns.DrainerConfig{
			What: "connections of devices", Log: cfg.Log, Share: cfg.DrainShare, Least: cfg.DrainLeast,
		}),
		memory:    newMemory(),
		store:     health{log: cfg.Log},
		verifying: make(chan struct{}, cfg.Verifying),
		listeners: make(map[net.Listener]struct{}),
		stopped:   make(chan struct{}),
	}
	s.registry = newRegistry(cfg.PerKey, s.presence)
	return s, nil
}

// presence calls Config.Presence, which must not take a connection with it, nor the process.
func (s *Server) presence(device devices.ID, name string, connections int) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("panic in Config.Presence", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	s.cfg.Presence(device, name, connections)
}

// Stats is what a Server has and has done.
type Stats struct {
	Connections int   // open now
	Devices     int   // with a verified connection now
	Logs        int64 // lines l: that were accepted
	Reports     int64 // lines i: that were stored
	Refused     int64 // lines that were answered with ERROR
	WrongKeys   int64 // keys that no device has, or that were revoked
	TooSlow     int64 // connections that were closed because the device did not read
	TurnedAway  int64 // connections beyond a limit
}

// Stats may be called at any time.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: s.members.Count(),
		Devices:     s.registry.count(),
		Logs:        s.logs.Load(),
		Reports:     s.reports.Load(),
		Refused:     s.refused.Load(),
		WrongKeys:   s.wrongKeys.Load(),
		TooSlow:     s.tooSlow.Load(),
		TurnedAway:  s.turnedAway.Load(),
	}
}

// Count returns how many connections are open, verified or not.
func (s *Server) Count() int { return s.members.Count() }

// Serve accepts connections until Drain begins, and then returns nil. It closes the listener. An
// error says that the listener is broken; connections that were accepted live on. Several calls may
// run, each with a listener of its own.
func (s *Server) Serve(listener net.Listener) error {
	if !s.register(listener) {
		return listener.Close()
	}
	defer s.unregister(listener)
	s.cfg.Log.Info("the gateway for devices listens", "address", listener.Addr().String(), "tls", s.cfg.TLS != nil)
	pause := minAcceptPause
	for {
		raw, err := listener.Accept()
		if err == nil {
			pause = minAcceptPause
			s.accept(raw)
			continue
		}
		select {
		case <-s.stopped:
			return nil
		default:
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		s.cfg.Log.Warn("a device can't be accepted", "err", err) // no file descriptors, for instance
		select {
		case <-time.After(pause):
		case <-s.stopped:
			return nil
		}
		pause = min(2*pause, maxAcceptPause)
	}
}

// Pauses after a failed accept.
const (
	minAcceptPause = 10 * time.Millisecond
	maxAcceptPause = time.Second
)

// register remembers a listener for Drain, unless that has begun.
func (s *Server) register(listener net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.stopped:
		return false
	default:
	}
	s.listeners[listener] = struct{}{}
	s.serving.Add(1)
	return true
}

func (s *Server) unregister(listener net.Listener) {
	listener.Close()
	s.mu.Lock()
	delete(s.listeners, listener)
	s.mu.Unlock()
	s.serving.Done()
}

// accept admits a connection, or turns it away.
func (s *Server) accept(raw net.Conn) {
	client := clientOf(raw)
	if s.members.Count() >= s.cfg.MaxConnections {
		s.turnAway(raw, errManyClients)
		return
	}
	if !s.cfg.Addresses.Acquire(client) {
		s.turnAway(raw, errAddress)
		return
	}
	c := newConn(s, raw, client)
	if !s.members.Admit(c) { // Drain began meanwhile
		s.cfg.Addresses.Release(client)
		raw.Close()
		return
	}
	go c.run() // Drain waits for its end
}

// forget is called by a connection at its end.
func (s *Server) forget(c *conn) {
	s.cfg.Addresses.Release(c.client)
	s.members.Forget(c)
}

// turnAway closes a connection. Over plain TCP it says why: nothing was sent yet, so the kernel
// takes the line at once.
func (s *Server) turnAway(raw net.Conn, why reason) {
	s.turnedAway.Add(1)
	s.cfg.Log.Debug("a connection is turned away", "err", why)
	if tcp, ok := raw.(*net.TCPConn); ok && s.cfg.TLS == nil {
		tcp.Write(errorLine(why))
	}
	raw.Close()
}

func clientOf(raw net.Conn) netip.Prefix {
	if tcp, ok := raw.RemoteAddr().(*net.TCPAddr); ok {
		return quota.Network(tcp.AddrPort().Addr())
	}
	return netip.Prefix{}
}

// Drain closes the listeners, and then the connections, a slice and a second of rest, so that the
// devices do not all come back at once elsewhere. A device reads the end of the stream; what it
// sent before it knew of that is still handled, for conns.CloseWait. When ctx ends, the others are
// closed at once, and Drain returns ctx's cause. It always waits for the goroutines of all
// connections.
func (s *Server) Drain(ctx context.Context) error {
	s.mu.Lock()
	select {
	case <-s.stopped:
	default:
		close(s.stopped)
	}
	for listener := range s.listeners {
		listener.Close() // wakes Serve
	}
	s.mu.Unlock()
	s.serving.Wait()
	err := s.members.Drain(ctx)
	s.members.Wait()
	s.flusher.Stop()
	return err
}

// health logs that the Store fails, once, and that it has recovered.
type health struct {
	log     *slog.Logger
	failing atomic.Bool
}

func (h *health) failed(err error) {
	if !h.failing.Swap(true) {
		h.log.Error("the store of devices fails, will try again", "err", err)
	}
}

func (h *health) recovered() {
	if h.failing.Load() && h.failing.Swap(false) {
		h.log.Info("the store of devices has recovered")
	}
}
