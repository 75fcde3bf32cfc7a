package pgtest

import (
	"context"
	"testing"

	"sneakers23/app/waittest"
)

// useDisk switches fsync on, if the server is this package's own. It stays on: a benchmark runs
// after all tests.
func useDisk(ctx context.Context, t testing.TB) error {
	t.Helper()
	server.mu.Lock()
	s, done := server.started, server.usesDisk
	server.usesDisk = true
	server.mu.Unlock()
	if s == nil || done {
		return nil
	}
	for _, sql := range []string{"ALTER SYSTEM RESET fsync", "SELECT pg_reload_conf()"} {
		if err := execute(ctx, s.URL(), sql); err != nil {
			return err
		}
	}
	var err error
	waittest.Until(t, "the server reads its settings again", func() bool {
		var fsync string
		fsync, err = show(ctx, s.URL(), "fsync")
		return err != nil || fsync == "on"
	})
	return err
}

// show returns a setting as a new connection has it.
func show(ctx context.Context, connString, setting string) (value string, err error) {
	conn, err := connect(ctx, connString)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx, "SHOW "+setting).Scan(&value)
	return value, err
}
