package device

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestVariables(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("ä", MaxName)
	for _, tt := range []struct {
		v    Variable
		want string // what it becomes, or a part of the error
	}{
		{String("testing1", "example"), `{"name":"testing1","type":"string","value":"example"}`},
		{Integer("testing2", -1), `{"name":"testing2","type":"integer","value":-1}`},
		{Integer("n", math.MinInt64), `{"name":"n","type":"integer","value":-9223372036854775808}`},
		{Float("f", 1.5), `{"name":"f","type":"float","value":1.5}`},
		{Float("f", 2), `{"name":"f","type":"float","value":2}`},
		{Boolean("b", true), `{"name":"b","type":"boolean","value":true}`},
		{Variable{"n", 7}, `{"name":"n","type":"integer","value":7}`},
		{String("größe in cm", "\xff"), `{"name":"größe in cm","type":"string","value":"�"}`},
		{Boolean(longest, false), `{"name":"` + longest + `","type":"boolean","value":false}`},
		{Boolean(longest+"ä", false), "name"},
		{String("", ""), "name"},
		{String(" a", ""), "name"},
		{String("a\n", ""), "name"},
		{String("a\xff", ""), "name"},
		{String("s", strings.Repeat("x", MaxString+1)), "longer than 4 KiB"},
		{String("s", "a\x00"), "NUL"},
		{Float("f", math.NaN()), "NaN"},
		{Float("f", math.Inf(-1)), "-Inf"},
		{Variable{"v", nil}, "a <nil> is none of"},
		{Variable{"v", []int{1}}, "a []int is none of"},
	} {
		v, err := tt.v.check()
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "device: ") {
				t.Errorf("%v: %v, want %s", tt.v, err, tt.want)
			}
			continue
		}
		text := v.encode()
		if string(text) != tt.want {
			t.Errorf("%v becomes %s, want %s", tt.v, text, tt.want)
		}
		if back, err := decodeVariable(text); err != nil || back != v {
			t.Errorf("%s becomes %#v, %v, want %#v", text, back, err, v)
		}
	}
}

func TestDecodeVariable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`{"name":"v","type":"float","value":1}`:              1.,
		`{"name":"v","type":"float","value":1e3}`:            1000.,
		`{"name":"v","type":"integer","value":-0}`:           int64(0),
		`{"name":"v","type":"string","value":"","more":[1]}`: "",
		`{"name":"v","type":"boolean","value":false}`:        false,
		`{"name":"v","type":"integer","value":1.0}`:          nil,
		`{"name":"v","type":"integer","value":"1"}`:          nil,
		`{"name":"v","type":"integer","value":1e400}`:        nil,
		`{"name":"v","type":"float","value":1e400}`:          nil,
		`{"name":"v","type":"float","value":null}`:           nil,
		`{"name":"v","type":"float"}`:                        nil,
		`{"name":"v","type":"string","value":1}`:             nil,
		`{"name":"v","type":"boolean","value":1}`:            nil,
		`{"name":"v","type":"object","value":{}}`:            nil,
		`{"name":"","type":"boolean","value":true}`:          nil,
		`{"type":"boolean","value":true}`:                    nil,
		`[]`:                                                 nil,
		`null`:                                               nil,
	} {
		v, err := decodeVariable([]byte(text))
		if want == nil {
			if err == nil {
				t.Errorf("%s is taken for %#v", text, v)
			}
			continue
		}
		if err != nil || v != (Variable{"v", want}) {
			t.Errorf("%s becomes %#v, %v, want %#v", text, v, err, want)
		}
	}
}

// TestTooManyVariables refuses a name beyond the limit, and still takes new values of the others.
func TestTooManyVariables(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Addresses: []string{"gateway:6667"}, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	for i := range MaxVariables {
		if err := c.Set(Integer(fmt.Sprint("v", i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set(Integer("v0", 1), Integer("one more", 1)); !errors.Is(err, ErrTooManyVariables) {
		t.Errorf("one more: %v", err)
	}
	if got := c.report.find("v0").Value; got != int64(0) {
		t.Errorf("v0 is %v after a call that was refused", got)
	}
	if err := c.Set(Integer("v0", 1)); err != nil || c.report.find("v0").Value != int64(1) {
		t.Errorf("a new value: %v", err)
	}
}
