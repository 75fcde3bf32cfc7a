package devices

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxPage is the most records that one search returns.
const MaxPage = 500

// Query says which log records a search returns. Its zero value asks for the newest of all devices.
type Query struct {
	Device string    // a name; empty: all devices
	ID     ID        // this device only, whatever Device says; 0: see Device
	Text   string    // words, "a phrase", one or another, -without; empty: all records
	Since  time.Time // received at or after; zero: without a bound
	Until  time.Time // received before; zero: without a bound
	Before Mark      // only records that come after this one in the order of pages; zero: from the newest on
	Limit  int       // 1 to MaxPage; 0 is 100
}

// Mark is the place of a record in the order of pages: newest first, by the time of receipt and
// then by ID.
type Mark struct {
	Received time.Time
	ID       int64
}

// String writes a place as people and programs pass it on: its time and its id. The zero value is
// empty.
func (m Mark) String() string {
	if m == (Mark{}) {
		return ""
	}
	return fmt.Sprintf("%s/%d", m.Received.UTC().Format(time.RFC3339Nano), m.ID)
}

// ParseMark reads what String writes. The error is ErrBadMark.
func ParseMark(text string) (m Mark, err error) {
	if text == "" {
		return m, nil
	}
	at, id, _ := strings.Cut(text, "/")
	if m.Received, err = time.Parse(time.RFC3339Nano, at); err == nil {
		m.ID, err = strconv.ParseInt(id, 10, 64)
	}
	if err != nil {
		return Mark{}, ErrBadMark
	}
	return m, nil
}

// Page is what a search has found, newest first.
type Page struct {
	Records []Logged
	Older   Mark // the Before of the next page; zero if this is the last
}

// Errors of a query.
var (
	ErrSearchTooLong = errors.New(
		"devices: the search took too long: narrow it down to a device, a shorter time or a rarer word",
	)
	ErrBadQuery = errors.New("devices: the text of a search is at most 1,000 bytes, its limit at most 500")
	ErrBadMark  = errors.New("devices: this is no place among log records")
	ErrNoWords  = errors.New("devices: the text of the search has no word in it")
)

// Changes are what a node must do about connections that are verified already.
type Changes struct {
	Revoked []ID // close the connections of these
	Wanted  []ID // send what is wanted to the connections of these
	Check   bool // the database was restored: verify all connections again
}
