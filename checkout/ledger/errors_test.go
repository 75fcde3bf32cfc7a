package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory/stocktest"
)

func TestRetryable(t *testing.T) {
	t.Parallel()
	pg := func(code string) error { return &pgconn.PgError{Code: code} }
	unreadable := pgx.ScanArgError{Err: errors.New("can't scan")}
	for what, tt := range map[string]struct {
		err           error
		first, always bool
	}{
		"no connection":              {notSent{errors.New("no way")}, true, true},
		"line cut":                   {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true, true},
		"reset":                      {&net.OpError{Op: "read", Err: errors.New("reset")}, true, true},
		"silent":                     {context.DeadlineExceeded, true, true},
		"cut at COMMIT":              {inDoubt{io.EOF}, true, true},
		"deadlock":                   {aborted{pg("40P01")}, true, true},
		"row held":                   {pg("55P03"), true, true},
		"silent in the transaction":  {pg("25P03"), true, true},
		"a standby":                  {pg("25006"), true, true},
		"out of memory":              {pg("53200"), true, true},
		"disk full":                  {pg("53100"), false, false},
		"no such column":             {pg("42703"), false, false},
		"plan out of date":           {pg("0A000"), true, false},
		"bought at the same moment":  {aborted{pg("23505")}, true, false},
		"CHECK":                      {aborted{pg("23514")}, false, false},
		"CHECK at COMMIT":            {inDoubt{pg("23514")}, true, false},
		"unreadable answer to write": {inDoubt{unreadable}, true, false},
		"unreadable answer":          {unreadable, false, false},
		"rolled back without a word": {aborted{unexpectedRollback{errors.New("ROLLBACK")}}, true, false},
	} {
		if got := retryable(tt.err, 1); got != tt.first {
			t.Errorf("%s: retryable at first is %t, want %t", what, got, tt.first)
		}
		if got := retryable(tt.err, 100); got != tt.always {
			t.Errorf("%s: retryable after 100 attempts is %t, want %t", what, got, tt.always)
		}
	}
	for code, want := range map[string]bool{"55P03": true, "57014": true, "57P01": false, "40P01": false} {
		if got := isLockTimeout(fmt.Errorf("read: %w", pg(code))); got != want {
			t.Errorf("%s: a lock timeout is %t, want %t", code, got, want)
		}
	}
	for code, want := range map[string]bool{
		"42501": true, "42703": true, "53100": true, "28000": true, "23514": false, "22003": false,
	} {
		if got := concernsAll(aborted{pg(code)}); got != want {
			t.Errorf("%s: concerns all is %t, want %t", code, got, want)
		}
	}
}

// TestBeforeCommit is about words that depend on the language of the database, and those that
// don't.
func TestBeforeCommit(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		err  error
		want bool
	}{
		"an error": {
			&pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: "ERROR", Code: "23514"}, true,
		},
		"the end of the connection": {
			&pgconn.PgError{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01"}, false,
		},
		"of the server": {&pgconn.PgError{Severity: "PANIK", SeverityUnlocalized: "PANIC", Code: "XX000"}, false},
		"of the line":   {io.EOF, false},
	} {
		if got := errors.As(beforeCommit(tt.err), new(aborted)); got != tt.want {
			t.Errorf("%s: aborted is %t, want %t", what, got, tt.want)
		}
	}
}

// TestGiveUp says "failed" only of what was read, and "not done" only of what was in no doubt.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	check := &pgconn.PgError{Code: pgerrcode.CheckViolation}
	for what, tt := range map[string]struct {
		err, want error
		inDoubt   bool
	}{
		"refused after the read": {fmt.Errorf("write: %w", aborted{check}), ErrFailed, true},
		"refused in the read":    {fmt.Errorf("read: %w", check), ErrNotDone, false},
		"bought meanwhile":       {aborted{&pgconn.PgError{Code: pgerrcode.UniqueViolation}}, ErrNotDone, false},
		"no connection":          {notSent{errors.New("no way")}, ErrNotDone, false},
		"no time":                {errPatience, ErrNotDone, false},
		"no time after a doubt":  {errPatience, ErrUnknown, true},
	} {
		x := newTicket(nil, nil)
		x.inDoubt = tt.inDoubt
		giveUp([]*ticket{x}, tt.err)
		got := <-x.answer
		if !errors.Is(got, tt.want) || !errors.Is(got, tt.err) ||
			errors.Is(got, ErrNotDone) != (tt.want == ErrNotDone) {
			t.Errorf("%s: got %v, want %v", what, got, tt.want)
		}
	}
}

// TestErrorThatConcernsAll takes a right away from the database's own tables: a batch of many gets
// one answer after one attempt, and is sold from again when the right is back.
func TestErrorThatConcernsAll(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 100)
	var attempts atomic.Int64
	c := New(testConfig(s.Pool, func(c *Config) { c.Attempted = func(bool) { attempts.Add(1) } }))
	s.Exec(`ALTER TABLE stock_movements RENAME COLUMN why TO whatever`)
	const crowd = 64
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			if err := c.Submit(t.Context(), sellOne(s.Items[0]), nil); !errors.Is(err, ErrFailed) ||
				!isCode(err, pgerrcode.UndefinedColumn) {
				t.Errorf("got %v, want ErrFailed with the database's reason", err)
			}
		})
	}
	untilQueued(t, c, crowd)
	stop := run(t, c.Serve)
	wg.Wait()
	if got := attempts.Load(); got != 1 {
		t.Errorf("%d attempts at a batch of %d, want 1", got, crowd)
	}
	stop()
	if c.backoff == 0 {
		t.Error("the next batch does not wait")
	}
	s.Exec(`ALTER TABLE stock_movements RENAME COLUMN whatever TO why`)
	run(t, c.Serve)
	if err := c.Submit(t.Context(), sellOne(s.Items[0]), nil); err != nil {
		t.Errorf("when the column is back: %v", err)
	}
	s.CheckBooks()
}

// TestSettings reads what the committer's connection is set to, whatever the pool says.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 1)
	cfg := s.Pool.Config()
	cfg.MaxConns = 1
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "7s"
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c := New(testConfig(pool))
	run(t, c.Serve)
	if err := c.Submit(t.Context(), sellOne(s.Items[0]), nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"lock_timeout": "3s", "idle_in_transaction_session_timeout": "3s", "statement_timeout": "0",
		"enable_seqscan": "off",
	} {
		var got string
		if err := pool.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
