package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

// TestLogs writes durations with their unit, as text in the value and as JSON in the name, and
// escapes in both.
func TestLogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := console.New(&out)
	log := func(asJSON bool) {
		newLog(w, asJSON, slog.LevelInfo).With("waited", time.Second).
			Info("request", "took", 1500*time.Microsecond, "count", 3, slog.Group("db", "took", time.Minute), "name",
				"\x1b[31m\u202e\u009b")
	}
	log(false)
	if want := `waited=1s took=1.5ms count=3 db.took=1m0s name="\x1b[31m\u202e\u009b"`; !strings.Contains(out.String(),
		want) {
		t.Errorf("as text: %s want %s", out.String(), want)
	}
	out.Reset()
	log(true)
	if want := `"waited_ms":1000,"took_ms":1.5,"count":3,"db":{"took_ms":60000},"name":"\u001b[31m\u202e\u009b"}`; !strings.Contains(out.String(), want) {
		t.Errorf("as JSON: %s want %s", out.String(), want)
	}
	var line struct{ Name string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Name != "\x1b[31m\u202e\u009b" {
		t.Errorf("decoded: %+q, %v", line.Name, err)
	}
}

// TestSurely does what is asked about when that was answered, and only then.
func TestSurely(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	for name, tt := range map[string]struct {
		yes    bool
		fails  error // when it is sure
		calls  []bool
		failed string
	}{
		"not asked, as it is meant":  {yes: true, calls: []bool{true}},
		"nobody to ask":              {calls: []bool{false}, failed: "10 pairs?\nthis asks first"},
		"meant, and it fails anyway": {yes: true, fails: broken, calls: []bool{true}, failed: "the disk is full"},
	} {
		var calls []bool
		term := terminal{strings.NewReader("y\n"), console.New(&bytes.Buffer{}), console.New(&bytes.Buffer{})}
		_, err := surely(term, tt.yes, func(sure bool) (int, error) {
			calls = append(calls, sure)
			if !sure {
				return 0, &operator.Question{Words: "10 pairs?"}
			}
			return 1, tt.fails
		})
		if !slices.Equal(calls, tt.calls) || (err != nil) != (tt.failed != "") ||
			err != nil && !strings.Contains(err.Error(), tt.failed) {
			t.Errorf("%s: called %v, %v", name, calls, err)
		}
	}
}

// TestFailures prints each kind of error for people and for programs.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err      error
		code     int
		text     string
		asJSON   string
		asString string
	}{
		{err: nil, code: exitOK},
		{
			errors.New("no \x1b[31m\nand no"), exitFailed, "sneakers23: no \\x1b[31m\nsneakers23: and no\n", "",
			"no \x1b[31m\nand no",
		},
		{
			usageError{errors.New("how?")}, exitUsage, "sneakers23: how?\ntry: sneakers23 --help\n",
			"sneakers23 --help", "how?",
		},
		{
			misused{usageError{errors.New("how?")}, "sneakers23 sell"}, exitUsage,
			"sneakers23: how?\ntry: sneakers23 sell --help\n",
			"sneakers23 sell --help", "how?",
		},
		{exitError{errors.New("too few"), exitTooFew}, exitTooFew, "sneakers23: too few\n", "", "too few"},
	} {
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			if code := fail(terminal{err: console.New(&out)}, tt.err, asJSON); code != tt.code {
				t.Errorf("%v: exit code %d, want %d", tt.err, code, tt.code)
			}
			if !asJSON {
				if out.String() != tt.text {
					t.Errorf("%v: printed is %q", tt.err, out.String())
				}
				continue
			}
			var told failure
			if err := json.Unmarshal(out.Bytes(), &told); tt.err != nil &&
				(err != nil || told != failure{tt.asString, tt.asJSON}) {
				t.Errorf("%v: as JSON %s, %v", tt.err, out.String(), err)
			}
		}
	}
}
