package shop

import (
	"encoding/json"
	"time"
)

// wireTime is how the server's time goes to pages: ISO 8601 in UTC, with milliseconds.
const wireTime = "2006-01-02T15:04:05.000Z"

// serverTime is the time by which releases are due. Pages learn it from answers made for each
// request: a page is the same for all and may be hours old, and a device's clock may be wrong.
func (p *Pages) serverTime() string { return p.shelf.ShopTime().UTC().Format(wireTime) }

// stamped adds a time to a reply, a JSON object with members, whose bytes are shared and stay as
// they are.
func stamped(reply json.RawMessage, now time.Time) json.RawMessage {
	const head, tail = `{"now":"`, `",`
	b := make(json.RawMessage, 0, len(head)+len(wireTime)+len(tail)+len(reply))
	b = append(b, head...)
	b = now.UTC().AppendFormat(b, wireTime)
	b = append(b, tail...)
	return append(b, reply[1:]...)
}
