package device

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits of log records.
const (
	MaxMessage = 64 << 10 // bytes of a message
	MaxFields  = 64 << 10 // bytes of the fields of one record, as JSON
	MaxDepth   = 31       // levels of arrays and objects in Fields, Fields itself included
)

// Record is a log record.
type Record struct {
	Message string

	// Time is when it happened by the device's clock; zero stands for the moment of the call of
	// Log.
	Time time.Time

	// Fields are further facts, which become JSON. The names "message" and "timestamp" are taken.
	Fields map[string]any
}

// encode writes a record as one JSON object.
func (r Record) encode(now time.Time) ([]byte, error) {
	// as the server keeps it, so that both count the same bytes
	r.Message = strings.ReplaceAll(strings.ToValidUTF8(r.Message, "\ufffd"), "\x00", "\ufffd")
	if len(r.Message) > MaxMessage {
		return nil, fmt.Errorf("device: a message is longer than %d KiB", MaxMessage>>10)
	}
	if r.Time.IsZero() {
		r.Time = now
	}
	head := struct {
		Message   string    `json:"message"`
		Timestamp time.Time `json:"timestamp"`
	}{r.Message, r.Time.UTC()}
	text, err := marshal(head)
	if err != nil { // a year that RFC 3339 does not have
		return nil, fmt.Errorf("device: the time of a record: %w", err)
	}
	if len(r.Fields) == 0 {
		return text, nil
	}
	for _, taken := range []string{"message", "timestamp"} {
		if _, ok := r.Fields[taken]; ok {
			return nil, fmt.Errorf("device: a field of a record is called %q", taken)
		}
	}
	fields, err := marshal(r.Fields)
	switch {
	case err != nil:
		return nil, fmt.Errorf("device: the fields of a record: %w", err)
	case len(fields) > MaxFields:
		return nil, fmt.Errorf("device: the fields of a record are longer than %d KiB", MaxFields>>10)
	case depth(fields) > MaxDepth:
		return nil, fmt.Errorf("device: the fields of a record are nested more than %d levels deep", MaxDepth)
	}
	text[len(text)-1] = ',' // in place of the closing bracket
	return append(text, fields[1:]...), nil
}

// marshal writes a value as JSON, without the escapes that HTML would need.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		var marshaler *json.MarshalerError
		if errors.As(err, &marshaler) {
			err = marshaler.Err
		}
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// depth counts the levels of brackets in valid JSON.
func depth(text []byte) (most int) {
	level, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			level++
			most = max(most, level)
		case c == ']' || c == '}':
			level--
		}
	}
	return most
}
