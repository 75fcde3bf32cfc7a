package app

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestCrowdedDatabaseAnswers takes a database that has no connection left for one that answers.
func TestCrowdedDatabaseAnswers(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		err  error
		want bool
	}{
		"no connection is left":  {fmt.Errorf("connect: %w", &pgconn.PgError{Code: "53300"}), true},
		"the server stops":       {&pgconn.PgError{Code: "57P03"}, false},
		"nothing is heard of it": {context.DeadlineExceeded, false},
	} {
		if got := isCrowded(tt.err); got != tt.want {
			t.Errorf("%s: %v, want %v", what, got, tt.want)
		}
	}
}
