package devices

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits of what one line of a device may hold.
const (
	MaxArray   = 1000     // records or variables
	MaxDepth   = 32       // levels of JSON, the array included
	MaxMessage = 64 << 10 // bytes of the message of a record
	MaxFields  = 64 << 10 // bytes of the other members of a record, as JSON
	MaxStamp   = 1 << 10  // bytes of the timestamp of a record, as JSON
)

// parseArray reads a JSON array whose elements are objects. Of equal members of an object the last
// is taken.
func parseArray(array []byte) ([]map[string]json.RawMessage, error) {
	if !utf8.Valid(array) {
		return nil, errors.New("the JSON is not valid UTF-8")
	}
	array = bytes.TrimLeft(array, " \t\r\n")
	if len(array) == 0 || array[0] != '[' {
		return nil, errors.New("this is not a JSON array")
	}
	if deeper(array, MaxDepth) {
		return nil, fmt.Errorf("the JSON is nested more than %d levels deep", MaxDepth)
	}
	if !json.Valid(array) {
		return nil, errors.New("this is not valid JSON")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(array, &elements); err != nil {
		return nil, errors.New("this is not a JSON array")
	}
	if len(elements) > MaxArray {
		return nil, fmt.Errorf("the array has more than %d elements", MaxArray)
	}
	objects := make([]map[string]json.RawMessage, len(elements))
	for i, e := range elements {
		if e[0] != '{' || json.Unmarshal(e, &objects[i]) != nil {
			return nil, fmt.Errorf("element %d of the array is not an object", i+1)
		}
	}
	return objects, nil
}

// deeper reports whether brackets outside of strings are nested more than most levels deep. The
// text need not be valid JSON.
func deeper(text []byte, most int) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > most {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// encode writes a value as JSON, without the escapes that HTML would need.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
