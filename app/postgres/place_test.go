package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNotACluster: what is no data directory, or not for us, is left alone, and whoever starts is
// told what to do.
func TestNotACluster(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(t *testing.T, data string)
		want string // in the error
	}{
		{"a file", func(t *testing.T, data string) { writeFile(t, data, "shoes") }, "is not a directory"},
		{"somebody's files", func(t *testing.T, data string) {
			writeFile(t, data+"/shoes.txt", "shoes")
			chown(t, data)
		}, "PG_VERSION"},
		{"half a cluster", func(t *testing.T, data string) {
			writeFile(t, data+"/PG_VERSION", "15\n")
			chown(t, data)
		}, "pg_control"},
		{"another version", func(t *testing.T, data string) {
			writeFile(t, data+"/PG_VERSION", "8\n")
			for _, name := range []string{"global/pg_control", "base/1", "pg_wal/1", "postgresql.conf"} {
				writeFile(t, data+"/"+name, "")
			}
			chown(t, data)
		}, "PostgreSQL 8"},
		{"databases deleted", func(t *testing.T, data string) {
			for _, name := range []string{"PG_VERSION", "global/pg_control", "pg_wal/1", "postgresql.conf"} {
				writeFile(t, data+"/"+name, "15\n")
			}
			chown(t, data)
		}, "base"},
		{"a link to nothing", func(t *testing.T, data string) {
			if err := os.Symlink(data+".gone", data); err != nil {
				t.Fatal(err)
			}
		}, "remove the link"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := dataDir(t)
			tt.make(t, dir+"/postgres")
			before := tree(t, dir+"/postgres")
			s, err := Start(t.Context(), config(t, dir))
			if err == nil {
				mustStop(t, s)
				t.Fatal("started")
			}
			t.Logf("says: %v", err)
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", err, tt.want)
			}
			if after := tree(t, dir+"/postgres"); after != before {
				t.Errorf("touched what is not ours: there was %s, there is %s", before, after)
			}
		})
	}
}

// chown gives a directory to the user that would run a server in it.
func chown(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	owner, err := serviceAccount()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.own(path); err != nil {
		t.Fatal(err)
	}
}

// tree lists all that is in a directory.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err == nil {
			all = append(all, fi.Mode().String()+" "+path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, ", ")
}

func TestEmptyDirectoryIsUsed(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	if err := os.Mkdir(dir+"/postgres", 0o755); err != nil {
		t.Fatal(err)
	}
	query[int](t, mustStart(t, dir), "SELECT 1")
}

func TestDirectoryIsMade(t *testing.T) {
	t.Parallel()
	dir := dataDir(t) + "/a shop's/100%/data dir"
	s := mustStartWith(t, initdbConfig(t, dir))
	query[int](t, s, "SELECT 1")
	if s.Dir() != dir+"/postgres" {
		t.Errorf("the cluster is in %s, want it in %s", s.Dir(), dir)
	}
}

// TestLinkedDirectory: an operator has put the cluster on another disk.
func TestLinkedDirectory(t *testing.T) {
	t.Parallel()
	dir, disk := dataDir(t), dataDir(t)
	if err := os.Symlink(disk+"/cluster", dir+"/postgres"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(disk+"/cluster", 0o755); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, dir)
	query[int](t, s, "SELECT 1")
	if want := disk + "/cluster"; s.Dir() != want {
		t.Errorf("the cluster is in %s, want %s", s.Dir(), want)
	}
}

// TestUnreachable: the data directory is where root's unprivileged user can't go, as in a checkout
// under root's home. An ordinary user runs the server himself, and needs no other place.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	locked := dataDir(t)
	if err := os.Chmod(locked, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, stateDir := locked+"/data", dataDir(t)+"/state"
	startThere := func(dir string) *Server {
		t.Helper()
		cfg := config(t, dir)
		p, err := findPlace(dir, stateDir, cfg.Log)
		if err != nil {
			t.Fatal(err)
		}
		s, err := start(t.Context(), cfg, p)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { mustStop(t, s) })
		return s
	}
	s := startThere(dir)
	if elsewhere := strings.HasPrefix(s.Dir(), stateDir); elsewhere != (os.Geteuid() == 0) {
		t.Errorf("user %d has his cluster in %s", os.Geteuid(), s.Dir())
	}
	execSQL(t, s, "CREATE TABLE shelf AS SELECT 1 AS shoe")
	mustStop(t, s)

	s = startThere(dir)
	query[int](t, s, "SELECT count(*) FROM shelf")
	mustStop(t, s)

	if err := os.Rename(dir, locked+"/moved"); err != nil {
		t.Fatal(err)
	}
	s = startThere(locked + "/moved")
	query[int](t, s, "SELECT count(*) FROM shelf")
}

func TestOwners(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		dir := dataDir(t)
		if err := os.Symlink("/etc", dir+"/postgres"); err != nil { // a directory of root's
			t.Fatal(err)
		}
		if _, err := Start(t.Context(), config(t, dir)); err == nil ||
			!strings.Contains(err.Error(), "belongs to the user root") {
			t.Errorf("got %v, want that it belongs to root", err)
		}
		return
	}
	t.Run("root's data", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		writeFile(t, dir+"/postgres/PG_VERSION", "15\n")
		_, err := Start(t.Context(), config(t, dir))
		if err == nil || !strings.Contains(err.Error(), "chown") {
			t.Errorf("got %v, want advice to change the owner", err)
		}
		t.Logf("says: %v", err)
	})
	t.Run("an ordinary user's data", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		mustStop(t, mustStart(t, dir))
		const uid = 12345
		err := filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, uid)
		})
		for _, name := range []string{".log", ".use.lock", ".run.lock", ".start.lock"} { // they are made again
			err = errors.Join(err, os.Remove(dir+"/postgres"+name))
		}
		if err != nil {
			t.Fatal(err)
		}
		s := mustStart(t, dir)
		query[int](t, s, "SELECT 1")
		fi, err := os.Stat("/proc/" + query[string](t, s, "SELECT pg_backend_pid()::text"))
		if err == nil && ownerOf(fi).uid != uid { // the backend may have ended
			t.Errorf("the server runs as %v, want %d", ownerOf(fi), uid)
		}
		for _, path := range []string{
			s.place.log(), s.place.useLock(), s.place.runLock(), s.place.startLock(), s.Dir() + "/postmaster.pid",
		} {
			if fi, err := os.Stat(path); err != nil || ownerOf(fi).uid != uid {
				t.Errorf("%s belongs to somebody else than the data (%v)", path, err)
			}
		}
	})
}
