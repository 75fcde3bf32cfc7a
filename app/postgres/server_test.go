package postgres

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sneakers23/app/waittest"
)

func TestStart(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStartWith(t, initdbConfig(t, dir))
	if got := query[int](t, s, "SELECT 6 * 7"); got != 42 {
		t.Errorf("got %d, want 42", got)
	}
	for setting, want := range map[string]string{
		"listen_addresses": "", "server_encoding": "UTF8", "data_checksums": "on", "data_directory": s.Dir(),
	} {
		if got := query[string](t, s, "SHOW "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	fi, err := os.Stat(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o700 {
		t.Errorf("the data directory's mode is %v, want 0700", fi.Mode())
	}
	if ownerOf(fi).uid == 0 {
		t.Error("the data belongs to root")
	}
	pid := pidOf(t, s.Dir())
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the server is in the process group %d (%v), want one of its own: Ctrl-C would end it before the node",
			group, err)
	}
	if got := query[int](t, s, "SELECT count(*) FROM pg_hba_file_rules WHERE type <> 'local' AND auth_method <> 'scram-sha-256'"); got != 0 {
		t.Errorf("%d ways in over TCP without a password", got)
	}
	mustStop(t, s)
	if got, want := neighbours(t, dir), "postgres postgres.log postgres.run.lock postgres.start.lock postgres.use.lock"; got != want {
		t.Errorf("the data directory holds %s, want %s", got, want)
	}
}

func TestRestartKeepsData(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	execSQL(t, s, "CREATE TABLE shelf AS SELECT 1 AS shoe")
	mustStop(t, s)
	if _, err := os.Stat(s.Dir() + "/postmaster.pid"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Stop by its only user the server runs: postmaster.pid: %v", err)
	}
	s = mustStart(t, dir)
	if got := query[int](t, s, "SELECT count(*) FROM shelf"); got != 1 {
		t.Errorf("%d rows after a restart, want 1", got)
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	first, second := mustStart(t, dir), mustStart(t, dir)
	if first.URL() != second.URL() {
		t.Errorf("two addresses of one server: %s and %s", first.URL(), second.URL())
	}
	pid := pidOf(t, first.Dir())
	mustStop(t, first)
	if got := pidOf(t, second.Dir()); got != pid {
		t.Errorf("the server is process %d now, was %d", got, pid)
	}
	if got := query[int](t, second, "SELECT 1"); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	mustStop(t, second)
	if pm, up := running(second.place); up {
		t.Errorf("the last user has stopped and the server (process %d) runs", pm.pid)
	}
	if starts(t, first) != 1 {
		t.Errorf("started %d times, want once", starts(t, first))
	}
}

func TestConcurrentStarts(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	const users = 8
	servers := make([]*Server, users)
	var all sync.WaitGroup
	for i := range users {
		all.Go(func() {
			var err error
			if servers[i], err = Start(t.Context(), initdbConfig(t, dir)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	if got := starts(t, servers[0]); got != 1 {
		t.Errorf("%d servers were started, want one", got)
	}
	query[int](t, servers[users-1], "SELECT 1")
	for _, s := range servers {
		all.Go(func() { mustStop(t, s) })
	}
	all.Wait()
	if pm, up := running(servers[0].place); up {
		t.Errorf("all users have stopped and the server (process %d) runs", pm.pid)
	}
}

// TestStartMeetsStop has users come and go: whoever comes while the last one is stopping the server
// has one again.
func TestStartMeetsStop(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 5 {
				s, err := Start(t.Context(), config(t, dir))
				if err != nil {
					t.Error(err)
					return
				}
				query[int](t, s, "SELECT 1")
				mustStop(t, s)
			}
		})
	}
	all.Wait()
}

func TestStopped(t *testing.T) {
	t.Parallel()
	s := mustStart(t, dataDir(t))
	mustStop(t, s)
	mustStop(t, s)
	if err := s.Ensure(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("Ensure after Stop: %v, want ErrStopped", err)
	}
	if pm, up := running(s.place); up {
		t.Errorf("Ensure after Stop has started process %d", pm.pid)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	gaveUp := errors.New("gave up")

	t.Run("waiting for another node", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		held, err := lock(t.Context(), dir+"/postgres.start.lock", syscall.LOCK_EX, ownAccount())
		if err != nil {
			t.Fatal(err)
		}
		defer held.Close()
		ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, gaveUp)
		defer cancel()
		// Start has its own share to give back, for which it would need that lock too.
		if _, err := Start(ctx, config(t, dir)); !errors.Is(err, gaveUp) {
			t.Errorf("got %v, want the cause", err)
		}
	})
	t.Run("in initdb", func(t *testing.T) {
		t.Parallel()
		var dir string
		for attempt := 1; ; attempt++ {
			dir = dataDir(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := make(chan error, 1) // one answer
			go func() {
				s, err := Start(ctx, initdbConfig(t, dir))
				if err == nil { // it was faster, and does not count
					mustStop(t, s)
				}
				ended <- err
			}()
			waittest.Until(t, "initdb is at work", func() bool {
				return len(ended) > 0 || strings.Contains(neighbours(t, dir), halfPattern)
			})
			cancel(gaveUp)
			err := waittest.Receive(t, "the end of Start", ended)
			if errors.Is(err, gaveUp) {
				break
			}
			if err != nil || attempt == 20 {
				t.Fatalf("got %v at attempt %d, want the cause", err, attempt)
			}
		}
		if _, err := os.Stat(dir + "/postgres"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("an unfinished initdb left a data directory: %v", err)
		}
		query[int](t, mustStart(t, dir), "SELECT 1")
	})
}

// TestBrokenSettings shows that whoever breaks the configuration is told by PostgreSQL itself.
func TestBrokenSettings(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	mustStop(t, s)
	writeFile(t, s.Dir()+"/postgresql.auto.conf", "no_such_setting = 1\n")
	_, err := Start(t.Context(), config(t, dir))
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("got %v, want PostgreSQL's words", err)
	}
	t.Logf("says: %v", err)
	if f, err := lock(t.Context(), s.place.useLock(), syscall.LOCK_EX, s.place.owner); err != nil {
		t.Errorf("a Start that failed has kept its share: %v", err)
	} else {
		f.Close()
	}
}

func TestLargeLogIsPutAway(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	writeFile(t, dir+"/postgres.log", "")
	if err := os.Truncate(dir+"/postgres.log", logLimit+1); err != nil {
		t.Fatal(err)
	}
	mustStart(t, dir)
	old, err := os.Stat(dir + "/postgres.log.old")
	if err != nil || old.Size() != logLimit+1 {
		t.Errorf("the old log: %v, %v", old, err)
	}
	if now, err := os.Stat(dir + "/postgres.log"); err != nil || now.Size() > logLimit || now.Mode().Perm() != 0o600 {
		t.Errorf("the log: %v, %v", now, err)
	}
}
