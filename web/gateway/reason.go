package gateway

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// reason is why a line, or a connection, is refused, in the words that follow ERROR.
type reason string

// Error returns the words.
func (r reason) Error() string { return string(r) }

// The reasons that this package gives. Others are sentences of package devices about what a
// payload holds.
const (
	errForm       reason = "a line is v:KEY, l:KEY:BASE64 or i:KEY:BASE64"
	errKeyForm    reason = "a key is 12 hexadecimal characters"
	errLong       reason = "line is longer than 1 MiB"
	errBase64     reason = "what follows the key is not base64"
	errVerify     reason = "verify first: send v:KEY"
	errOtherKey   reason = "this connection is verified with another key"
	errUnknownKey reason = "key is unknown"
	errRevoked    reason = "key was revoked"
	errPerKey     reason = "too many connections use this key"
	errNotNow     reason = "keys can't be verified at the moment, try again"
	errNotStored  reason = "this line was not stored, send it again"
	errInternal   reason = "internal error"

	// With these the connection ends.
	errSilent      reason = "silent for too long"
	errSlowLine    reason = "the line did not become complete in time"
	errUnverified  reason = "no key was verified in time"
	errManyClients reason = "too many connections"
	errAddress     reason = "too many connections from your address"

	// This is for the log alone: nothing more is sent then.
	errStopping reason = "the server stops"
)

// maxReason is the most bytes of a reason that are sent.
const maxReason = 500

// errorLine is the answer to what was refused. It is one line of text whatever the reason is: what
// can't be printed is replaced.
func errorLine(why error) []byte {
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, why.Error())
	for len(text) > maxReason {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return []byte("ERROR " + text + "\n")
}

// okLine answers a key that was verified. It is shared by all.
var okLine = []byte("OK\n")
