package postgres

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// attributes of a process that runs as a: in a process group of its own, so that Ctrl-C in the
// terminal ends the node and not the database under it. With dieWithParent the kernel kills it when
// the thread that started it ends.
func attributes(a account, dieWithParent bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Credential: a.credential()}
	if dieWithParent {
		attr.Pdeathsig = syscall.SIGQUIT
	}
	return attr
}

// inspect says whether a process is alive and a server on the data directory: its working directory
// tells. A zombie has none, and a stranger who got the number of a dead server has another.
func inspect(pid int, data string) verdict {
	proc := "/proc/" + strconv.Itoa(pid)
	cwd, err := os.Stat(proc + "/cwd")
	// another user's, and we are not root, or root without CAP_SYS_PTRACE, as in a container
	if errors.Is(err, fs.ErrPermission) {
		return inspectFromOutside(proc)
	}
	if err != nil {
		return no
	}
	if dir, err := os.Stat(data); err == nil && os.SameFile(cwd, dir) {
		return yes
	}
	return no
}

// inspectFromOutside goes by what any user may know of a process: its name, and whether it is a
// zombie.
func inspectFromOutside(proc string) verdict {
	text, err := os.ReadFile(proc + "/stat") // 123 (postgres) S 1 …
	if err != nil {
		return no
	}
	_, rest, _ := strings.Cut(string(text), "(")
	end := strings.LastIndex(rest, ") ")
	if end < 0 || rest[:end] != "postgres" {
		return no
	}
	switch state := rest[end+2]; state {
	case 'Z', 'X':
		return no
	}
	return unknown
}
