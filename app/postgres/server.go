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

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// readyLimit bounds initdb, and the wait for a server that starts, recovers from a crash or stops.
const readyLimit = 2 * time.Minute

// greetLimit bounds the wait for an answer of a server that says that it is ready.
const greetLimit = 30 * time.Second

// ErrStopped is the answer of a Server that was stopped.
var ErrStopped = errors.New("postgres: stopped")

// Config says which server to run.
type Config struct {
	// Dir is the data directory of the node; it is made where it is missing. The cluster lives in Dir/postgres, its log
	// is Dir/postgres.log. Root's server runs as an unprivileged user who must be able to pass through Dir and what is
	// above it; where he isn't, Dir/postgres becomes a link to a directory under /var/lib/sneakers23.
	Dir string

	// Root is one more directory in which .tools/postgres is looked for, where app/postgres/npm/install.sh puts a PostgreSQL
	// from npm. Always looked into: the working directory, the executable's, and the one above that.
	Root string

	// BinDir is where initdb and postgres are. Empty: the newest are looked for, or, for data that is there, those of its version.
	BinDir string

	// Log gets what happens to the server. Nil: nobody hears of it.
	Log *slog.Logger

	// DieWithParent has the kernel end the server when this process ends in any way (on Linux). It is for tests:
	// a node's server survives a killed node and waits for the next one.
	DieWithParent bool
}

// A Server is one user's share in a running PostgreSQL server. Its methods may be called from any goroutine.
type Server struct {
	cfg       Config
	place     place
	socketDir string
	use       *os.File // holds a shared lock: the server is in use

	mu      sync.Mutex // for what follows; never held while waiting
	child   *child     // the server, if this process has started it
	stopped bool
}

// Start returns when the server on the data directory answers. It makes the cluster where there is none, starts the
// server where none runs, and takes over one that does: a killed node's, or another user's. Two servers never run on the
// same data. The Server must be stopped.
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

// URL is the address of the database, for pgx and for psql. It stays the same as long as the Server lives.
func (s *Server) URL() string { return connString(s.socketDir, port, database) }

// Dir is the data directory of the cluster.
func (s *Server) Dir() string { return s.place.data }

// Ensure returns when the server answers: at once, if it runs; else it starts it again, at the same address, so that
// the pools that lost their connections find it.
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
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for begin := time.Now(); ; {
		if err := s.bring(ctx); err != nil {
			return err
		}
		err := s.greet(ctx)
		if err == nil {
			pm, _ := readPostmaster(s.place.data)
			s.cfg.Log.Info("PostgreSQL is ready", "dir", s.place.data, "pid", pm.pid, "took", time.Since(begin).Round(time.Millisecond))
			return nil
		}
		if !passing(err) || time.Since(begin) > greetLimit {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-tick.C: // see again what is there
		}
	}
}

// bring gets a server to the state ready, from whatever is there. The caller holds the start lock.
func (s *Server) bring(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	begin, said := time.Now(), time.Now()
	var mine *child // started by this call
	for {
		pm, up := running(s.place)
		switch {
		case up && pm.status == "ready":
			return s.adopt(pm)
		case up || mine.running(): // it starts, recovers from a crash or stops
		case locked(s.place.runLock()): // backends that have not yet noticed that their server was killed; or another container's server
		case mine == nil:
			var err error
			if mine, err = s.launch(ctx); err != nil {
				return err
			}
		default:
			return fmt.Errorf("postgres: the server ended while it was starting: %w", errors.Join(mine.err, s.quote(mine)))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: wait for the server on %s: %w", s.place.data, errors.Join(context.Cause(ctx), s.why(pm, up, mine)))
		case <-tick.C:
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			s.cfg.Log.Info("waiting for PostgreSQL", "dir", s.place.data, "status", pm.status, "since", time.Since(begin).Round(time.Second))
		}
	}
}

// why says what a wait was for.
func (s *Server) why(pm postmaster, up bool, c *child) error {
	if up || c.running() || !locked(s.place.runLock()) {
		return s.quote(c)
	}
	return fmt.Errorf("process %d, which started it, is not to be seen, but something holds %s: a backend of a killed server "+
		"that is still at work (end it), or a server in another container (stop it)", pm.pid, s.place.runLock())
}

// quote makes an error of the last lines of the log.
func (s *Server) quote(c *child) error {
	var from int64
	if c != nil {
		from = c.from
	}
	lines := lastLines(logTail(s.place.log(), from))
	if lines == nil {
		return fmt.Errorf("%s says nothing", s.place.log())
	}
	return fmt.Errorf("the last lines of %s:\n%w", s.place.log(), lines)
}

// launch starts a server where none runs, on a new cluster if need be.
func (s *Server) launch(ctx context.Context) (*child, error) {
	begin := time.Now()
	bin, fresh, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	if fresh {
		s.cfg.Log.Info("new PostgreSQL cluster", "dir", s.place.data, "version", bin.version, "took", time.Since(begin).Round(time.Millisecond))
	}
	if err := makeSocketDir(s.socketDir, s.place.data, s.place.owner); err != nil {
		return nil, err
	}
	if err := clearStale(s.place, s.socketDir); err != nil {
		return nil, err
	}
	c, err := launch(bin, s.place, s.socketDir, s.cfg.DieWithParent)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.child = c
	s.mu.Unlock()
	return c, nil
}

// prepare sees to it that there is a cluster, and the binaries for it.
func (s *Server) prepare(ctx context.Context) (bin binaries, fresh bool, err error) {
	there, err := s.place.exists()
	if err != nil {
		return binaries{}, false, err
	}
	finder := newFinder(s.cfg, s.place.owner)
	if there {
		major, err := s.place.version()
		if err != nil {
			return binaries{}, false, err
		}
		bin, err := finder.find(ctx, major)
		return bin, false, err
	}
	if bin, err = finder.find(ctx, ""); err != nil {
		return binaries{}, false, err
	}
	if err := initialize(ctx, bin, s.place); err != nil {
		return binaries{}, false, err
	}
	return bin, true, s.place.settle()
}

// adopt looks whether a ready server is one that this package has started, in whatever process.
func (s *Server) adopt(pm postmaster) error {
	if pm.socket != s.socketDir || pm.port != port {
		return fmt.Errorf("postgres: a server that was started by somebody else (process %d) runs on %s, with its socket in %q: stop it",
			pm.pid, s.place.data, pm.socket)
	}
	return nil
}

// greet asks the server for an answer, and makes the database where it is missing.
func (s *Server) greet(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL())
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "3D000" {
		return s.createDatabase(ctx)
	}
	if err != nil {
		return fmt.Errorf("postgres: connect to the server that says it is ready: %w", err)
	}
	return conn.Close(ctx)
}

// passing says whether a server that called itself ready did not answer for a reason that may be gone in a moment:
// it has just been killed, or told to stop, or is recovering from the death of a backend.
func passing(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || refused.Code == "57P01" || refused.Code == "57P02" || refused.Code == "57P03"
}

func (s *Server) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, connString(s.socketDir, port, "postgres"))
	if err != nil {
		return fmt.Errorf("postgres: create the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize()); err != nil {
		return fmt.Errorf("postgres: create the database: %w", err)
	}
	return nil
}
