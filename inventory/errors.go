package inventory

import "errors"

// Errors of a call to the store.
var (
	ErrNotFound = errors.New("inventory: not found")
	ErrSoldOut  = errors.New("inventory: sold out")
	ErrReleased = errors.New("inventory: already released")
	ErrPast     = errors.New("inventory: the time of a release must be in the future")
	ErrBadCount = errors.New("inventory: a count of pairs must be from 1 to 1000000")
	ErrFull     = errors.New("inventory: an item holds at most 1000000000 pairs")
	ErrTooFew   = errors.New("inventory: fewer pairs are available than are to be taken away")
	ErrNoReason = errors.New("inventory: a correction needs a reason of 1 to 500 characters")

	ErrNotLive = errors.New("inventory: not live: shoppers do not see the product")
	ErrEdited  = errors.New("inventory: edited by somebody else meanwhile")
	ErrTwice   = errors.New("inventory: two would have the same SKU, or two sizes of a product the same name")

	ErrNotReleased  = errors.New("inventory: not released")
	ErrNotScheduled = errors.New("inventory: no release is scheduled")
	ErrSold         = errors.New("inventory: pairs of it are sold")

	// ErrCrashed says that the server ended while it was applying: the commit stands, the catalog
	// will be read from the database.
	ErrCrashed = errors.New("inventory: server crashed")
)
