package gateway

import (
	"encoding/base64"
	"fmt"
	"log/slog"

	"sneakers23/app/devices"
)

// secret is the key of a device as it stands in a line, in lower case. It is kept for as long as
// a connection is verified, and never leaves it but to its own device.
type secret [devices.KeyLength]byte

// Format hides the key from every verb of package fmt.
func (secret) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("(device key)")) }

// LogValue hides the key from logs.
func (secret) LogValue() slog.Value { return slog.StringValue("(device key)") }

// Verbs: what a line of a device begins with.
const (
	verbVerify = 'v'
	verbLog    = 'l'
	verbReport = 'i'
)

// line is a line of a device that has the right form.
type line struct {
	verb    byte
	key     secret
	payload []byte // base64 as it was sent; nil for verbVerify
}

// parseLine reads a line without its end. The payload is a part of text. An error is a reason.
func parseLine(text []byte) (l line, err error) {
	if len(text) < 2 || text[1] != ':' {
		return l, errForm
	}
	l.verb, text = text[0], text[2:]
	if l.verb != verbVerify && l.verb != verbLog && l.verb != verbReport {
		return l, errForm
	}
	if len(text) < len(l.key) || !l.key.parse(text[:len(l.key)]) {
		return l, errKeyForm
	}
	switch text = text[len(l.key):]; {
	case l.verb == verbVerify && len(text) == 0:
		return l, nil
	case l.verb == verbVerify || len(text) == 0 || text[0] != ':':
		return l, errForm
	}
	l.payload = text[1:]
	return l, nil
}

// parse reads a key, in upper or lower case, and reports whether it has the form of one.
func (k *secret) parse(text []byte) bool {
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			c |= 0x20
		default:
			return false
		}
		k[i] = c
	}
	return true
}

// decode returns the bytes that the payload stands for, in memory of their own.
func (l line) decode() ([]byte, error) {
	data := make([]byte, base64.StdEncoding.DecodedLen(len(l.payload)))
	n, err := base64.StdEncoding.Strict().Decode(data, l.payload)
	if err != nil {
		return nil, errBase64
	}
	return data[:n], nil
}
