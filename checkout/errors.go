package checkout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// Errors for a cart that cannot be sold at all. Its lines were not looked up: one of them may have
// been bought with another form.
var (
	ErrEmptyCart    = errors.New("checkout: empty cart")
	ErrBadCart      = errors.New("checkout: a cart holds each shoe once")
	ErrTooManyLines = errors.New("checkout: too many lines")
)

// Why a cart was not sold. Of these, and only of these, the shopper has nothing and knows it.
var (
	ErrSoldOut      = errors.New("checkout: sold out")
	ErrNotReleased  = errors.New("checkout: not released")
	ErrPriceChanged = errors.New("checkout: the price has changed")
	ErrPaused       = errors.New("checkout: selling is paused")

	// ErrOrderFull says that the cart has more lines than an order may have.
	ErrOrderFull = errors.New("checkout: more lines than an order may have")

	// ErrLimit says that the shopper would have more pairs of a product than one shopper may buy.
	ErrLimit = errors.New("checkout: more than one shopper may buy")

	// ErrNoItem says that the store has no such item any more. It is a kind of ErrSoldOut.
	ErrNoItem = fmt.Errorf("%w: no such item", ErrSoldOut)

	// ErrFailed says that the database refused the cart, after its lines had been looked up under
	// the locks: none of them was bought. The same form may be sent again.
	ErrFailed = ledger.ErrFailed
)

// The outcome is not known here: the cart may have been sold now, by another node, or long ago. The
// same form sent again tells.
var (
	ErrUnknown = ledger.ErrUnknown

	// ErrBusy says that too many wait already. It is a kind of ErrUnknown.
	ErrBusy = ledger.ErrBusy
)

// Errors of a question about orders.
var (
	ErrNoOrder   = errors.New("checkout: no such order")
	ErrCancelled = errors.New("checkout: the order is cancelled already")
)

// Refusal says for which items a cart was not sold. Its Why is ErrSoldOut, ErrNoItem,
// ErrNotReleased, ErrPaused or ErrLimit, and is found by errors.Is.
type Refusal struct {
	Why   error
	Items []inventory.ItemID
}

// Error names the items.
func (r *Refusal) Error() string {
	ids := make([]string, len(r.Items))
	for i, id := range r.Items {
		ids[i] = fmt.Sprint(id)
	}
	return fmt.Sprintf("%v: items %s", r.Why, strings.Join(ids, ", "))
}

// Unwrap returns Why.
func (r *Refusal) Unwrap() error { return r.Why }

// refused is the refusal of these items, nil when there are none.
func refused(why error, items []inventory.ItemID) error {
	if len(items) == 0 {
		return nil
	}
	return &Refusal{Why: why, Items: slices.Clip(items)}
}
