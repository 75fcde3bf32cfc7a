package main

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// TestNumbersOfARehearsalHaveRanges gives each number of the command, whichever there are, values
// that no range may have.
func TestNumbersOfARehearsalHaveRanges(t *testing.T) {
	t.Parallel()
	var defaults rehearseCmd
	parser, err := kong.New(&defaults)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if err := defaults.check(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for _, flag := range parser.Model.Flags {
		var bad []any
		switch flag.Target.Interface().(type) {
		case time.Duration:
			bad = []any{time.Duration(-1), time.Duration(math.MinInt64), time.Duration(math.MaxInt64)}
		case int:
			bad = []any{-1, 0, math.MinInt, math.MaxInt}
		case int64:
			bad = []any{int64(-1), int64(0), int64(math.MaxInt64)}
		case float64:
			bad = []any{math.NaN(), math.Inf(1), math.Inf(-1), -0.1, 1.1}
		default:
			continue
		}
		for _, value := range bad {
			set := defaults
			reflect.ValueOf(&set).Elem().FieldByName(fieldOf(&defaults, flag)).Set(reflect.ValueOf(value))
			says := "--" + flag.Name + " must be from "
			if err := set.check(); err == nil || !strings.Contains(err.Error(), says) ||
				!strings.Contains(err.Error(), " to ") {
				t.Errorf("--%s=%v: %v, want %q", flag.Name, value, err, says)
			}
		}
	}
}
