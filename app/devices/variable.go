package devices

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Limits of variables.
const (
	MaxVariables = 256     // of a device
	MaxString    = 4 << 10 // bytes of the value of a variable of type string
)

// Variable is a named value of a device. Its Type is string, integer, float or boolean. Its Value
// is JSON in one form for each value, so that equal values are equal bytes: see Variable.Check.
type Variable struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// VariableState is what a device has reported of a variable, beside what an admin wants of it.
type VariableState struct {
	Name     string
	Reported *Variable // nil if the device has never reported it
	At       time.Time // when it was reported; zero if never
	Wanted   *Variable // nil if nothing is to be sent
	Revision int64     // of what is wanted; it grows with each change by an admin
	Since    time.Time // when the admin changed it
	Who      string    // the admin
}

// ErrTooManyVariables is returned for a report or a change after which a device would have more
// than MaxVariables.
var ErrTooManyVariables = fmt.Errorf("devices: a device has at most %d variables", MaxVariables)

// ParseVariables reads a JSON array of variables. Of several with one name the last holds. An error
// is a sentence for the device: it is short, and names the variable whose type or value is wrong.
func ParseVariables(array []byte) ([]Variable, error) {
	objects, err := parseArray(array)
	if err != nil {
		return nil, err
	}
	variables := make([]Variable, 0, len(objects))
	for i, o := range objects {
		var v Variable
		if json.Unmarshal(o["name"], &v.Name) != nil || !goodName(v.Name) {
			return nil, fmt.Errorf(
				"variable %d: the name is not 1 to %d printable characters without a space at either end", i+1, MaxName,
			)
		}
		if json.Unmarshal(o["type"], &v.Type) != nil {
			v.Type = "" // refused by Check
		}
		v.Value = o["value"]
		if v, err = v.Check(); err != nil {
			return nil, err
		}
		variables = append(variables, v)
	}
	return lastOfEach(variables), nil
}

// Check returns the variable with its value in the one form that such a value has: 1.50 of type
// float becomes 1.5. An error says what is wrong, as one sentence that names the variable.
func (v Variable) Check() (Variable, error) {
	if !goodName(v.Name) {
		return v, fmt.Errorf("the name of a variable is 1 to %d printable characters without a space at either end",
			MaxName)
	}
	canonical, ok := canonicals[v.Type]
	if !ok {
		return v, fmt.Errorf("variable %q: the type is none of string, integer, float and boolean", v.Name)
	}
	if len(v.Value) == 0 {
		return v, fmt.Errorf("variable %q: there is no value", v.Name)
	}
	value, err := canonical(v.Value)
	if err != nil {
		return v, fmt.Errorf("variable %q: %w", v.Name, err)
	}
	v.Value = value
	return v, nil
}

// Text is the value as people write it: a string without quotes, all else as it is in JSON.
func (v Variable) Text() string {
	var s string
	if v.Type == "string" && json.Unmarshal(v.Value, &s) == nil {
		return s
	}
	return string(v.Value)
}

// VariableOfText is the variable whose value people write so. Check tells whether it is one.
func VariableOfText(name, kind, text string) Variable {
	v := Variable{Name: name, Type: kind, Value: json.RawMessage(text)}
	if kind == "string" {
		v.Value, _ = encode(text) // which fails for no string
	}
	return v
}

// canonicals give each type the one form of its values.
var canonicals = map[string]func(json.RawMessage) (json.RawMessage, error){
	"string":  canonicalString,
	"integer": canonicalInteger,
	"float":   canonicalFloat,
	"boolean": canonicalBoolean,
}

func canonicalString(value json.RawMessage) (json.RawMessage, error) {
	var s string
	switch {
	case value[0] != '"' || json.Unmarshal(value, &s) != nil:
		return nil, errors.New("the value is not of type string")
	case len(s) > MaxString:
		return nil, fmt.Errorf("the value is longer than %d KiB", MaxString>>10)
	case strings.Contains(s, "\x00"):
		return nil, errors.New("the value has the character NUL in it")
	}
	return encode(s)
}

func canonicalInteger(value json.RawMessage) (json.RawMessage, error) {
	i, err := strconv.ParseInt(string(value), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, errors.New("the value is too large: an integer has 64 bits")
	case err != nil || !json.Valid(value): // ParseInt reads +1 and 01, which JSON lacks
		return nil, errors.New("the value is not of type integer")
	}
	return strconv.AppendInt(nil, i, 10), nil
}

func canonicalFloat(value json.RawMessage) (json.RawMessage, error) {
	if c := value[0]; c != '-' && (c < '0' || c > '9') || !json.Valid(value) {
		return nil, errors.New("the value is not of type float")
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, errors.New("the value is too large: a float has 64 bits")
	}
	if f == 0 {
		f = 0 // and not -0
	}
	return encode(f)
}

func canonicalBoolean(value json.RawMessage) (json.RawMessage, error) {
	if s := string(value); s != "true" && s != "false" {
		return nil, errors.New("the value is not of type boolean")
	}
	return value, nil
}

// lastOfEach keeps the last variable of each name, in the order in which the names first appear.
func lastOfEach(variables []Variable) []Variable {
	place := make(map[string]int, len(variables))
	kept := variables[:0:0]
	for _, v := range variables {
		if i, ok := place[v.Name]; ok {
			kept[i] = v
			continue
		}
		place[v.Name] = len(kept)
		kept = append(kept, v)
	}
	return kept
}
