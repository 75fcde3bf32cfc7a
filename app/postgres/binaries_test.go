package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeServer makes programs that only tell a version.
func fakeServer(t *testing.T, bin, version string) {
	t.Helper()
	for _, name := range []string{"initdb", "postgres"} {
		path := filepath.Join(bin, name)
		writeFile(t, path, fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s (Fake)'\n", name, version))
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func someOwner(t *testing.T) account {
	t.Helper()
	if os.Geteuid() != 0 {
		return ownAccount()
	}
	owner, err := serviceAccount()
	if err != nil {
		t.Fatal(err)
	}
	return owner
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	fakeServer(t, dir+"/lib/9.6/bin", "9.6.24")
	fakeServer(t, dir+"/lib/10/bin", "10.23")
	fakeServer(t, dir+"/lib/17/bin", "17.1")
	fakeServer(t, dir+"/lib/18/bin", "18.1")
	if err := os.Remove(dir + "/lib/18/bin/initdb"); err != nil { // only a client
		t.Fatal(err)
	}
	fakeServer(t, dir+"/npm/@embedded-postgres/"+npmPlatform()+"/native/bin", "16.3")
	fakeServer(t, dir+"/set", "14.2")
	fakeServer(t, dir+"/broken/bin", "'; exit 3 '")
	everything := finder{system: []string{dir + "/lib/*/bin"}, npm: []string{dir + "/npm"}, owner: someOwner(t)}
	set, broken, nothing := everything, everything, everything
	set.set = dir + "/set"
	broken.set = dir + "/broken/bin"
	nothing.system, nothing.npm = nil, nil
	tests := []struct {
		name    string
		finder  finder
		major   string
		want    string   // the version
		wantErr []string // in the error
	}{
		{"the newest", everything, "", "17.1", nil},
		{"the one for the data", everything, "10", "10.23", nil},
		{"npm's for the data", everything, "16", "16.3", nil},
		{"the one that is set", set, "", "14.2", nil},
		{"no other for the data", set, "10", "", []string{"PostgreSQL 10", "14.2 in " + dir + "/set"}},
		{
			"none for the data", everything, "12", "",
			[]string{"PostgreSQL 12", "17.1 in", "10.23 in", "16.3 in", "postgresql-12"},
		},
		{"none that runs", broken, "", "", []string{"does not run"}},
		{"none at all", nothing, "", "", []string{"apt-get install postgresql", "install.sh", "DATABASE_URL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.finder.find(t.Context(), tt.major)
			if (err != nil) != (tt.wantErr != nil) || got.version != tt.want {
				t.Errorf("got %q, %v, want %q", got.version, err, tt.want)
			}
			for _, want := range tt.wantErr {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
			if err != nil {
				t.Logf("says: %v", err)
			}
		})
	}
}

// TestFindOnThisMachine shows that the tests' own PostgreSQL is found, and tells which it is.
func TestFindOnThisMachine(t *testing.T) {
	t.Parallel()
	bin, err := newFinder(initdbConfig(t, dataDir(t)), someOwner(t)).find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("PostgreSQL %s in %s", bin.version, bin.dir)
}

// TestLend: npm's PostgreSQL lies where root's unprivileged user can't go.
func TestLend(t *testing.T) {
	t.Parallel()
	locked := dataDir(t)
	fakeServer(t, locked+"/native/bin", "17.1")
	writeFile(t, locked+"/native/lib/libpq.so.5.17", "")
	if err := os.Symlink("libpq.so.5.17", locked+"/native/lib/libpq.so.5"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, locked+"/native/share/postgresql/pg_hba.conf.sample", "")
	writeFile(t, locked+"/native/secret", "")
	if err := os.Chmod(locked, 0o700); err != nil {
		t.Fatal(err)
	}
	f := finder{set: locked + "/native/bin", owner: someOwner(t), stateDir: dataDir(t) + "/state"}
	for range 2 { // the second time the copy is there
		got, err := f.find(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() != 0 {
			if got.dir != f.set {
				t.Errorf("found in %s, want %s", got.dir, f.set)
			}
			continue
		}
		if !strings.HasPrefix(got.dir, f.stateDir) {
			t.Errorf("found in %s, want a copy in %s", got.dir, f.stateDir)
		}
		if target, err := os.Readlink(got.dir + "/../lib/libpq.so.5"); target != "libpq.so.5.17" {
			t.Errorf("the copy has lost its links: %q, %v", target, err)
		}
		if names := neighbours(t, filepath.Dir(got.dir)); names != "bin lib share" {
			t.Errorf("copied %s, want bin lib share", names)
		}
		if names := strings.Fields(neighbours(t, f.stateDir)); len(names) != 1 {
			t.Errorf("the place for copies holds %s, want one", names)
		}
	}
}
