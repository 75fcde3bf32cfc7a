package postgres

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is the operating system user that owns the data directory and runs the server.
// PostgreSQL refuses to run as root.
type account struct {
	uid, gid int
}

// ownAccount is the user of this process.
func ownAccount() account {
	return account{uid: os.Geteuid(), gid: os.Getegid()}
}

// serviceAccount is the unprivileged user that serves for root where there is no data yet.
func serviceAccount() (account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			continue
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			continue
		}
		return account{uid: uid, gid: gid}, nil
	}
	return account{}, fmt.Errorf("postgres: PostgreSQL does not run as root, and this machine has neither " +
		"a user postgres nor a user nobody: run as an ordinary user")
}

// newOwner is the user who gets a new cluster: this process's own, or the one that serves for root.
func newOwner() (account, error) {
	if os.Geteuid() != 0 {
		return ownAccount(), nil
	}
	return serviceAccount()
}

// ownerOf is the user whom a file belongs to.
func ownerOf(fi fs.FileInfo) account {
	st := fi.Sys().(*syscall.Stat_t) // always, on the systems that this package builds for
	return account{uid: int(st.Uid), gid: int(st.Gid)}
}

func (a account) String() string {
	if u, err := user.LookupId(strconv.Itoa(a.uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(a.uid)
}

// foreign says whether processes must change their user to run as a.
func (a account) foreign() bool {
	return a.uid != os.Geteuid()
}

// credential is what makes a child process run as a; nil where it does so anyway.
func (a account) credential() *syscall.Credential {
	if !a.foreign() {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)} // no supplementary groups
}

// own gives a file that root made to a.
func (a account) own(path string) error {
	if !a.foreign() {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// reaches says whether a may pass through every directory above path.
// It goes by the permission bits alone: who is let in only by an access list counts as shut out.
func (a account) reaches(path string) bool {
	if !a.foreign() {
		return true // the system will say so, and more precisely
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		fi, err := os.Stat(dir)
		if err != nil || !a.may(fi, 0o1) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// may says whether the permission bits (one digit: 4 read, 2 write, 1 execute) are given to a.
func (a account) may(fi fs.FileInfo, bits fs.FileMode) bool {
	owner := ownerOf(fi)
	switch {
	case owner.uid == a.uid:
		bits <<= 6
	case owner.gid == a.gid:
		bits <<= 3
	}
	return fi.Mode().Perm()&bits == bits
}
