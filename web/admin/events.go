package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Kinds of events.
const (
	eventReleased      = "released"
	eventScheduled     = "scheduled"
	eventUnreleased    = "unreleased" // the release was taken back
	eventCalledOff     = "called_off" // the schedule was
	eventCreated       = "created"
	eventEdited        = "edited"
	eventPublished     = "published" // a product is live
	eventWithdrawn     = "withdrawn" // it is a draft again
	eventArchived      = "archived"
	eventDropPlanned   = "drop_planned"
	eventDropMoved     = "drop_moved"
	eventDropCancelled = "drop_cancelled"
	eventDropEnd       = "drop_end"
	eventDropShort     = "drop_short"
	eventPaused        = "paused"
	eventResumed       = "resumed"
	eventShopPaused    = "shop_paused"
	eventShopResumed   = "shop_resumed"
	eventSizeAdded     = "size_added"
	eventSizeEdited    = "size_edited"
	eventRestocked     = "restocked"
	eventCorrected     = "corrected"
	eventReturned      = "returned" // an order was cancelled
	eventSoldOut       = "sold_out"
	eventFrozen        = "frozen" // the counts of a size contradict its movements
	eventUnfrozen      = "unfrozen"
	eventOrders        = "orders" // of a quarter of an hour, in sum
	eventRestored      = "restored"
	eventNodeHere      = "node_here"
	eventNodeGone      = "node_gone"
	eventTrouble       = "trouble"
	eventTroubleOver   = "trouble_over"
	eventProxy         = "proxy" // an address looks like one, and is not trusted

	eventShopSet     = "shop_set"
	eventPageWritten = "page_written"
	eventPageEdited  = "page_edited"
	eventPageRemoved = "page_removed"

	eventDeviceAdded   = "device_added"
	eventDeviceRevoked = "device_revoked"
	eventDeviceSet     = "device_set"   // an admin wants variables of it to change
	eventDeviceUnset   = "device_unset" // and one of them not any more
)

// Record is an event in the journal.
type Record struct {
	At      time.Time
	Kind    string
	Subject string    // the name of a product, a size, a node or a device; an address
	Pairs   int       // that came, or went if it is negative; variables of a device
	Again   bool      // a size that was sold out is no longer
	Due     time.Time // when a product is to be released, what a backup is of, since when there was trouble; or zero
	Who     string    // the operator; empty if there is none
	Why     string    // the reason of a correction, or a [Fault]; the variable of a device if it is one
	Run     string    // of the node that it is about, see [NodeState]
}

// journal is what has happened in the shop, for all nodes and over restarts.
type journal interface {
	// Recent returns the newest records, those first.
	Recent(ctx context.Context, most int) ([]Record, error)

	// Note adds what a node knows of itself and of the others, unless the journal says so already.
	Note(ctx context.Context, r Record) error
}

// mostEvents is how many are shown.
const mostEvents = 50

// Event is something that has happened, as dashboards are told it. A sentence is Text, then When if
// it has one, then By.
type Event struct {
	At   int64  `json:"at"` // ms since 1970
	Kind string `json:"kind"`
	Text string `json:"text"`
	When int64  `json:"when,omitempty"` // ms since 1970; each dashboard writes it in the zone of its reader
	By   string `json:"by,omitempty"`   // the operator
}

