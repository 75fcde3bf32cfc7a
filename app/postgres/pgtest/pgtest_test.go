package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/app/postgres"
)

// TestMain is also the node that TestDataDir kills: it starts a server and is gone.
func TestMain(m *testing.M) {
	dir, ok := os.LookupEnv("PGTEST_NODE")
	if !ok {
		Main(m)
	}
	cfg, err := config(context.Background(), dir)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	cfg.DieWithParent = false
	if _, err := postgres.Start(context.Background(), cfg); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // until it arrives
}

// shelf is a setup.
func shelf(ctx context.Context, connString string) error {
	return execute(ctx, connString, "CREATE TABLE shelf (id int)")
}

func TestPool(t *testing.T) {
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool := Pool(t, shelf)
			if _, err := pool.Exec(t.Context(), "INSERT INTO shelf VALUES (1)"); err != nil {
				t.Fatal(err)
			}
			var n int
			if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM shelf").Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n != 1 {
				t.Errorf("%d rows in a schema of one's own, want 1", n)
			}
		})
	}
}

func TestSchemaIsDropped(t *testing.T) {
	var connString string
	t.Run("a test", func(t *testing.T) { connString = URL(t, shelf) })
	err := execute(t.Context(), connString, "SELECT FROM shelf")
	if missing, ok := errors.AsType[*pgconn.PgError](err); !ok || missing.Code != "42P01" {
		t.Errorf("after the test: %v, want that there is no such table", err)
	}
}

// TestDiskIsMeasured: tests do without fsync, benchmarks do not.
func TestDiskIsMeasured(t *testing.T) {
	url := URL(t)
	if os.Getenv("DATABASE_URL") != "" {
		return // its settings are its owner's
	}
	if fsync, err := show(t.Context(), url, "fsync"); err != nil || fsync != "off" {
		t.Errorf("for tests fsync is %q, %v", fsync, err)
	}
	testing.Benchmark(func(b *testing.B) { url = URL(b) })
	if fsync, err := show(t.Context(), url, "fsync"); err != nil || fsync != "on" {
		t.Errorf("for benchmarks fsync is %q, %v", fsync, err)
	}
}

// TestURLIsForAnyDatabase goes by what people put into DATABASE_URL.
func TestURLIsForAnyDatabase(t *testing.T) {
	for _, base := range []string{
		"postgres://bo:secret@db.example.org:5433/shop",
		"postgres://bo@/shop?host=/run/my%20postgres&port=5433",
		"host=db.example.org port=5433 dbname=shop user=bo",
		"postgres://bo@db.example.org/shop?search_path=another&connect_timeout=5",
		"host=db.example.org dbname=shop search_path=another",
	} {
		connString, err := postgres.WithSearchPath(base, "test_1")
		if err != nil {
			t.Fatal(err)
		}
		want, err := pgx.ParseConfig(base)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.ParseConfig(connString)
		if err != nil {
			t.Fatal(err)
		}
		if got.Host != want.Host || got.Port != want.Port || got.Database != want.Database ||
			got.RuntimeParams["search_path"] != "test_1" {
			t.Errorf("%s became %s", base, connString)
		}
	}
}

// TestDataDir leaves a server running in it, as a killed node does.
func TestDataDir(t *testing.T) {
	var (
		dir string
		run *os.File // the server has locked it
	)
	t.Run("a test", func(t *testing.T) {
		dir = DataDir(t)
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		node := exec.Command(exe)
		node.Env = append(os.Environ(), "PGTEST_NODE="+dir)
		if out, err := node.Output(); err == nil || len(out) > 0 {
			t.Fatalf("the node was not killed: %s", out)
		}
		if run, err = os.Open(filepath.Join(dir, "postgres.run.lock")); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(run.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
			t.Fatalf("the killed node has left no server: %v", err)
		}
	})
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
	defer run.Close()
	if err := syscall.Flock(int(run.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		t.Errorf("after the test its server runs: %v", err)
	}
}

func TestRemoveOld(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	old, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	removeOld()
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a test of yesterday has left is there: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("removed what another test uses: %v", err)
	}
}
