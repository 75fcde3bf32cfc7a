package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of variables.
const (
	MaxVariables = 256     // names of a client
	MaxName      = 64      // characters of a name
	MaxString    = 4 << 10 // bytes of a value of type string
)

// Variable is a named value. The four constructors make one; the value of a variable that an admin
// changed has the same four types. Two variables are equal (==) if they have the same name, type
// and value.
type Variable struct {
	Name  string
	Value any // string, int64, float64 or bool
}

// String makes a variable of type string.
func String(name, value string) Variable { return Variable{name, value} }

// Integer makes a variable of type integer.
func Integer(name string, value int64) Variable { return Variable{name, value} }

// Float makes a variable of type float. NaN and the infinities are refused by Set.
func Float(name string, value float64) Variable { return Variable{name, value} }

// Boolean makes a variable of type boolean.
func Boolean(name string, value bool) Variable { return Variable{name, value} }

// Type is the type of the value in the words of the protocol: string, integer, float or boolean;
// empty for a value of another type.
func (v Variable) Type() string {
	switch v.Value.(type) {
	case string:
		return "string"
	case int64:
		return "integer"
	case float64:
		return "float"
	case bool:
		return "boolean"
	}
	return ""
}

// check returns the variable as it is kept, or why it can't be sent. An int becomes an int64, and
// what is no UTF-8 in a string becomes U+FFFD, as in JSON.
func (v Variable) check() (Variable, error) {
	if !goodName(v.Name) {
		return v, fmt.Errorf("device: a name is 1 to %d printable characters without a space at either end", MaxName)
	}
	switch value := v.Value.(type) {
	case int:
		v.Value = int64(value)
	case int64, bool:
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return v, fmt.Errorf("device: variable %q: %v is not a number that JSON has", v.Name, value)
		}
	case string:
		value = strings.ToValidUTF8(value, "\ufffd")
		if len(value) > MaxString || strings.Contains(value, "\x00") {
			return v, fmt.Errorf("device: variable %q: the value is longer than %d KiB, or has a NUL in it",
				v.Name, MaxString>>10)
		}
		v.Value = value
	default:
		return v, fmt.Errorf("device: variable %q: a %T is none of string, int64, float64 and bool", v.Name, v.Value)
	}
	return v, nil
}

// goodName reports whether the server takes a name.
func goodName(name string) bool {
	if !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return false
	}
	if n := utf8.RuneCountInString(name); n < 1 || n > MaxName {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// variableJSON is a variable on the wire.
type variableJSON struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// encode writes a checked variable.
func (v Variable) encode() []byte {
	value, err := json.Marshal(v.Value)
	if err == nil {
		value, err = json.Marshal(variableJSON{v.Name, v.Type(), value})
	}
	if err != nil {
		panic("device: a checked variable can't be encoded: " + err.Error()) // check lets only four types pass
	}
	return value
}

// decodeVariable reads one variable that an admin changed. The error repeats nothing of the text.
func decodeVariable(text []byte) (v Variable, err error) {
	var wire variableJSON
	if err := json.Unmarshal(text, &wire); err != nil {
		return v, errors.New("a variable is not an object with name, type and value")
	}
	v.Name = wire.Name
	switch wire.Type {
	case "string":
		v.Value, err = decode[string](wire.Value)
	case "integer":
		v.Value, err = strconv.ParseInt(string(wire.Value), 10, 64)
	case "float":
		v.Value, err = decode[float64](wire.Value)
	case "boolean":
		v.Value, err = decode[bool](wire.Value)
	default:
		err = errors.New("no such type")
	}
	if err != nil {
		return v, errors.New("the value of a variable is not of the type that it names")
	}
	return v.check()
}

// decode reads a JSON value, which must not be null or absent.
func decode[T any](text []byte) (value T, err error) {
	var p *T
	if err := json.Unmarshal(text, &p); err != nil {
		return value, err
	}
	if p == nil {
		return value, errors.New("null")
	}
	return *p, nil
}
