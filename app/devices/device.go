package devices

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ID names a device in the database. It is never given twice.
type ID int64

// KeyLength is the number of characters of a Key.
const KeyLength = 12

// Key is what a device proves itself with: 12 lower-case hexadecimal characters. It is a secret,
// shown once when its device is added. Formatting and logging a Key give a placeholder; string(key)
// is the secret itself.
type Key string

// ParseKey reads a key as a device sends it, in upper or lower case. It reports whether the text
// has the form of a key.
func ParseKey(text string) (Key, bool) {
	if len(text) != KeyLength {
		return "", false
	}
	for i := range len(text) {
		c := text[i] | 0x20 // lower case for letters, unchanged for digits
		if (text[i] < '0' || text[i] > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	return Key(strings.ToLower(text)), true
}

const hiddenKey = "(device key)"

// Format hides the key from every verb of package fmt.
func (Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(hiddenKey)) }

// LogValue hides the key from logs.
func (Key) LogValue() slog.Value { return slog.StringValue(hiddenKey) }

// Device is one that was added. Several connections may use its key at a time.
type Device struct {
	ID      ID
	Name    string
	Created time.Time
	Revoked time.Time // zero while its key is valid
	Seen    time.Time // zero until it has been connected; up to a minute old while it is
	Key     KeyState
}

// KeyState tells under which secret of the nodes the key of a device is stored.
type KeyState string

// States of a key.
const (
	KeyCurrent KeyState = "current" // the first secret
	// another one that is still set; the next verification stores the key under the first
	KeyOlder KeyState = "older"
	KeyLost  KeyState = "lost" // one that is no longer set: the key is not recognized
)

// Errors of a device or its key.
var (
	ErrUnknownKey   = errors.New("devices: no device has this key")
	ErrRevoked      = errors.New("devices: the key of this device was revoked")
	ErrNameTaken    = errors.New("devices: a device of this name exists")
	ErrNoSuchDevice = errors.New("devices: there is no device of this name")
	ErrNotWanted    = errors.New("devices: nothing is wanted of this variable")
	ErrBadName      = errors.New("devices: a name is 1 to 64 printable characters, without a space at either end")
)

// MaxName is the most characters that the name of a device or of a variable may have.
const MaxName = 64

// goodName reports whether a name is 1 to MaxName printable characters, without a space at either
// end.
func goodName(name string) bool {
	if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxName ||
		strings.TrimSpace(name) != name {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
