package operator

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
	"sneakers23/web/admin"
	"sneakers23/web/admin/fleet"
)

// Desk lets admins do at the dashboard what operators do at the command line.
type Desk struct{ Operator *Operator }

// Release releases a product now.
func (d Desk) Release(ctx context.Context, id inventory.ProductID) (admin.Done, error) {
	q := ReleaseRequest{Product: strconv.FormatInt(int64(id), 10)}
	r, err := atDesk(ctx, d.Operator, commandRelease, q, d.release)
	return admin.Done{Missing: r.Missing, Already: r.Already}, err
}

// release refuses where the command line asks: an admin goes to the drop first.
func (d Desk) release(ctx context.Context, q ReleaseRequest) (Released, error) {
	done, err := d.Operator.Release(ctx, q)
	if question, ok := errors.AsType[*Question](err); ok {
		err = &dropError{question.Words + " Cancel that drop first, at Drops", err}
	}
	return done, err
}

// Restock puts pairs of an item on the shelf.
func (d Desk) Restock(ctx context.Context, id inventory.ItemID, count int) (admin.Done, error) {
	q := RestockRequest{Item: strconv.FormatInt(int64(id), 10), Count: count, Sure: true} // the dialog has asked
	r, err := atDesk(ctx, d.Operator, commandRestock, q, d.Operator.restock)
	return admin.Done{Missing: r.Missing}, err
}

// atDashboard is whom logs name: all admins share a password.
const atDashboard = "the dashboard"

// atDesk gives a command as much time as one of the command line has.
func atDesk[Q, R any](
	ctx context.Context, o *Operator, command string, q Q, do func(context.Context, Q) (R, error),
) (R, error) {
	ctx, cancel := context.WithTimeout(inventory.ActingAs(ctx, atDashboard), timeoutOf(command))
	defer cancel()
	r, err := protect(ctx, o.log, command, q, do)
	if err != nil {
		o.log.Info("order of the dashboard refused", "command", command, "err", err)
		if keepsItsKind(err) {
			return r, err
		}
		return r, errors.New(wordsAtDesk(err))
	}
	return r, nil
}

// wordsAtDesk are what an admin reads of an error: he sees the stock, and may have no command line.
func wordsAtDesk(err error) string {
	if text, ok := fleet.Words(err); ok {
		return text
	}
	if missing, ok := errors.AsType[*noSuchError](err); ok && missing.wasWritten() {
		return missing.atDesk()
	}
	if product, ok := errors.AsType[*notASizeError](err); ok {
		return sentence(product.why())
	}
	if planned, ok := errors.AsType[*inventory.PlannedError](err); ok {
		return fmt.Sprintf("%s is in drop %d already: move or cancel that one first.", planned.SKU, planned.Drop)
	}
	if refused, ok := errors.AsType[*dropError](err); ok && !errors.Is(err, inventory.ErrNotFound) {
		return sentence(refused.words)
	}
	switch {
	case errors.Is(err, inventory.ErrNotLive):
		return "Shoppers do not see the product: make it live first, at Products."
	case errors.Is(err, inventory.ErrReleased):
		return "A product is released already."
	case errors.Is(err, inventory.ErrBadCount):
		return "Write a whole number from 1 to 1,000,000."
	case errors.Is(err, inventory.ErrFull):
		return "One size may have 1,000,000,000 pairs at the most."
	case errors.Is(err, inventory.ErrNotFound):
		return "The shop does not have it any more. Reload the page."
	case errors.Is(err, inventory.ErrTwice):
		return "A SKU or the name of a size is taken. Nothing was saved."
	case errors.Is(err, storefront.ErrNoPage):
		return "The page is removed already. Reload the page."
	case errors.Is(err, picture.ErrBusy):
		return "Too many photos are made smaller at this moment. Try again in a minute."
	case errors.Is(err, ledger.ErrNotDone):
		return "Nothing was done, since the database did not answer in time. Try again."
	case errors.Is(err, ledger.ErrUnknown), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, inventory.ErrCrashed), isBroken(err):
		return "No answer came in time. It may be done all the same: look before you try again."
	}
	return words(err)
}

// sentence begins words with a capital letter, and ends them.
func sentence(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }
