package app

import (
	"context"
	"errors"
	"strconv"

	"sneakers23/inventory"
)

// desk lets admins do at the dashboard what operators do at the command line.
type desk struct{ operator *operator }

// Release releases a product now.
func (d desk) Release(ctx context.Context, id inventory.ProductID) (missing []string, err error) {
	r, err := atDesk(ctx, ReleaseRequest{Product: strconv.FormatInt(int64(id), 10)}, d.operator.release)
	return r.Missing, err
}

// Restock puts pairs of an item on the shelf.
func (d desk) Restock(ctx context.Context, id inventory.ItemID, count int) (missing []string, err error) {
	r, err := atDesk(ctx, RestockRequest{Item: strconv.FormatInt(int64(id), 10), Count: count}, d.operator.restock)
	return r.Missing, err
}

// atDesk gives a command as much time as one of the command line has, and its error the same words.
func atDesk[Q, R any](ctx context.Context, q Q, do func(context.Context, Q) (R, error)) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	r, err := do(ctx, q)
	if err != nil {
		return r, errors.New(words(err))
	}
	return r, nil
}
