package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/initdbtest"
	"sneakers23/app/waittest"
)

// TestMain is also the node that the tests kill: the test binary runs itself with a data directory
// in the environment.
func TestMain(m *testing.M) {
	dir, ok := os.LookupEnv("POSTGRES_TEST_NODE")
	if !ok {
		os.Exit(m.Run())
	}
	cfg := Config{
		Dir: dir, Root: checkout, BinDir: os.Getenv("POSTGRES_TEST_BIN"),
		DieWithParent: os.Getenv("POSTGRES_TEST_DIE") != "",
	}
	if _, err := Start(context.Background(), cfg); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin) // until it is killed, or the test ends
}

// checkout is where .tools is, seen from this package's directory.
const checkout = "../.."

// binDir lets all tests run with another PostgreSQL than the one that would be found.
func binDir() string { return os.Getenv("PG_BINDIR") }

// logger writes to the test's log.
func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

// config is for a cluster that is a copy, see package initdbtest: most tests are not about initdb.
func config(t testing.TB, dir string) Config {
	t.Helper()
	bin, err := copies()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Dir: dir, Root: checkout, BinDir: bin, Log: logger(t), DieWithParent: true}
}

// initdbConfig is for a cluster that initdb makes.
func initdbConfig(t testing.TB, dir string) Config {
	return Config{Dir: dir, Root: checkout, BinDir: binDir(), Log: logger(t), DieWithParent: true}
}

// copies is the directory of PostgreSQL's programs whose initdb copies a cluster; the real one,
// where that can't be.
var copies = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Limit())
	defer cancel()
	real, version, err := Binaries(ctx, Config{Root: checkout, BinDir: binDir()})
	if err != nil {
		return "", err
	}
	bin, err := initdbtest.BinDir(real, version, func(dir string) (string, error) {
		s, err := Start(ctx, Config{Dir: dir, BinDir: real, DieWithParent: true})
		if err != nil {
			return "", err
		}
		return s.Dir(), errors.Join(initdbtest.Prepare(ctx, s.URL()), s.Stop(ctx))
	})
	if err == nil {
		_, _, err = Binaries(ctx, Config{BinDir: bin})
	}
	if err != nil { // root's unprivileged user can't reach os.TempDir, say
		fmt.Fprintln(os.Stderr, "every cluster is made by initdb itself, which takes longer:", err)
		return real, nil
	}
	return bin, nil
})

// mustStart starts a server that is stopped, at the latest, when the test ends.
func mustStart(t testing.TB, dir string) *Server {
	t.Helper()
	return mustStartWith(t, config(t, dir))
}

func mustStartWith(t testing.TB, cfg Config) *Server {
	t.Helper()
	begin := time.Now()
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Start took %v", time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() { mustStop(t, s) })
	return s
}

func mustStop(t testing.TB, s *Server) {
	t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), waittest.Limit()) // the test's own context may have ended
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
	t.Logf("Stop took %v", time.Since(begin).Round(time.Millisecond))
}

// startNode starts another process that starts a server, and waits until it has.
func startNode(t *testing.T, dir string, env ...string) *exec.Cmd {
	t.Helper()
	node, out := nodeProcess(t, dir, append(env, "POSTGRES_TEST_BIN="+config(t, dir).BinDir)...)
	line := make([]byte, 1<<10)
	n, err := out.Read(line)
	if got := string(line[:n]); err != nil || got != "ready\n" {
		t.Fatalf("the other node says %q (%v), want ready", got, err)
	}
	return node
}

func nodeProcess(t *testing.T, dir string, env ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command(exe)
	node.Env = append(append(os.Environ(), "POSTGRES_TEST_NODE="+dir), env...)
	if _, err := node.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill9(node) })
	return node, out
}

// kill9 kills a node and reaps it.
func kill9(node *exec.Cmd) {
	node.Process.Kill()
	node.Wait()
}

// dataDir is a temporary directory that root's unprivileged user can reach, which t.TempDir is not.
func dataDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sneakers23-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// a killed node's, and the test failed before it took it over
		if pm, up := running(place{data: dir + "/postgres"}); up {
			syscall.Kill(pm.pid, syscall.SIGQUIT)
		}
		if err := removeAll(context.Background(), dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// pidOf returns the process of the server on a data directory.
func pidOf(t testing.TB, data string) int {
	t.Helper()
	pm, ok := readPostmaster(data)
	if !ok {
		t.Fatalf("no server on %s", data)
	}
	return pm.pid
}

// signal sends a signal to a process that the test has started.
func signal(t testing.TB, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("send %v to %d: %v", sig, pid, err)
	}
}

// execSQL runs one statement in a connection of its own.
func execSQL(t testing.TB, s *Server, sql string) {
	t.Helper()
	conn := connect(t, s)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// query asks for one value.
func query[T any](t testing.TB, s *Server, sql string) T {
	t.Helper()
	conn := connect(t, s)
	defer conn.Close(context.Background())
	var value T
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func connect(t testing.TB, s *Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// starts counts how often a server was started on a data directory.
func starts(t testing.TB, s *Server) int {
	t.Helper()
	text, err := os.ReadFile(s.place.log())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("starting PostgreSQL"))
}

// neighbours lists what stands beside the data directory.
func neighbours(t testing.TB, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
