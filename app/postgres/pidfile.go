package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A postmaster is what a running server says of itself in the file postmaster.pid.
type postmaster struct {
	pid    int
	port   string
	socket string // the directory of its socket
	status string // "starting", "ready", "stopping"; empty when it did not come that far
}

// readPostmaster reads the file postmaster.pid in a data directory. A file that is missing, empty
// or half-written names no process; a file that is there names perhaps a process that is long dead.
func readPostmaster(data string) (postmaster, bool) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return postmaster{}, false
	}
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 {
		return postmaster{}, false
	}
	pm := postmaster{pid: pid}
	if len(lines) > 4 {
		pm.port, pm.socket = lines[3], lines[4]
	}
	if len(lines) > 7 {
		pm.status = strings.TrimSpace(lines[7])
	}
	return pm, true
}

// signaled says whether a signal could be sent to the process: PostgreSQL's own test of the pid
// that it finds in a lock file. It is true for a zombie, and for a stranger who got the number of a
// dead server.
func signaled(pid int) bool {
	return syscall.Kill(pid, 0) == nil
}

// A verdict on a process: is it the server on a data directory?
type verdict int

const (
	no verdict = iota
	yes
	unknown // the system does not let us see
)

// running returns the server that runs on the data directory, in whatever state. A process that
// can't be looked into is believed to be it if the run lock says that there is one.
func running(p place) (postmaster, bool) {
	pm, ok := readPostmaster(p.data)
	if !ok {
		return pm, false
	}
	switch inspect(pm.pid, p.data) {
	case yes:
		return pm, true
	case unknown:
		return pm, locked(p.runLock())
	}
	return pm, false
}

// clearStale removes the lock files that a killed server left behind, where PostgreSQL itself would
// not dare to, because their pid now belongs to another process, or because they are cut short. The
// caller holds the start lock and knows that neither a server nor anything that a killed one left
// behind is alive. In doubt the files are left to PostgreSQL, which then refuses to start.
func clearStale(p place, socketDir string) error {
	if pm, ok := readPostmaster(p.data); ok && (!signaled(pm.pid) || inspect(pm.pid, p.data) != no) {
		return nil
	}
	for _, path := range []string{
		filepath.Join(p.data, "postmaster.pid"),
		filepath.Join(socketDir, socketName+".lock"),
	} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("postgres: remove the lock file of a killed server: %w", err)
		}
	}
	return nil
}
