package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// stateDir is where root keeps clusters (and copies of binaries) whose own place the unprivileged
// user that runs PostgreSQL can't reach. Not /var/tmp: some systems delete there what was not
// touched for a month.
const stateDir = "/var/lib/sneakers23"

// A place is where a cluster lives. Its lock files and its log stand beside the data directory.
type place struct {
	data  string  // the data directory, absolute, symbolic links resolved
	link  string  // where the node looks for it, when data is elsewhere because of reach: to be made a link to data
	owner account // of the data directory: runs the server
}

func (p place) startLock() string { return p.data + ".start.lock" }
func (p place) useLock() string   { return p.data + ".use.lock" }
func (p place) runLock() string   { return p.data + ".run.lock" }
func (p place) log() string       { return p.data + ".log" }

// findPlace decides where the cluster of the node with the data directory dir lives, and who owns
// it. The answer is the same at every start, and for all who ask at the same time.
func findPlace(dir, stateDir string, log *slog.Logger) (place, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return place{}, fmt.Errorf("postgres: make the data directory: %w", err)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return place{}, fmt.Errorf("postgres: find the data directory: %w", err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return place{}, fmt.Errorf("postgres: find the data directory: %w", err)
	}
	p := place{data: filepath.Join(abs, "postgres")}
	found, err := filepath.EvalSymlinks(p.data)
	switch {
	case err == nil && empty(found):
		p.data = found
	case err == nil:
		p.data = found
		return p.owned()
	case !errors.Is(err, fs.ErrNotExist):
		return place{}, fmt.Errorf("postgres: find the data directory: %w", err)
	default:
		if target, err := os.Readlink(p.data); err == nil {
			return place{}, fmt.Errorf("postgres: %s is a link to %s, and nothing is there: bring the data back, "+
				"or remove the link to begin with an empty database", p.data, target)
		}
	}
	if p.owner, err = newOwner(); err != nil {
		return place{}, err
	}
	if p.owner.reaches(p.data) {
		return p, nil
	}
	return p.reachable(stateDir, log)
}

// owned looks at what is already there.
func (p place) owned() (place, error) {
	fi, err := os.Stat(p.data)
	if err != nil {
		return place{}, fmt.Errorf("postgres: look at the data directory: %w", err)
	}
	p.owner = ownerOf(fi)
	switch {
	case !fi.IsDir():
		return place{}, fmt.Errorf("postgres: %s is not a directory: move it away, or choose another data directory",
			p.data)
	case os.Geteuid() == 0 && p.owner.uid == 0:
		return place{}, fmt.Errorf("postgres: %s belongs to root, and PostgreSQL does not run as root: "+
			"give it to the user that shall run it (chown -R postgres: %[1]s)", p.data)
	case os.Geteuid() != 0 && p.owner.foreign():
		return place{}, fmt.Errorf("postgres: %s belongs to the user %v, this process runs as %v: "+
			"run it as that user or as root, or choose another data directory", p.data, p.owner, ownAccount())
	case !p.owner.reaches(p.data):
		return place{}, fmt.Errorf("postgres: %s belongs to the user %v, who can't get there: "+
			"let him pass through the directories above it (chmod o+x)", p.data, p.owner)
	}
	return p, nil
}

// reachable is the place that stands in for one that the server's user can't reach.
func (p place) reachable(stateDir string, log *slog.Logger) (place, error) {
	sum := sha256.Sum256([]byte(p.data))
	home := filepath.Join(stateDir, hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(home, 0o755); err != nil {
		return place{}, fmt.Errorf("postgres: the user %v can't reach %s, and there is no other place: %w",
			p.owner, p.data, err)
	}
	for _, dir := range []string{stateDir, home} { // whatever the umask was
		if err := os.Chmod(dir, 0o755); err != nil {
			return place{}, fmt.Errorf("postgres: make a place for the data: %w", err)
		}
	}
	instead := place{data: filepath.Join(home, "postgres"), link: p.data, owner: p.owner}
	if !p.owner.reaches(instead.data) {
		return place{}, fmt.Errorf("postgres: the user %v can reach neither %s nor %s: let him pass through "+
			"the directories above one of them (chmod o+x)", p.owner, p.data, instead.data)
	}
	log.Info("PostgreSQL's data is elsewhere: its user can't reach the data directory",
		"user", p.owner.String(), "wanted", p.data, "dir", instead.data)
	if fi, err := os.Stat(instead.data); err == nil {
		instead.owner = ownerOf(fi)
	}
	return instead, nil
}

// settle makes the link by which the cluster is found again, also when the node's data directory
// moves.
func (p place) settle() error {
	if p.link == "" {
		return nil
	}
	err := os.Symlink(p.data, p.link)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("postgres: link to the data: %w", err)
	}
	return nil
}

// empty says whether dir is a directory with nothing in it.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// exists reports whether the place holds a cluster. Any other content is an error: it has an owner.
func (p place) exists() (bool, error) {
	if _, err := os.Lstat(p.data); errors.Is(err, fs.ErrNotExist) || empty(p.data) {
		return false, nil
	}
	for _, need := range []string{"PG_VERSION", "global/pg_control", "base", "pg_wal", "postgresql.conf"} {
		if _, err := os.Stat(filepath.Join(p.data, need)); err != nil {
			return false, fmt.Errorf("postgres: %s is not empty and no whole PostgreSQL data directory (%w): move it away "+
				"to begin with an empty database, bring a backup back, or choose another data directory; nothing in it was touched", p.data, err)
		}
	}
	return true, nil
}

// version is the major version of PostgreSQL that wrote the cluster.
func (p place) version() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.data, "PG_VERSION"))
	if err != nil {
		return "", fmt.Errorf("postgres: read the version of the data: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
