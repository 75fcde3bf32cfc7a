package main

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"sneakers23/cmd/console"
)

// TestNumbersHaveRanges gives each setting that is a number, whichever there are, values that no
// range may have, and expects the error to say which it has.
func TestNumbersHaveRanges(t *testing.T) {
	t.Parallel()
	var defaults serveCmd
	parser, err := kong.New(&defaults)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	term := terminal{out: console.New(io.Discard), err: console.New(io.Discard)}
	if err := defaults.config(new(globals), term).Validate(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	numbers := 0
	for _, flag := range parser.Model.Flags {
		var bad []any
		switch flag.Target.Interface().(type) {
		case time.Duration:
			bad = []any{
				time.Duration(-1), time.Duration(math.MinInt64), time.Duration(math.MaxInt64),
				100 * 365 * 24 * time.Hour,
			}
		case int:
			bad = []any{-1, 0, math.MinInt, math.MaxInt, 9_999_999_999}
		case float64:
			bad = []any{math.NaN(), math.Inf(1), math.Inf(-1), -0.1, 0.0, 1.1, 1e300}
		default:
			continue
		}
		numbers++
		for _, value := range bad {
			set := defaults
			field := reflect.ValueOf(&set).Elem().FieldByName(fieldOf(&defaults, flag))
			field.Set(reflect.ValueOf(value))
			err := set.config(new(globals), term).Validate()
			says := fmt.Sprintf("--%s must be from ", flag.Name)
			if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), " to ") {
				t.Errorf("--%s=%v: %v, want %q", flag.Name, value, err, says)
			}
		}
	}
	if numbers < 17 {
		t.Errorf("only %d settings are numbers", numbers)
	}
}

// fieldOf is the name of the field that a flag sets in a command, which of points to.
func fieldOf(of any, flag *kong.Flag) string {
	v := reflect.ValueOf(of).Elem()
	for i := range v.NumField() {
		if v.Field(i).CanAddr() && v.Field(i).Addr().Pointer() == flag.Target.Addr().Pointer() {
			return v.Type().Field(i).Name
		}
	}
	return ""
}
