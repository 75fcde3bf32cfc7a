package device

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Limits of lines in both directions.
const (
	maxLine   = 1 << 20 // bytes without the line end
	maxArray  = 1000    // elements of an array
	keyLength = 12
)

// errTooLong is returned for a line that was skipped.
var errTooLong = errors.New("the line is longer than 1 MiB")

// lineReader splits what a server sends into lines that end in \n or \r\n.
type lineReader struct {
	r    *bufio.Reader
	long []byte // a line that does not fit into r's buffer
}

// keptBuffer is the most that a lineReader keeps for the next long line.
const keptBuffer = 64 << 10

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReader(r)} }

// next returns the next line without its end; the bytes are good until the next call. After
// errTooLong the reader is at the begin of the following line. Bytes behind the last line end are
// no line.
func (l *lineReader) next() ([]byte, error) {
	if cap(l.long) > keptBuffer {
		l.long = nil
	}
	l.long = l.long[:0]
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		whole := err == nil
		if !whole && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		switch {
		case tooLong:
		case whole && len(l.long) == 0: // the common case, without a copy
			return trimEnd(part), nil
		case len(l.long)+len(part) > maxLine+len("\r\n"):
			tooLong, l.long = true, nil
		default:
			l.long = append(l.long, part...)
		}
		if !whole {
			continue
		}
		if line := trimEnd(l.long); !tooLong && len(line) <= maxLine {
			return line, nil
		}
		return nil, errTooLong
	}
}

// trimEnd takes \n or \r\n off a line.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

// message is what a line of the server says: exactly one of the three.
type message struct {
	ok      bool       // OK
	err     bool       // ERROR reason
	reason  string     // of err
	changed []Variable // v:KEY:BASE64; of several with one name the last counts

	skipped []error // why variables of the line were ignored, a few at most
}

// maxSkipped bounds message.skipped.
const maxSkipped = 5

var errNoMessage = errors.New("the line is none of OK, ERROR and v:KEY:BASE64")

// parse reads a line. Its errors repeat nothing of the line, which may hold a key.
func parse(line []byte, key string) (m message, err error) {
	if string(line) == "OK" {
		return message{ok: true}, nil
	}
	if reason, ok := bytes.CutPrefix(line, []byte("ERROR")); ok && (len(reason) == 0 || reason[0] == ' ') {
		return message{err: true, reason: string(bytes.TrimPrefix(reason, []byte(" ")))}, nil
	}
	rest, ok := bytes.CutPrefix(line, []byte("v:"))
	if !ok || len(rest) <= keyLength || rest[keyLength] != ':' {
		return m, errNoMessage
	}
	if !bytes.EqualFold(rest[:keyLength], []byte(key)) {
		return m, errors.New("the line has the key of another device")
	}
	encoded := rest[keyLength+1:]
	array := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
	n, err := base64.StdEncoding.Decode(array, encoded)
	if err != nil {
		return m, errors.New("the line is not valid base64")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(array[:n], &elements); err != nil || elements == nil {
		return m, errors.New("the line does not hold a JSON array")
	}
	if len(elements) > maxArray {
		return m, fmt.Errorf("the array has more than %d elements", maxArray)
	}
	m.readVariables(elements)
	return m, nil
}

// readVariables reads the elements of an array. One that is wrong does not keep the others from
// being applied.
func (m *message) readVariables(elements []json.RawMessage) {
	m.changed = make([]Variable, 0, len(elements))
	place := make(map[string]int, len(elements)) // of a name in m.changed
	for _, e := range elements {
		v, err := decodeVariable(e)
		if err != nil {
			if len(m.skipped) < maxSkipped {
				m.skipped = append(m.skipped, err)
			}
			continue
		}
		if i, ok := place[v.Name]; ok {
			m.changed[i] = v
			continue
		}
		place[v.Name] = len(m.changed)
		m.changed = append(m.changed, v)
	}
}

// appendLine writes a line of the device: kind l or i, the key, and the elements as one array.
func appendLine(b []byte, kind byte, key string, elements [][]byte) []byte {
	array := []byte{'['}
	for i, e := range elements {
		if i > 0 {
			array = append(array, ',')
		}
		array = append(array, e...)
	}
	array = append(array, ']')
	b = append(b, kind, ':')
	b = append(b, key...)
	b = append(b, ':')
	b = base64.StdEncoding.AppendEncode(b, array)
	return append(b, '\n')
}
