package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Stop gives this user's share back. The last user stops the server; it ends its connections,
// writes everything to disk and returns within ctx. Others' servers go on. A second Stop does
// nothing. Serve must have ended before.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	stopped := s.stopped
	s.stopped = true
	s.mu.Unlock()
	if stopped {
		return nil
	}
	defer s.use.Close()
	starting, err := lock(ctx, s.place.startLock(), syscall.LOCK_EX, s.place.owner)
	if err != nil {
		return fmt.Errorf("the server was left running: %w", err)
	}
	defer starting.Close()
	switch err := tryLock(s.use, syscall.LOCK_EX); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		s.cfg.Log.Info("PostgreSQL goes on for its other users", "dir", s.place.data)
		return nil
	case err != nil:
		return fmt.Errorf("postgres: lock %s: %w", s.place.useLock(), err)
	}
	return s.shutDown(ctx)
}

// shutDown stops the server. The caller holds both locks.
func (s *Server) shutDown(ctx context.Context) error {
	begin := time.Now()
	pm, up := running(s.place)
	if up && !s.ours(pm) {
		return nil
	}
	if up {
		if err := syscall.Kill(pm.pid, syscall.SIGINT); err != nil { // PostgreSQL's "fast shutdown"
			return fmt.Errorf("postgres: stop the server (process %d): %w", pm.pid, err)
		}
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for s.alive() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: the server (process %d) has been told to stop and has not yet: %w",
				pm.pid, context.Cause(ctx))
		case <-tick.C:
		}
	}
	if s.socketDir != s.place.data {
		os.Remove(s.socketDir) // stays if anything is in it, which is right
	}
	if up {
		s.cfg.Log.Info("PostgreSQL stopped", "dir", s.place.data, "took", time.Since(begin).Round(time.Millisecond))
	}
	return nil
}

// ours says whether a running server was started by this package, in whatever process: only such a
// one is taken over and stopped. It has the run lock; where file locks are not inherited (NFS), its
// socket tells, as soon as it has one.
func (s *Server) ours(pm postmaster) bool {
	s.mu.Lock()
	child := s.child
	s.mu.Unlock()
	if child.running() {
		return child.pid == pm.pid // the run lock is the child's
	}
	return locked(s.place.runLock()) || (pm.socket == s.socketDir && pm.port == port)
}

// alive says whether the server or any of its processes runs, or is not yet reaped.
func (s *Server) alive() bool {
	s.mu.Lock()
	child := s.child
	s.mu.Unlock()
	_, up := running(s.place)
	return up || child.running() || locked(s.place.runLock())
}
