package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// MaxWhy is how many characters the reason of a correction may have.
const MaxWhy = 500

// Correct adds pairs to an item that were found, or takes away those that are missing, and books
// why. The error is ErrNotFound, ErrBadCount, ErrNoReason, ErrFull, ErrTooFew when fewer pairs are
// there than are to be taken away, or the database's.
func (s *Store) Correct(ctx context.Context, id ItemID, by int, why string) ([]Change, error) {
	why = strings.TrimSpace(why)
	err := error(nil)
	switch length := utf8.RuneCountInString(why); {
	case by == 0 || by < -maxCount || by > maxCount:
		err = ErrBadCount
	case length == 0 || length > MaxWhy || strings.ContainsRune(why, 0) || !utf8.ValidString(why):
		err = ErrNoReason
	}
	var changes []Change
	if err == nil {
		changes, err = s.move(ctx, id, "correction", by, why)
	}
	if err != nil {
		return nil, fmt.Errorf("correct item %d: %w", id, err)
	}
	return changes, nil
}

// move changes how many pairs of an item are available, and books it in the same statement: both or
// neither.
func (s *Store) move(ctx context.Context, id ItemID, reason string, by int, why string) ([]Change, error) {
	rows, _ := s.pool.Query(ctx, `
		WITH stocked AS (
			UPDATE item_availabilities SET available_count = available_count + $2 WHERE item_id = $1
			RETURNING item_id, available_count, sold_count, revision
		), booked AS (
			INSERT INTO stock_movements (item_id, reason, available_delta, who, why)
			SELECT item_id, $3, $2, nullif($4, ''), nullif($5, '') FROM stocked
		)
		SELECT `+itemColumns+` FROM stocked a JOIN items i ON i.id = a.item_id`, id, by, reason, Actor(ctx), why)
	item, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[ItemRow])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNotFound
	}
	if IsCountOutOfRange(err) {
		if by < 0 {
			return nil, ErrTooFew
		}
		return nil, ErrFull
	}
	if err != nil {
		return nil, err
	}
	return []Change{{Item: item}}, nil
}

// IsCountOutOfRange reports whether the database refused a change because an item would have fewer
// pairs available than none, or more than an item may. Other checks are refused for other reasons.
func IsCountOutOfRange(err error) bool {
	const checkViolation, ofAvailable = "23514", "item_availabilities_available_count_check"
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == checkViolation && e.ConstraintName == ofAvailable
}

// Correct adds or takes away pairs that were miscounted, see [Store.Correct].
func (s *Server) Correct(ctx context.Context, id ItemID, by int, why string) error {
	return s.decide(ctx, func(ctx context.Context) ([]Change, error) { return s.store.Correct(ctx, id, by, why) })
}
