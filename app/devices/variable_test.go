package devices

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestParseVariables reads each type, and gives each value its one form.
func TestParseVariables(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"name":"testing1","type":"string","value":"example"}`:     `"example"`,
		`{"name":"testing2","type":"integer","value":-1}`:           `-1`,
		`{"name":"a","type":"integer","value":-0}`:                  `0`,
		`{"name":"a","type":"integer","value":9223372036854775807}`: `9223372036854775807`,
		`{"name":"a","type":"float","value":1.50}`:                  `1.5`,
		`{"name":"a","type":"float","value":15e-1}`:                 `1.5`,
		`{"name":"a","type":"float","value":-0.0}`:                  `0`,
		`{"name":"a","type":"float","value":7}`:                     `7`,
		`{"name":"a","type":"boolean","value":false}`:               `false`,
		`{"name":"ä b","type":"string","value":"\u003c\ud800"}`:     `"<` + "\ufffd" + `"`,
		`{"name":"a","type":"string","value":"","more":[1]}`:        `""`,
	} {
		got, err := ParseVariables([]byte("[" + in + "]"))
		if err != nil || len(got) != 1 || string(got[0].Value) != want {
			t.Errorf("%s: %v, %v; want the value %s", in, got, err, want)
		}
	}
	got, err := ParseVariables([]byte(
		`[{"name":"a","type":"integer","value":1},{"name":"b","type":"boolean","value":true},{"name":"a","type":"string","value":"x"}]`,
	))
	if err != nil || fmt.Sprint(got) != fmt.Sprint([]Variable{
		{"a", "string", []byte(`"x"`)}, {"b", "boolean", []byte(`true`)},
	}) {
		t.Errorf("of two with one name the last holds: %v, %v", got, err)
	}
}

// TestParseBadVariables names the variable whose type is wrong.
func TestParseBadVariables(t *testing.T) {
	t.Parallel()
	const (
		badName = "variable 1: the name is not 1 to 64 printable characters without a space at either end"
		noType  = `variable "a": the type is none of string, integer, float and boolean`
	)
	bad := badArrays()
	for in, want := range map[string]string{
		`{"type":"string","value":"x"}`:                     badName,
		`{"name":"","type":"string","value":"x"}`:           badName,
		`{"name":7,"type":"string","value":"x"}`:            badName,
		`{"name":"a\u001b[2J","type":"string","value":"x"}`: badName,
		`{"name":" a","type":"string","value":"x"}`:         badName,
		`{"name":"` + strings.Repeat("ä", 65) +
			`","type":"string"}`: badName,
		`{"name":"a","value":"x"}`:                          noType,
		`{"name":"a","type":"String","value":"x"}`:          noType,
		`{"name":"a","type":7,"value":"x"}`:                 noType,
		`{"name":"a","type":"string"}`:                      `variable "a": there is no value`,
		`{"name":"a","type":"string","value":7}`:            `variable "a": the value is not of type string`,
		`{"name":"a","type":"string","value":null}`:         `variable "a": the value is not of type string`,
		`{"name":"a","type":"string","value":"\u0000"}`:     `variable "a": the value has the character NUL in it`,
		`{"name":"testing2","type":"integer","value":"-1"}`: `variable "testing2": the value is not of type integer`,
		`{"name":"a","type":"integer","value":1.0}`:         `variable "a": the value is not of type integer`,
		`{"name":"a","type":"integer","value":1e3}`:         `variable "a": the value is not of type integer`,
		`{"name":"a","type":"integer","value":` +
			`9223372036854775808}`: `variable "a": the value is too large: an integer has 64 bits`,
		`{"name":"a","type":"float","value":"1"}`:   `variable "a": the value is not of type float`,
		`{"name":"a","type":"float","value":1e400}`: `variable "a": the value is too large: a float has 64 bits`,
		`{"name":"a","type":"boolean","value":1}`:   `variable "a": the value is not of type boolean`,
		`{"name":"a","type":"string","value":"` + strings.Repeat("a", MaxString+1) +
			`"}`: `variable "a": the value is longer than 4 KiB`,
	} {
		bad["["+in+"]"] = want
	}
	delete(bad, nested(MaxDepth-1))
	for in, want := range bad {
		_, err := ParseVariables([]byte(in))
		if got := words(err); got != want {
			t.Errorf("%.80s: %q, want %q", in, got, want)
		} else {
			checkSentence(t, err)
		}
	}
}

// FuzzParseVariables parses anything. The result, encoded and parsed again, is the same.
func FuzzParseVariables(f *testing.F) {
	for in := range badArrays() {
		f.Add([]byte(in[:min(len(in), 200)]))
	}
	f.Add([]byte(`[{"name":"a","type":"float","value":-0.0},{"name":"b","type":"integer","value":-1},{"name":"c","type":"string","value":"\ud800"}]`))
	f.Fuzz(func(t *testing.T, array []byte) {
		variables, err := ParseVariables(array)
		if err != nil {
			checkSentence(t, err)
			return
		}
		text, err := json.Marshal(variables)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseVariables(text)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(variables) && len(variables) > 0 {
			t.Errorf("%s read again: %v, %v", text, again, err)
		}
	})
}

// TestKeysAreHidden formats a key in every way that a log or an error may.
func TestKeysAreHidden(t *testing.T) {
	t.Parallel()
	key, ok := ParseKey("0123456789AB")
	if !ok || string(key) != "0123456789ab" {
		t.Fatalf("%q, %v", string(key), ok)
	}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", key,
		"err", fmt.Errorf("no: %w", errors.New(fmt.Sprint(key))), "in", []Key{key})
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%#v", "%+v", "%d"} {
		fmt.Fprintf(&out, verb, key)
		fmt.Fprintf(&out, verb, struct{ K Key }{key})
	}
	if strings.Contains(out.String(), "0123") || strings.Contains(out.String(), "3031") {
		t.Errorf("the key is shown: %s", out.String())
	}
	for _, bad := range []string{
		"", "0123456789a", "0123456789abc", "0123456789ag", "0123456789a ", "0123456789\x01b", "０123456789",
	} {
		if _, ok := ParseKey(bad); ok {
			t.Errorf("%q has the form of a key", bad)
		}
	}
}
