package inventory

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// DropID names a drop for as long as the store lives; it is never used again.
type DropID int64

// Plan says what is to happen at one moment: products are released, sizes get pairs, and every page
// shows a banner.
type Plan struct {
	At       time.Time     `json:"at"`
	EndsAt   *time.Time    `json:"ends_at,omitempty"` // after that the drop is over, and its banner gone
	Zone     string        `json:"zone,omitempty"`    // in which operators read its times; "": none was said
	Releases []ProductID   `json:"releases,omitempty"`
	Restocks []DropRestock `json:"restocks,omitempty"`

	// Announces is what the banner says, "" if there is none. It stays until EndsAt, until an
	// operator takes it away, or until another one takes its place.
	Announces string `json:"announces,omitempty"`
}

// DropRestock are pairs of an item that come with a drop.
type DropRestock struct {
	Item      ItemID   `json:"item"`
	Pairs     int      `json:"pairs"`
	Operation [16]byte `json:"-"` // names the movement, so that the pairs come once
}

// Drop is a plan that was made.
type Drop struct {
	ID DropID `json:"id"`
	Plan
	PlannedBy   string     `json:"planned_by,omitempty"`
	OpenedAt    *time.Time `json:"opened_at,omitempty"`
	CancelledAt *time.Time `json:"cancelled_at,omitempty"`
	Version     int64      `json:"version"` // counts the changes of the plan
}

// The states of a drop.
const (
	DropPlanned   = "planned"
	DropOpen      = "open"
	DropOver      = "over"
	DropCancelled = "cancelled"
)

// State returns what the drop is at a time of the database's clock.
func (d *Drop) State(now time.Time) string {
	switch {
	case d.CancelledAt != nil:
		return DropCancelled
	case d.OpenedAt == nil:
		return DropPlanned
	case d.EndsAt != nil && !now.Before(*d.EndsAt):
		return DropOver
	}
	return DropOpen
}

// Limits of a drop.
const (
	MaxActs     = 1000 // products and sizes
	MaxAnnounce = 140  // characters of its banner
)

// StorefrontKey is the key of the advisory lock that is held while the shop's settings are written,
// as SQL: two integers.
const StorefrontKey = `hashtext('edit storefront'), hashtext(current_schema())`

// Errors of a plan.
var (
	ErrNoActs      = errors.New("inventory: the drop has nothing to do")
	ErrTwiceInDrop = errors.New("inventory: the drop names a size twice")
	ErrTooMany     = errors.New("inventory: the drop has too much to do at once")
	ErrNotDue      = errors.New("inventory: the drop can't open yet")
	ErrOpened      = errors.New("inventory: the drop has opened")
	ErrNotOpen     = errors.New("inventory: the drop has not opened")
	ErrEndsBefore  = errors.New("inventory: the drop would end before it opens")
	ErrCancelled   = errors.New("inventory: the drop is cancelled")
	ErrEnd         = errors.New("inventory: a drop must end after it has opened, and in the future")
	ErrZone        = errors.New("inventory: no such time zone")
	ErrAnnounce    = errors.New("inventory: the words of the banner are too long, or have invisible characters")
)

// PlannedError says that a product is in another plan already.
type PlannedError struct {
	SKU  string
	Drop DropID
}

// Error names the product and the drop.
func (e *PlannedError) Error() string {
	return fmt.Sprintf("inventory: %s is in drop %d already", e.SKU, e.Drop)
}

// PlanProductError says which product can't be released by a plan. Err is ErrNotLive or
// ErrReleased.
type PlanProductError struct {
	SKU string
	Err error
}

// Error names the product.
func (e *PlanProductError) Error() string { return e.SKU + ": " + e.Err.Error() }

// Unwrap returns why.
func (e *PlanProductError) Unwrap() error { return e.Err }

// DoesMore reports whether the plan does more than to release a single product.
func (p Plan) DoesMore() bool {
	return len(p.Releases) != 1 || len(p.Restocks) > 0 || p.Announces != ""
}

// check returns what is wrong with a plan by itself.
func (p Plan) check() error {
	named := make(map[ItemID]bool)
	for _, r := range p.Restocks {
		if r.Pairs < 1 || r.Pairs > maxPairs {
			return ErrBadCount
		}
		if named[r.Item] {
			return ErrTwiceInDrop
		}
		named[r.Item] = true
	}
	_, err := time.LoadLocation(p.Zone)
	switch {
	case err != nil || p.Zone == "Local":
		return ErrZone
	case len(p.Releases)+len(p.Restocks) == 0 && p.Announces == "":
		return ErrNoActs
	case len(p.Releases)+len(p.Restocks) > MaxActs:
		return ErrTooMany
	case p.EndsAt != nil && !p.EndsAt.After(p.At):
		return ErrEnd
	case utf8.RuneCountInString(p.Announces) > MaxAnnounce, strings.ContainsFunc(p.Announces, invisible),
		strings.ContainsAny(p.Announces, "\u2028\u2029"), !utf8.ValidString(p.Announces):
		return ErrAnnounce
	}
	return nil
}