// event puts a record into words.
func (r Record) event() Event {
	r.Subject, r.Who, r.Why = plain(r.Subject), plain(r.Who), plain(r.Why)
	e := Event{At: r.At.UnixMilli(), Kind: r.Kind, By: r.Who}
	switch r.Kind {
	case eventReleased:
		e.Text = r.Subject + " is released"
	case eventUnreleased:
		e.Text = r.Subject + " is no longer released"
	case eventCalledOff:
		e.Text = "The release of " + r.Subject + " is called off"
	case eventScheduled:
		e.Text, e.When = r.Subject+" will be released at", r.Due.UnixMilli()
	case eventCreated:
		e.Text = r.Subject + " is created"
	case eventEdited:
		e.Text = r.Subject + " is edited" + r.what()
	case eventPublished:
		e.Text = r.Subject + " is live: shoppers see it" + r.what()
	case eventWithdrawn:
		e.Text = r.Subject + " is a draft again: shoppers do not see it" + r.what()
	case eventArchived:
		e.Text = r.Subject + " is archived: it has left the shop" + r.what()
	case eventDropPlanned:
		e.Text, e.When = r.Subject+" is planned for", r.Due.UnixMilli()
	case eventDropMoved:
		e.Text, e.When = r.Subject+" is moved to", r.Due.UnixMilli()
	case eventDropCancelled:
		e.Text = r.Subject + " is cancelled"
	case eventDropEnd:
		e.Text = "The end of " + r.Subject + " is changed"
	case eventDropShort:
		e.Text = r.Subject + ": sizes got no pairs, since they are gone or would be too full"
	case eventPaused:
		e.Text = "Selling " + r.Subject + " is paused"
	case eventResumed:
		e.Text = "Selling " + r.Subject + " is resumed"
	case eventShopPaused:
		e.Text = "Selling is paused in the whole shop"
	case eventShopResumed:
		e.Text = "Selling is resumed in the whole shop"
	case eventSizeAdded:
		e.Text = r.Subject + " is new"
	case eventSizeEdited:
		e.Text = r.Subject + ": its names are edited"
	case eventRestocked:
		e.Text = r.Subject + ": " + pairs(r.Pairs) + r.again()
	case eventReturned:
		e.Text = r.Subject + ": " + pairs(r.Pairs) + ", from cancelled orders" + r.again()
	case eventCorrected:
		e.Text = fmt.Sprintf("%s: %s, since “%s”%s", r.Subject, pairs(r.Pairs), r.Why, r.again())
	case eventSoldOut:
		e.Text = r.Subject + " is sold out"
	case eventFrozen:
		e.Text = r.Subject + " is frozen: its counts contradict its movements"
	case eventUnfrozen:
		e.Text = r.Subject + " is frozen no more"
	case eventRestored:
		e.Text, e.When = "A backup was restored, of", r.Due.UnixMilli()
	case eventNodeHere:
		e.Text = "Node " + r.Subject + " is here"
	case eventNodeGone:
		e.Text = "Node " + r.Subject + " is gone"
	case eventTrouble:
		e.Text = "Node " + r.Subject + ": " + Fault(r.Why).words().begins
	case eventTroubleOver:
		e.Text = fmt.Sprintf("Node %s: %s, after %s",
			r.Subject, Fault(r.Why).words().ends, max(0, r.At.Sub(r.Due)).Round(time.Second)) // two clocks
	case eventProxy:
		e.Text = r.Subject + " looks like a proxy: see --trusted-proxies"
	case eventShopSet:
		e.Text = "The settings of the shop " + r.Subject + " are changed" + r.what()
	case eventPageWritten:
		e.Text = "The page /" + r.Subject + " is new"
	case eventPageEdited:
		e.Text = "The page /" + r.Subject + " is edited"
	case eventPageRemoved:
		e.Text = "The page /" + r.Subject + " is removed"
	case eventDeviceAdded:
		e.Text = "Device " + r.Subject + " is added"
	case eventDeviceRevoked:
		e.Text = "The key of device " + r.Subject + " is revoked"
	case eventDeviceSet:
		e.Text = fmt.Sprintf("Device %s: %s is to change", r.Subject, r.Why)
		if r.Why == "" {
			e.Text = fmt.Sprintf("Device %s: %d variables are to change", r.Subject, r.Pairs)
		}
	case eventDeviceUnset:
		e.Text = fmt.Sprintf("Device %s: %s is not to change any more", r.Subject, r.Why)
	default: // of a newer node
		e.Text = r.Subject + ": " + r.Kind
	}
	return e
}

// plain replaces the characters of a name that would show elsewhere: those that control a terminal,
// and those that set the direction of what follows, by which a name could turn the rest of a
// sentence around.
func plain(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
			return unicode.ReplacementChar
		}
		return c
	}, name)
}

// what tells what was edited of a product.
func (r Record) what() string {
	if r.Why == "" {
		return ""
	}
	return " (" + r.Why + ")"
}

func (r Record) again() string {
	if r.Again {
		return ", no longer sold out"
	}
	return ""
}

func pairs(n int) string {
	how, more := "more", n
	if n < 0 {
		how, more = "fewer", -n
	}
	if more == 1 {
		return "1 pair " + how
	}
	return fmt.Sprintf("%v pairs %s", grouped(more), how)
}

// merged are the events of all lists, the newest first.
func merged(lists ...[]Event) []Event {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b Event) int { return cmp.Compare(b.At, a.At) })
	if all == nil {
		return []Event{}
	}
	return all[:min(len(all), mostEvents)]
}
