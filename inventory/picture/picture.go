package picture

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Limits of what is taken and made.
const (
	MaxBytes     = 10 << 20   // of a photo as it is uploaded
	MaxPixels    = 40_000_000 // of a photo
	MaxRendition = 1 << 20    // bytes of a rendition
	minSide      = 100        // pixels; less shows nothing
	maxAspect    = 3          // the longer side by the shorter
	maxHeight    = 2000       // pixels of a rendition
)

// Widths are those of the renditions, in pixels. A photo that is narrower, or very high, has fewer
// of them.
var Widths = []int{480, 960, 1600}

// Picture is a photo as pages show it.
type Picture struct {
	ID         string    // of the bytes that were uploaded, see IDOf
	Renditions []Encoded // narrowest first, one at least
}

// Rendition is a picture in one width, without its bytes.
type Rendition struct {
	Name   string `json:"name"` // a hash of its bytes with the ending of its type: never that of other bytes
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// Encoded is a rendition with its bytes.
type Encoded struct {
	Rendition
	Bytes []byte
}

// Error says why a photo is refused, for people.
type Error struct{ Text string }

// Error is the text.
func (e *Error) Error() string { return e.Text }

func refuse(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// IDOf returns the id of the picture that is made of these bytes.
func IDOf(data []byte) string { return hashOf(data) }

// hashOf returns 128 bits of the hash of the bytes, in 32 hexadecimal digits.
func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// Make makes a picture of a photo. The error is an *Error. It takes some seconds for a large photo.
func Make(data []byte) (Picture, error) {
	photo, err := decode(data)
	if err != nil {
		return Picture{}, err
	}
	p := Picture{ID: IDOf(data)}
	// The widest comes first, and each of the others is made of the one before.
	img := photo.upright(Widths[len(Widths)-1])
	for _, width := range slices.Backward(Widths) {
		if img.Rect.Dx() > width {
			img = scaled(img, width)
		} else if len(p.Renditions) > 0 {
			continue // the one before is as narrow already
		}
		var made Encoded
		if made, img, err = encode(img); err != nil {
			return Picture{}, err
		}
		p.Renditions = append(p.Renditions, made)
	}
	slices.Reverse(p.Renditions)
	return p, nil
}
