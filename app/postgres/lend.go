package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// parts of an installation that can be moved: lib and share are found from bin. These are copied,
// never all that lies about.
var parts = []string{"bin", "lib", "share"}

// lend copies binaries that the unprivileged user can't reach (npm's, in a checkout under root's
// home) to where he can, once, and returns the directory of the copy.
func (f finder) lend(dir string) (string, error) {
	tree := filepath.Dir(dir)
	for _, part := range parts {
		if _, err := os.Stat(filepath.Join(tree, part)); err != nil || filepath.Base(dir) != "bin" {
			return "", fmt.Errorf(
				"the user %v can't get there: let him pass through the directories above it (chmod o+x)", f.owner,
			)
		}
	}
	fi, err := os.Stat(filepath.Join(dir, "postgres"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Append(nil, tree, fi.Size(), fi.ModTime().UnixNano()))
	copied := filepath.Join(f.stateDir, "postgresql-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(copied); err == nil {
		return filepath.Join(copied, "bin"), nil
	}
	if err := os.MkdirAll(f.stateDir, 0o755); err != nil {
		return "", err
	}
	making, err := os.MkdirTemp(f.stateDir, "postgresql-copying-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(making)
	for _, part := range parts {
		if err := os.CopyFS(filepath.Join(making, part), os.DirFS(filepath.Join(tree, part))); err != nil {
			return "", fmt.Errorf("copy it for the user %v: %w", f.owner, err)
		}
	}
	if err := openToAll(making); err != nil {
		return "", fmt.Errorf("copy it for the user %v: %w", f.owner, err)
	}
	if err := os.Rename(making, copied); err != nil {
		if _, there := os.Stat(copied); there == nil { // another node was faster
			return filepath.Join(copied, "bin"), nil
		}
		return "", err
	}
	return filepath.Join(copied, "bin"), nil
}

// openToAll lets all users read a tree, and run what its owner may run, whatever the umask was.
func openToAll(tree string) error {
	return filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		mode := fi.Mode().Perm() | 0o444
		if mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
