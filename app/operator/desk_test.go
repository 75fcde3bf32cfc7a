package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/inventory"
)

// TestWordsAtDesk are for one who sees a dashboard, and has no command line.
func TestWordsAtDesk(t *testing.T) {
	t.Parallel()
	o := &Operator{log: slog.New(slog.DiscardHandler)}
	for says, err := range map[string]error{
		"Write a whole number":    inventory.ErrBadCount,
		"1,000,000,000 pairs":     inventory.ErrFull,
		"does not have it":        &noSuchError{"item", "7"},
		"No answer came in time.": context.DeadlineExceeded,
		"It may be done":          io.ErrUnexpectedEOF,
		"look before":             &pgconn.PgError{Code: "57P01"},
		"does not reach":          &pgconn.ConnectError{},
		"the database says: full": &pgconn.PgError{Code: "53100", Message: "full"},
	} {
		_, got := atDesk(t.Context(), o, commandRestock, RestockRequest{},
			func(context.Context, RestockRequest) (Restocked, error) {
				return Restocked{}, fmt.Errorf("restock: %w", err)
			})
		if got == nil || !strings.Contains(got.Error(), says) || strings.Contains(got.Error(), "sneakers23") {
			t.Errorf("of %v is said %v, want %q", err, got, says)
		}
	}
	_, err := atDesk(t.Context(), o, commandRestock, RestockRequest{},
		func(context.Context, RestockRequest) (Restocked, error) {
			panic("on purpose")
		})
	if err == nil || err.Error() != errCommandCrashed.Error() {
		t.Errorf("of a panic is said %v", err)
	}
	if !errors.Is(&noSuchError{}, inventory.ErrNotFound) {
		t.Error("what the catalog has not is no inventory.ErrNotFound")
	}
}
