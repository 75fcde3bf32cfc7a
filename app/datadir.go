package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"sneakers23/app/privatefile"
	"sneakers23/replication/cluster"
)

// dataDir is the directory that a node keeps for itself, locked while the node runs.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the directory if need be and locks it: two nodes never share one.
func openDataDir(path string) (*dataDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	// Others may pass through, since PostgreSQL may run as another user; each secret file keeps its
	// own mode.
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("data directory: %w; name another with --data-dir", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "node.lock"), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w; name another with --data-dir", err)
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("another node runs with the data directory %s%s; stop it, or name another with --data-dir",
			path, whoRuns(path))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &dataDir{path, lock}, nil
}

// whoRuns names the node of a data directory, if its file tells.
func whoRuns(path string) string {
	a, err := cluster.ReadAddress(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (%s, process %d, %s)", a.Name, a.PID, a.HTTP)
}

// secret is the node's own, so that cookies and tokens outlive a restart.
func (d *dataDir) secret() (string, error) {
	s, err := d.keep("secret", rand.Text()+rand.Text(), minSecret, "carts and sessions begin anew")
	if err != nil {
		return "", fmt.Errorf("secret of the node: %w", err)
	}
	return s, nil
}

// adminPassword is one that the node has made itself: 80 bits, in groups that can be typed.
func (d *dataDir) adminPassword() (string, error) {
	t := strings.ToLower(rand.Text())
	s, err := d.keep("admin-password", strings.Join([]string{t[:4], t[4:8], t[8:12], t[12:16]}, "-"), minAdminPassword,
		"admins sign in anew")
	if err != nil {
		return "", fmt.Errorf("password for admins: %w", err)
	}
	return s, nil
}

// keep returns what a file holds that only its owner may read and write. It makes it at the first
// start, with this text. The file is damaged when it is shorter than least; then says what comes of
// a new one.
func (d *dataDir) keep(file, made string, least int, then string) (string, error) {
	name := filepath.Join(d.path, file)
	b, err := privatefile.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		b = []byte(made + "\n")
		err = privatefile.Write(name, b) // the directory is locked: no other node writes it
	}
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(b))
	if len(s) < least {
		return "", fmt.Errorf("%s is damaged: delete it and a new one is made (%s)", name, then)
	}
	return s, nil
}

func (d *dataDir) close() error { return d.lock.Close() }
