package inventory

import (
	"errors"
	"fmt"
	"time"
)

// DropID names a drop for as long as the store lives; it is never used again.
type DropID int64

// Plan says what is to happen at one moment: products are released, sizes get pairs, and a banner is
// shown.
type Plan struct {
	At       time.Time     `json:"at"`
	EndsAt   *time.Time    `json:"ends_at,omitempty"` // after that the banner is gone, and the drop is over
	Zone     string        `json:"zone,omitempty"`    // in which operators read its times; "": none was said
	Banner   string        `json:"banner,omitempty"`
	Releases []ProductID   `json:"releases,omitempty"`
	Restocks []DropRestock `json:"restocks,omitempty"`
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
	MaxActs   = 1000 // products and sizes of one drop
	MaxBanner = 300  // characters
)

// Errors of a plan.
var (
	ErrNoActs      = errors.New("inventory: the drop has nothing to do")
	ErrTwiceInDrop = errors.New("inventory: the drop names a size twice")
	ErrTooMany     = errors.New("inventory: the drop has too much to do at once")
	ErrOpened      = errors.New("inventory: the drop has opened")
	ErrCancelled   = errors.New("inventory: the drop is cancelled")
	ErrEnd         = errors.New("inventory: a drop must end after it has opened, and in the future")
	ErrBadBanner   = errors.New("inventory: a banner has 1 to 300 visible characters")
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

// check returns what is wrong with a plan by itself.
func (p Plan) check() error {
	c := &checker{}
	c.words("banner", p.Banner, 0, MaxBanner)
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
	switch {
	case len(p.Releases)+len(p.Restocks) == 0 && p.Banner == "":
		return ErrNoActs
	case len(p.Releases)+len(p.Restocks) > MaxActs:
		return ErrTooMany
	case len(c.found) > 0:
		return ErrBadBanner
	case p.EndsAt != nil && !p.EndsAt.After(p.At):
		return ErrEnd
	}
	return nil
}
