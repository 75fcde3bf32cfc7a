package checkout

import (
	"crypto/rand"
	"encoding/base64"
	"errors"

	"sneakers23/inventory"
)

// LineID names a line of a cart from the moment it is added: 128 random bits. A pair is bought once
// per line, whatever forms, tabs and nodes it is sent through; the same shoe added again is another
// line.
type LineID [16]byte

// NewLineID makes an id that cannot be guessed.
func NewLineID() LineID {
	var id LineID
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	return id
}

// String is the id as 22 characters of the URL-safe base64 alphabet.
func (id LineID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// MarshalText writes what String returns.
func (id LineID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// errLineID says that a text is no line's id.
var errLineID = errors.New("checkout: not the id of a line")

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (id *LineID) UnmarshalText(text []byte) error {
	var read LineID
	if len(text) != base64.RawURLEncoding.EncodedLen(len(read)) {
		return errLineID
	}
	n, err := base64.RawURLEncoding.Strict().Decode(read[:], text)
	if err != nil || n != len(read) { // line breaks do not count as digits
		return errLineID
	}
	*id = read
	return nil
}

// Line is one item in a cart: one size of one shoe.
type Line struct {
	ID      LineID              `json:"id"`
	Product inventory.ProductID `json:"product_id"`
	Item    inventory.ItemID    `json:"item_id"`
}
