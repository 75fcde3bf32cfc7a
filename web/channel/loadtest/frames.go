//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
)

// appendHeader starts a text frame of n bytes. A client's frames must be masked; a
// mask of zeros leaves the text as it is.
func appendHeader(b []byte, n int, masked bool) []byte {
	var mask byte
	if masked {
		mask = 0x80
	}
	b = append(b, 0x81)
	switch {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if masked {
		b = append(b, 0, 0, 0, 0)
	}
	return b
}

// clientFrame is a message of a client.
func clientFrame(format string, args ...any) []byte {
	text := fmt.Appendf(nil, format, args...)
	return append(appendHeader(nil, len(text), true), text...)
}

// frameKind is what a frame of the server is to the generator.
type frameKind int

const (
	delivery frameKind = iota // of a broadcast or a push
	reply
	closing
)

// scanner finds the frames in what a socket reads, piece by piece, and keeps nothing
// but their beginnings.
type scanner struct {
	begun [10 + beginning]byte // header and beginning of a frame
	n     int                  // bytes of begun
	skip  int                  // bytes of the frame that are still to come
}

// beginning is how many bytes of a frame's payload tell what it is.
const beginning = 8

// scan calls found for every frame whose beginning is in b. A delivery has no ref:
// it begins with [null,null, or ["1",null, and a reply does not.
func (s *scanner) scan(b []byte, found func(kind frameKind, code int)) {
	for len(b) > 0 {
		if s.skip > 0 {
			n := min(s.skip, len(b))
			s.skip -= n
			b = b[n:]
			continue
		}
		header, payload := s.sizes()
		need := header + min(payload, beginning)
		if s.n < need {
			n := copy(s.begun[s.n:need], b)
			s.n += n
			b = b[n:]
		}
		if header, payload = s.sizes(); s.n < header+min(payload, beginning) || s.n < 2 {
			continue
		}
		s.skip = payload - min(payload, beginning)
		kind, code := s.kind(header)
		found(kind, code)
		s.n = 0
	}
}

// sizes returns how long the header is, and the payload, as far as is known.
func (s *scanner) sizes() (header, payload int) {
	if s.n < 2 {
		return 2, 0
	}
	switch n := int(s.begun[1]); n {
	case 126:
		if s.n < 4 {
			return 4, 0
		}
		return 4, int(binary.BigEndian.Uint16(s.begun[2:]))
	case 127:
		if s.n < 10 {
			return 10, 0
		}
		return 10, int(binary.BigEndian.Uint64(s.begun[2:]))
	default:
		return 2, n
	}
}

func (s *scanner) kind(header int) (kind frameKind, code int) {
	payload := s.begun[header:s.n]
	switch {
	case s.begun[0]&0x0f == 8 && len(payload) >= 2:
		return closing, int(binary.BigEndian.Uint16(payload))
	case s.begun[0]&0x0f == 8:
		return closing, 1005
	case len(payload) >= 7 && (payload[1] == 'n' && payload[6] == 'n' || payload[1] == '"' && payload[5] == 'n'):
		return delivery, 0
	}
	return reply, 0
}
