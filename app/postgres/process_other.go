//go:build !linux

package postgres

import "syscall"

// attributes of a process that runs as a: in a process group of its own, so that Ctrl-C in the
// terminal ends the node and not the database under it. This system has nothing for dieWithParent.
func attributes(a account, dieWithParent bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: a.credential()}
}

// inspect says whether a process is alive; this system does not tell whether it is a server on the
// data directory.
func inspect(pid int, data string) verdict {
	if err := syscall.Kill(pid, 0); err == syscall.ESRCH {
		return no
	}
	return unknown
}
