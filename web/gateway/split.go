package gateway

import (
	"bytes"
	"time"
)

// MaxLine is the most bytes that a line may have, without its end.
const MaxLine = 1 << 20

// splitter cuts what a connection receives into lines: packets may end anywhere. It keeps bytes
// only while a line is incomplete, in a buffer that it borrows.
type splitter struct {
	kept  []byte    // of a line; nil between lines
	began time.Time // when the first byte came of the line that is incomplete
	skip  bool      // the line that is incomplete is too long, and what comes of it is ignored
}

// lender lends the splitter its buffers.
type lender interface {
	// lend returns a buffer with the same bytes and room for so many in all, in place of one
	// that was lent before, or of nil. It may wait.
	lend(kept []byte, size int) ([]byte, error)
	// takeBack ends the loan.
	takeBack(kept []byte)
}

// next returns the first line of data, without its end, and the rest of data. The line is nil if
// data has no end of a line, or only that of a line which was too long: errLong was returned
// before. The line is valid until release. limit is how long lines may be at the moment.
func (s *splitter) next(data []byte, limit int, from lender) (text, rest []byte, err error) {
	end := bytes.IndexByte(data, '\n')
	if end < 0 {
		return nil, nil, s.keep(data, limit, from)
	}
	text, rest = data[:end], data[end+1:]
	if s.skip {
		s.skip = false
		return nil, rest, nil
	}
	if s.kept != nil {
		if err := s.keep(text, limit, from); err != nil {
			s.skip = false // it ends here
			return nil, rest, err
		}
		text = s.kept
	}
	text = bytes.TrimSuffix(text, []byte("\r"))
	if len(text) > limit {
		s.release(from)
		return nil, rest, errLong
	}
	return text, rest, nil
}

// keep adds a part to the line that is incomplete.
func (s *splitter) keep(part []byte, limit int, from lender) error {
	if s.skip {
		return nil
	}
	if s.kept == nil {
		s.began = time.Now()
	}
	size := len(s.kept) + len(part)
	if size > limit+len("\r") { // a \r would not count
		s.release(from)
		s.skip = true
		return errLong
	}
	if size > cap(s.kept) {
		kept, err := from.lend(s.kept, size)
		if err != nil {
			return err
		}
		s.kept = kept
	}
	s.kept = append(s.kept, part...)
	return nil
}

// incomplete reports whether a line has begun and not ended.
func (s *splitter) incomplete() bool { return s.kept != nil || s.skip }

// release is called when a line was handled: its buffer is given back.
func (s *splitter) release(from lender) {
	if s.kept != nil {
		from.takeBack(s.kept)
		s.kept = nil
	}
}
