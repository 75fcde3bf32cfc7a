package migrations

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
)

// Ups returns the Up statements of the steps behind after, up to upTo, the oldest first. Executed
// one after the other, they make the tables of step upTo out of those of step after.
func Ups(after, upTo int64) ([]string, error) {
	names, err := fs.Glob(files, "*.sql") // in the order of their numbers
	if err != nil {
		return nil, err
	}
	var ups []string
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("migrations: %s: %w", name, err)
		}
		if version <= after || version > upTo {
			continue
		}
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		up, err := upOf(string(text))
		if err != nil {
			return nil, fmt.Errorf("migrations: %s: %w", name, err)
		}
		ups = append(ups, up)
	}
	return ups, nil
}

// upOf returns the one statement of a file's Up direction.
func upOf(text string) (string, error) {
	const (
		begin = "-- +goose Up\n-- +goose StatementBegin\n"
		end   = "-- +goose StatementEnd\n"
		down  = "-- +goose Down\n"
	)
	text, begins := strings.CutPrefix(text, begin)
	up, rest, ends := strings.Cut(text, end)
	if !begins || !ends || !strings.HasPrefix(strings.TrimSpace(rest), down) {
		return "", fmt.Errorf("its Up direction must be the first, and one statement between %q and %q", begin, end)
	}
	return up, nil
}
