package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"sneakers23/app/postgres"
)

// server is the one of this test binary: several packages' tests run at the same time, each with its own.
var server struct {
	mu      sync.Mutex
	started *postgres.Server
	dir     string // temporary
	err     error  // why it did not start; it is not tried again
}

// startLimit bounds the start of the server: initdb and all.
const startLimit = 2 * time.Minute

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
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	s, err := postgres.Start(ctx, config(dir))
	if need := runtime.GOMAXPROCS(0) * poolSize; err == nil && need > 80 { // it has 100, and some are not for us
		return widen(ctx, s, need+20)
	}
	return s, err
}

// widen makes room for more connections: so many tests run at the same time on a machine with many cores.
func widen(ctx context.Context, s *postgres.Server, connections int) (*postgres.Server, error) {
	err := execute(ctx, s.URL(), fmt.Sprintf("ALTER SYSTEM SET max_connections = %d", connections))
	if err := errors.Join(err, s.Stop(ctx)); err != nil {
		return nil, err
	}
	return postgres.Start(ctx, config(server.dir))
}

func config(dir string) postgres.Config {
	return postgres.Config{
		Dir:           dir,
		Root:          moduleRoot(),
		BinDir:        os.Getenv("PG_BINDIR"),
		DieWithParent: true,
	}
}

// moduleRoot is where go.mod is, above the package's directory, in which its tests run; empty outside of a checkout.
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
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		err = server.started.Stop(ctx)
		if home := filepath.Dir(server.started.Dir()); home != server.dir { // its user could not reach the temporary directory
			err = errors.Join(err, os.RemoveAll(home))
		}
	}
	return errors.Join(err, os.RemoveAll(server.dir))
}
