package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"
)

// readyLimit bounds initdb, and the wait for a server that starts, recovers from a crash or stops.
const readyLimit = 2 * time.Minute

// ErrStopped is the answer of a Server that was stopped.
var ErrStopped = errors.New("postgres: stopped")

// Config says which server to run.
type Config struct {
	// Dir is the data directory of the node; it is made where it is missing. The cluster lives in
	// Dir/postgres, its log is Dir/postgres.log. Root's server runs as an unprivileged user who
	// must be able to pass through Dir and what is above it; where he isn't, Dir/postgres becomes a
	// link to a directory under /var/lib/sneakers23.
	Dir string

	// Root is one more directory in which .tools/postgres is looked for, where
	// app/postgres/npm/install.sh puts a PostgreSQL from npm. Always looked into: the working
	// directory, the executable's, and the one above that.
	Root string

	// BinDir is where initdb and postgres are. Empty: the newest are looked for, or, for data that
	// is there, those of its version.
	BinDir string

	// Log receives what happens to the server. Nil: it is discarded.
	Log *slog.Logger

	// DieWithParent has the kernel end the server when this process ends in any way (on Linux). It
	// is for tests: a node's server survives a killed node and waits for the next one.
	DieWithParent bool
}

// A Server is one user's share in a running PostgreSQL server. Its methods may be called from any
// goroutine.
type Server struct {
	cfg       Config
	place     place
	socketDir string
	use       *os.File // holds a shared lock: the server is in use

	mu      sync.Mutex // for what follows; never held while waiting
	child   *child     // the server, if this process has started it
	begun   bool       // it has answered once
	stopped bool
}

// Start returns when the server on the data directory answers. It makes the cluster where there is
// none, starts the server where none runs, and takes over one that does: a killed node's, or
// another user's. Two servers never run on the same data. The Server must be stopped.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	p, err := findPlace(cfg.Dir, stateDir, cfg.Log)
	if err != nil {
		return nil, err
	}
	return start(ctx, cfg, p)
}

func start(ctx context.Context, cfg Config, p place) (*Server, error) {
	use, err := lock(ctx, p.useLock(), syscall.LOCK_SH, p.owner)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, place: p, socketDir: socketDir(p.data), use: use}
	if err := s.Ensure(ctx); err != nil {
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return nil, errors.Join(err, s.Stop(stopCtx))
	}
	return s, nil
}

// URL is the address of the database, for pgx and for psql. It stays the same as long as the Server
// lives.
func (s *Server) URL() string { return connString(s.socketDir, port, database) }

// Dir is the data directory of the cluster.
func (s *Server) Dir() string { return s.place.data }

// Ensure returns when the server answers: at once, if it runs; else it starts it again, at the same
// address, so that the pools that lost their connections find it.
func (s *Server) Ensure(ctx context.Context) error {
	starting, err := lock(ctx, s.place.startLock(), syscall.LOCK_EX, s.place.owner)
	if err != nil {
		return err
	}
	defer starting.Close()
	s.mu.Lock()
	stopped := s.stopped
	s.mu.Unlock()
	if stopped {
		return ErrStopped
	}
	ctx, cancel := context.WithTimeoutCause(ctx, readyLimit, fmt.Errorf("not ready after %v", readyLimit))
	defer cancel()
	return s.ready(ctx)
}
