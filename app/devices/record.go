package devices

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Record is one log record of a device.
type Record struct {
	Message   string          `json:"message"`
	Timestamp json.RawMessage `json:"timestamp,omitempty"` // what the device said: data, and not a time; nil if absent
	Fields    json.RawMessage `json:"fields,omitempty"`    // a JSON object of all other members; nil if there are none
}

// Logged is a Record that is stored.
type Logged struct {
	ID       int64
	Device   ID
	Name     string // of the device
	Received time.Time
	Record
}

// ParseRecords reads a JSON array of log records. An error is a sentence for the device: it is
// short, and repeats nothing of what the device sent. What PostgreSQL can't keep in a text, the
// character NUL, is replaced by U+FFFD.
func ParseRecords(array []byte) ([]Record, error) {
	objects, err := parseArray(array)
	if err != nil {
		return nil, err
	}
	records := make([]Record, len(objects))
	for i, o := range objects {
		if records[i], err = parseRecord(o); err != nil {
			return nil, fmt.Errorf("record %d: %w", i+1, err)
		}
	}
	return records, nil
}

func parseRecord(o map[string]json.RawMessage) (r Record, err error) {
	message, ok := o["message"]
	if !ok {
		return r, fmt.Errorf("there is no message")
	}
	if message[0] != '"' || json.Unmarshal(message, &r.Message) != nil {
		return r, fmt.Errorf("the message is not a string")
	}
	r.Message = strings.ReplaceAll(r.Message, "\x00", "\ufffd")
	if len(r.Message) > MaxMessage {
		return r, fmt.Errorf("the message is longer than %d KiB", MaxMessage>>10)
	}
	if stamp, ok := o["timestamp"]; ok {
		if r.Timestamp, err = storable(stamp); err != nil || len(r.Timestamp) > MaxStamp {
			return r, fmt.Errorf("the timestamp is longer than %d bytes", MaxStamp)
		}
	}
	delete(o, "message")
	delete(o, "timestamp")
	if len(o) == 0 {
		return r, nil
	}
	fields, err := encode(o)
	if err == nil {
		r.Fields, err = storable(fields)
	}
	if err != nil || len(r.Fields) > MaxFields {
		return r, fmt.Errorf("the members beside message and timestamp are longer than %d KiB", MaxFields>>10)
	}
	return r, nil
}

// storable returns JSON that PostgreSQL can read every string of: it refuses the NUL, and
// surrogates that stand alone. JSON without escapes of that kind is returned as it is.
func storable(text json.RawMessage) (json.RawMessage, error) {
	if !hasUnstorable(text) {
		return text, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // numbers stay as they were written
	var v any
	if err := d.Decode(&v); err != nil { // makes U+FFFD of surrogates that stand alone
		return nil, err
	}
	return encode(withoutNUL(v))
}

// hasUnstorable reports whether there may be an escape that PostgreSQL refuses. It may report some
// that are none.
func hasUnstorable(text []byte) bool {
	for {
		i := bytes.Index(text, []byte(`\u`))
		if i < 0 || len(text) < i+6 {
			return false
		}
		digits := text[i+2 : i+6]
		if string(digits) == "0000" || digits[0]|0x20 == 'd' && digits[1] >= '8' {
			return true
		}
		text = text[i+2:]
	}
}

// withoutNUL returns a decoded value in whose strings and names the character NUL is replaced. It
// may change the value.
func withoutNUL(v any) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", "\ufffd")
	case []any:
		for i := range v {
			v[i] = withoutNUL(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for name, value := range v {
			clean[strings.ReplaceAll(name, "\x00", "\ufffd")] = withoutNUL(value)
		}
		return clean
	}
	return v
}
