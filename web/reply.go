package web

import (
	"errors"

	"sneakers23/inventory"
	"sneakers23/web/shop"
)

// replies says what an error of ours is on a channel, as [statuses] does over HTTP.
var replies = []struct {
	err    error
	reason string
}{
	{inventory.ErrNotFound, "not_found"},
	{shop.ErrNotOpen, "not_open"},
}

// ErrorResponse finds the response to a join or an event that failed; nil for an error that is none
// of a client's business. It goes into channel.Config.
func ErrorResponse(err error) any {
	for _, r := range replies {
		if errors.Is(err, r.err) {
			return map[string]string{"reason": r.reason}
		}
	}
	return nil
}
