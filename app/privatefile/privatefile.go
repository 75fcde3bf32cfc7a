// Package privatefile keeps secrets in files that only their owner may read and write.
package privatefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// others are the rights to a file that only its owner may have.
const others = 0o066

// longest bounds what is read, so that a file that was named by mistake does no harm.
const longest = 1 << 16

// Read returns what a file holds. One that others may read or write is refused, with the command
// that mends it. The error is fs.ErrNotExist if there is no file.
func Read(name string) ([]byte, error) { return ReadUpTo(name, longest) }

// ReadUpTo is Read for a file that may be long: of so many bytes, and no more.
func ReadUpTo(name string, most int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // else a pipe of that name would wait for its other end
	if err != nil {
		return nil, err
	}
	defer f.Close()
	is, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !is.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no file", name)
	case is.Mode().Perm()&others != 0:
		return nil, fmt.Errorf("%s is open to other users of this machine (%v): close it with `chmod 600 %s`, or delete it for a new one if somebody may have read it",
			name, is.Mode().Perm(), quoted(name))
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is too long", name)
	}
	return text, err
}

// Write makes a file that holds all of the text, or none. It takes the place of what has that name,
// and follows no link. The caller is the only one who writes this file.
func Write(name string, text []byte) error {
	part := name + ".part"
	f, err := create(part)
	// left by one who was killed, or laid there: a link is removed, not what it leads to
	if errors.Is(err, os.ErrExist) {
		if err = os.Remove(part); err == nil {
			f, err = create(part)
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return nil
}

func create(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
}

// quoted is a name as a shell takes it.
func quoted(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if strings.Trim(name, plain) == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
