package checkout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

func TestLuck(t *testing.T) {
	t.Parallel()
	pg := func(code string) error { return &pgconn.PgError{Code: code} }
	unreadable := pgx.ScanArgError{Err: errors.New("can't scan")}
	for what, tt := range map[string]struct {
		err           error
		first, always bool
	}{
		"no connection":              {away{errors.New("no way")}, true, true},
		"line cut":                   {fmt.Errorf("look: %w", io.ErrUnexpectedEOF), true, true},
		"reset":                      {&net.OpError{Op: "read", Err: errors.New("reset")}, true, true},
		"silent":                     {context.DeadlineExceeded, true, true},
		"cut at COMMIT":              {doubt{io.EOF}, true, true},
		"deadlock":                   {decided{pg("40P01")}, true, true},
		"row held":                   {pg("55P03"), true, true},
		"silent in the transaction":  {pg("25P03"), true, true},
		"bought at the same moment":  {decided{pg(uniqueViolation)}, true, false},
		"CHECK":                      {decided{pg("23514")}, false, false},
		"CHECK at COMMIT":            {doubt{pg("23514")}, true, false},
		"unreadable answer to write": {doubt{unreadable}, true, false},
		"unreadable answer":          {unreadable, false, false},
		"rolled back without a word": {decided{unsaid{errors.New("ROLLBACK")}}, true, false},
	} {
		if got := luck(tt.err, 1); got != tt.first {
			t.Errorf("%s: luck at first is %t, want %t", what, got, tt.first)
		}
		if got := luck(tt.err, 100); got != tt.always {
			t.Errorf("%s: luck after 100 attempts is %t, want %t", what, got, tt.always)
		}
	}
	for code, want := range map[string]bool{"55P03": true, "57014": true, "57P01": false, "40P01": false} {
		if got := held(fmt.Errorf("look: %w", pg(code))); got != want {
			t.Errorf("%s: held is %t, want %t", code, got, want)
		}
	}
}

// TestCertain is about words that depend on the language of the database, and those that don't.
func TestCertain(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		err  error
		want bool
	}{
		"an error":                  {&pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: "ERROR", Code: "23514"}, true},
		"the end of the connection": {&pgconn.PgError{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01"}, false},
		"of the server":             {&pgconn.PgError{Severity: "PANIK", SeverityUnlocalized: "PANIC", Code: "XX000"}, false},
		"of the line":               {io.EOF, false},
	} {
		if got := errors.As(certain(tt.err), new(decided)); got != tt.want {
			t.Errorf("%s: certain is %t, want %t", what, got, tt.want)
		}
	}
}

// TestGiveUp says "could not" only of what was looked up.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	check := &pgconn.PgError{Code: "23514"}
	for what, tt := range map[string]struct{ err, want error }{
		"refused after the look": {fmt.Errorf("write: %w", decided{check}), ErrFailed},
		"refused in the look":    {fmt.Errorf("look: %w", check), ErrUnknown},
		"bought meanwhile":       {decided{&pgconn.PgError{Code: uniqueViolation}}, ErrUnknown},
		"nobody knows":           {doubt{check}, ErrUnknown},
		"no connection":          {away{errors.New("no way")}, ErrUnknown},
		"no time":                {errPatience, ErrUnknown},
	} {
		w := &ticket{answer: make(chan answer, 1)}
		giveUp([]*ticket{w}, tt.err)
		got := (<-w.answer).err
		if !errors.Is(got, tt.want) || !errors.Is(got, tt.err) || errors.Is(got, ErrUnknown) != (tt.want == ErrUnknown) {
			t.Errorf("%s: got %v, want %v", what, got, tt.want)
		}
	}
}

// TestSettings reads what the teller's connection is set to, whatever the pool says.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := newStore(t, 1, 1, 1)
	cfg := s.pool.Config()
	cfg.MaxConns = 1
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "7s"
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s.node(pool).buy(s.cart(s.items[0]))
	for name, want := range map[string]string{
		"lock_timeout": "3s", "idle_in_transaction_session_timeout": "3s", "statement_timeout": "0", "enable_seqscan": "off",
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
