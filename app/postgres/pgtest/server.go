package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"sneakers23/app/postgres"
	"sneakers23/app/postgres/initdbtest"
	"sneakers23/app/waittest"
)

// server is the one of this test binary: several packages' tests run at the same time, each with
// its own.
var server struct {
	mu       sync.Mutex
	started  *postgres.Server
	dir      string // temporary
	err      error  // why it did not start; it is not tried again
	usesDisk bool   // fsync is on
}

// Main is a package's TestMain: it runs the tests, stops the server if one was started, and exits.
// Without it the server ends with the test binary all the same, but its directory stays.
// m is the package's *testing.M, or what wraps it.
func Main(m interface{ Run() int }) {
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// serverURL returns the address of the server for tests, which it starts if it must.
func serverURL() (string, error) {
	if named := os.Getenv("DATABASE_URL"); named != "" {
		return named, nil
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.started == nil && server.err == nil {
		server.started, server.err = start()
	}
	if server.err != nil {
		return "", server.err
	}
	return server.started.URL(), nil
}

func start() (*postgres.Server, error) {
	removeOld()
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	server.dir = dir
	ctx, cancel := within("start the server for the tests")
	defer cancel()
	cfg, err := config(ctx, dir)
	if err != nil {
		return nil, err
	}
	s, err := postgres.Start(ctx, cfg)
	if need := runtime.GOMAXPROCS(0) * poolSize; err == nil && need > 80 { // it has 100, and some are not for us
		return widen(ctx, s, cfg, need+20)
	}
	return s, err
}

// widen makes room for more connections: so many tests run at the same time on a machine with many
// cores.
func widen(ctx context.Context, s *postgres.Server, cfg postgres.Config, connections int) (*postgres.Server, error) {
	err := execute(ctx, s.URL(), fmt.Sprintf("ALTER SYSTEM SET max_connections = %d", connections))
	if err := errors.Join(err, s.Stop(ctx)); err != nil {
		return nil, err
	}
	return postgres.Start(ctx, cfg)
}

// within is a context with the limit of all waits in tests.
func within(what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.Background(), waittest.Limit(),
		fmt.Errorf("not within %v: %s", waittest.Limit(), what))
}

func config(ctx context.Context, dir string) (postgres.Config, error) {
	bin, err := programs(ctx)
	return postgres.Config{Dir: dir, BinDir: bin, DieWithParent: true}, err
}

// BinDir returns the postgres.Config.BinDir of a test that starts a server of its own: a new
// cluster is a copy with one database, sneakers23, and with fsync off.
func BinDir(t testing.TB) string {
	t.Helper()
	ctx, cancel := within("make the cluster that tests copy")
	defer cancel()
	bin, err := programs(ctx)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return bin
}

// binDir is what programs returns, which each test binary looks for once.
var binDir struct {
	sync.Mutex
	dir string
}

// programs returns the directory of PostgreSQL's programs, with a stand-in for initdb.
func programs(ctx context.Context) (string, error) {
	binDir.Lock()
	defer binDir.Unlock()
	if binDir.dir != "" {
		return binDir.dir, nil
	}
	real, version, err := postgres.Binaries(ctx, postgres.Config{Root: moduleRoot(), BinDir: os.Getenv("PG_BINDIR")})
	if err != nil {
		return "", err
	}
	binDir.dir, err = initdbtest.BinDir(real, version, func(dir string) (string, error) {
		s, err := postgres.Start(ctx, postgres.Config{Dir: dir, BinDir: real, DieWithParent: true})
		if err != nil {
			return "", err
		}
		return s.Dir(), errors.Join(initdbtest.Prepare(ctx, s.URL()), s.Stop(ctx))
	})
	if err == nil {
		_, _, err = postgres.Binaries(ctx, postgres.Config{BinDir: binDir.dir})
	}
	if err != nil { // root's unprivileged user can't reach os.TempDir, say
		fmt.Fprintln(os.Stderr, "pgtest: every cluster is made by initdb itself, which takes longer:", err)
		binDir.dir = real
	}
	return binDir.dir, nil
}

// moduleRoot is where go.mod is, above the package's directory, in which its tests run; empty
// outside of a checkout.
func moduleRoot() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

func stop() error {
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.dir == "" {
		return nil
	}
	var err error
	if server.started != nil {
		ctx, cancel := within("stop the server of the tests")
		defer cancel()
		err = server.started.Stop(ctx)
		// its user could not reach the temporary directory
		if home := filepath.Dir(server.started.Dir()); home != server.dir {
			err = errors.Join(err, os.RemoveAll(home))
		}
	}
	return errors.Join(err, os.RemoveAll(server.dir))
}
