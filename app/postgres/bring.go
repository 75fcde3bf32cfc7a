package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// greetLimit bounds the wait for an answer of a server that says that it is ready.
const greetLimit = 30 * time.Second

// ready returns when the server has given an answer. The caller holds the start lock.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for begin := time.Now(); ; {
		if err := s.bring(ctx); err != nil {
			return err
		}
		err := s.greet(ctx)
		if err == nil {
			s.mu.Lock()
			s.begun = true
			s.mu.Unlock()
			pm, _ := readPostmaster(s.place.data)
			s.cfg.Log.Info("PostgreSQL is ready", "dir", s.place.data, "pid", pm.pid,
				"took", time.Since(begin).Round(time.Millisecond))
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
		case up && pm.status == "ready" && (mine == nil || mine.pid == pm.pid):
			return s.adopt(pm)
		case mine != nil && !mine.running():
			return fmt.Errorf("postgres: the server ended while it was starting: %w\nIf its files are damaged: move %s away to begin with an empty database, or bring a backup back",
				errors.Join(mine.err, s.quote(mine)), s.place.data)
		case up || mine != nil: // it starts, recovers from a crash or stops
		// backends that have not yet noticed that their server was killed; or another container's
		// server
		case locked(s.place.runLock()):
		default:
			var err error
			if mine, err = s.launch(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: wait for the server on %s: %w",
				s.place.data, errors.Join(context.Cause(ctx), s.why(pm, up, mine)))
		case <-tick.C:
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			s.cfg.Log.Info("waiting for PostgreSQL", "dir", s.place.data, "status", pm.status,
				"since", time.Since(begin).Round(time.Second))
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
		s.cfg.Log.Info("new PostgreSQL cluster", "dir", s.place.data, "version", bin.version,
			"took", time.Since(begin).Round(time.Millisecond))
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
	s.mu.Lock()
	begun := s.begun
	s.mu.Unlock()
	if begun { // its users believe in what was there
		return binaries{}, false, fmt.Errorf(
			"postgres: %s is gone: bring it back, or start the node again to begin with an empty database", s.place.data,
		)
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
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == pgerrcode.InvalidCatalogName {
		return s.createDatabase(ctx)
	}
	if err != nil {
		return fmt.Errorf("postgres: connect to the server that says it is ready: %w", err)
	}
	return conn.Close(ctx)
}

// passing says whether a server that called itself ready did not answer for a reason that may be
// gone in a moment: it has just been killed, or told to stop, or is recovering from the death of a
// backend.
func passing(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || refused.Code == pgerrcode.AdminShutdown || refused.Code == pgerrcode.CrashShutdown ||
		refused.Code == pgerrcode.CannotConnectNow
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
