package postgres

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// logLimit is how large the server's log may be when the server starts: a larger one becomes the
// old log, and the old one goes.
const logLimit = 8 << 20

// openLog opens the log for a server that is to start.
func openLog(p place) (*os.File, error) {
	if fi, err := os.Stat(p.log()); err == nil && fi.Size() > logLimit {
		if err := os.Rename(p.log(), p.log()+".old"); err != nil {
			return nil, fmt.Errorf("postgres: put the old log away: %w", err)
		}
	}
	f, err := os.OpenFile(p.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("postgres: open the log: %w", err)
	}
	if err := p.owner.own(p.log()); err != nil {
		f.Close()
		return nil, fmt.Errorf("postgres: open the log: %w", err)
	}
	return f, nil
}

// logTail returns the last lines that a server wrote after a place in the log.
func logTail(path string, from int64) []byte {
	const enough = 4 << 10
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if end, err := f.Seek(0, io.SeekEnd); err == nil {
		from = max(from, end-enough)
	}
	text := make([]byte, enough)
	n, _ := f.ReadAt(text, from)
	return text[:n]
}

// lastLines makes an error of the end of a program's output; nil, if it said nothing.
func lastLines(out []byte) error {
	const enough = 8
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return errors.New(strings.Join(lines[max(0, len(lines)-enough):], "\n"))
}
