package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
)

func TestTakeOver(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	node := startNode(t, dir)
	pid := pidOf(t, dir+"/postgres")
	kill9(node)
	s := mustStart(t, dir)
	if got := pidOf(t, s.Dir()); got != pid {
		t.Errorf("the server is process %d, want %d, the killed node's", got, pid)
	}
	query[int](t, s, "SELECT 1")
	mustStop(t, s)
	if _, up := running(s.place); up {
		t.Error("the last user has stopped and the killed node's server runs")
	}
}

func TestDieWithParent(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	node := startNode(t, dir, "POSTGRES_TEST_DIE=yes")
	pid := pidOf(t, dir+"/postgres")
	kill9(node)
	waittest.Until(t, "the server of a killed test ends", func() bool { return inspect(pid, dir+"/postgres") == no })
}

func TestKilledServer(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	execSQL(t, s, "CREATE TABLE shelf AS SELECT 1 AS shoe")
	pid := pidOf(t, s.Dir())
	signal(t, pid, syscall.SIGKILL)
	again := mustStart(t, dir)
	if got := pidOf(t, again.Dir()); got == pid {
		t.Errorf("took over the killed server")
	}
	if got := query[int](t, again, "SELECT count(*) FROM shelf"); got != 1 {
		t.Errorf("%d rows after kill -9, want 1", got)
	}
}

// TestKilledEverything is the power cut: server and node, at once.
func TestKilledEverything(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	node := startNode(t, dir)
	pid := pidOf(t, dir+"/postgres")
	kill9(node)
	signal(t, pid, syscall.SIGKILL)
	query[int](t, mustStart(t, dir), "SELECT 1")
}

// TestReusedPid puts another living process of the same user where the killed server was:
// PostgreSQL alone would not start any more.
func TestReusedPid(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	dead := pidOf(t, s.Dir())
	signal(t, dead, syscall.SIGKILL)
	waittest.Until(t, "all of the server's processes end", func() bool { return !locked(s.place.runLock()) })

	stranger := command(context.Background(), s.place.owner, "/bin/sleep", "600")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer kill9(stranger)
	for _, name := range []string{"/postmaster.pid", "/" + socketName + ".lock"} {
		text, err := os.ReadFile(s.Dir() + name)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\n")
		writeFile(t, s.Dir()+name, strconv.Itoa(stranger.Process.Pid)+"\n"+rest)
	}
	query[int](t, mustStart(t, dir), "SELECT 1")
}

// TestCutPidFile is what a full disk leaves behind.
func TestCutPidFile(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	mustStop(t, s)
	writeFile(t, s.Dir()+"/postmaster.pid", "")
	query[int](t, mustStart(t, dir), "SELECT 1")
}

// TestLingeringBackend kills a server while one of its backends sleeps so fast that it does not
// notice: no second server may touch the data before it has ended.
func TestLingeringBackend(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	conn := connect(t, s)
	defer conn.Close(context.Background())
	backend := int(conn.PgConn().PID())
	signal(t, backend, syscall.SIGSTOP)
	defer syscall.Kill(backend, syscall.SIGKILL)
	signal(t, pidOf(t, s.Dir()), syscall.SIGKILL)

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := s.Ensure(ctx)
	if err == nil {
		t.Fatal("a second server runs on the data while a backend of the killed one lives")
	}
	t.Logf("says: %v", err)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), s.place.runLock()) {
		t.Errorf("got %v, want that it has waited, and for what", err)
	}
	if got := starts(t, s); got != 1 {
		t.Errorf("%d servers were started, want one", got)
	}
	signal(t, backend, syscall.SIGKILL)
	query[int](t, mustStart(t, dir), "SELECT 1")
}

// TestKilledInitdb kills the node while it makes the cluster. A node that was faster does not
// count.
func TestKilledInitdb(t *testing.T) {
	t.Parallel()
	var dir string
	for attempt := 1; ; attempt++ {
		dir = dataDir(t)
		node, _ := nodeProcess(t, dir, "POSTGRES_TEST_BIN="+binDir(), "POSTGRES_TEST_DIE=yes")
		waittest.Until(t, "initdb has begun", func() bool {
			begun, err := filepath.Glob(dir + "/postgres" + halfPattern + "*/PG_VERSION")
			_, whole := os.Stat(dir + "/postgres")
			return err == nil && len(begun) > 0 || whole == nil
		})
		kill9(node)
		if _, err := os.Stat(dir + "/postgres"); err != nil {
			break
		}
		if attempt == 20 {
			t.Fatal("the node was always faster than its murderer")
		}
	}
	query[int](t, mustStart(t, dir), "SELECT 1")
	if got := neighbours(t, dir); strings.Contains(got, halfPattern) {
		t.Errorf("what the killed initdb has left is there: %s", got)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	s := mustStart(t, dataDir(t))
	pool, err := pgxpool.New(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1) // one answer
	go func() { served <- s.Serve(ctx) }()
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		pid := pidOf(t, s.Dir())
		signal(t, pid, sig)
		begin := time.Now()
		waittest.Until(t, "the pool works again", func() bool {
			pm, ok := readPostmaster(s.Dir())
			return ok && pm.pid != pid && pool.Ping(t.Context()) == nil
		})
		t.Logf("%v: the pool works again after %v", sig, time.Since(begin).Round(time.Millisecond))
	}
	cancel()
	if err := <-served; err != context.Canceled {
		t.Errorf("Serve: %v, want context.Canceled", err)
	}
}

// TestStrangersServer starts a server on the data by hand, with its socket in another directory.
func TestStrangersServer(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStart(t, dir)
	mustStop(t, s)
	bin, err := newFinder(config(t, dir), s.place.owner).find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := dataDir(t)
	if err := s.place.owner.own(elsewhere); err != nil {
		t.Fatal(err)
	}
	stranger := command(context.Background(), s.place.owner, filepath.Join(bin.dir, "postgres"), "-D", s.Dir(),
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+elsewhere)
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func(c *exec.Cmd) {
		c.Process.Signal(syscall.SIGQUIT)
		c.Wait()
	}(stranger)
	waittest.Until(t, "the stranger's server is ready", func() bool {
		pm, ok := readPostmaster(s.Dir())
		return ok && pm.status == "ready"
	})
	_, err = Start(t.Context(), config(t, dir))
	// A node that may not look into other users' processes, as root in a container, gets
	// PostgreSQL's error.
	if err == nil || !strings.Contains(err.Error(), elsewhere) && !strings.Contains(err.Error(), "postmaster.pid") {
		t.Fatalf("got %v, want that its socket is in %s", err, elsewhere)
	}
	t.Logf("says: %v", err)
	if pm, ok := readPostmaster(s.Dir()); !ok || pm.pid != stranger.Process.Pid || pm.status != "ready" {
		t.Error("the stranger's server was stopped")
	}
}

// TestDataIsGone: a running node is never given an empty database instead of its own.
func TestDataIsGone(t *testing.T) {
	t.Parallel()
	s := mustStart(t, dataDir(t))
	signal(t, pidOf(t, s.Dir()), syscall.SIGKILL)
	waittest.Until(t, "all of the server's processes end", func() bool { return !locked(s.place.runLock()) })
	if err := os.Rename(s.Dir(), s.Dir()+".away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Ensure(t.Context()); err == nil || !strings.Contains(err.Error(), "is gone") {
		t.Errorf("got %v, want that the data is gone", err)
	}
	if err := os.Rename(s.Dir()+".away", s.Dir()); err != nil {
		t.Fatalf("something was made in its place: %v", err)
	}
	if err := s.Ensure(t.Context()); err != nil {
		t.Error(err)
	}
}
