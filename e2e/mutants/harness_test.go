package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sneakers23/app/waittest"
)

// sums is a module with one package. Its tests hold one promise of two.
func sums(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module sums\n\ngo 1.26\n")
	write(t, filepath.Join(root, "sums.go"), `package sums

func Add(a, b int) int {
	return a + b
}

func Sub(a, b int) int {
	return a - b
}
`)
	write(t, filepath.Join(root, "sums_test.go"), `package sums

import "testing"

func TestAdd(t *testing.T) {
	t.Run("small", func(t *testing.T) {
		if Add(1, 2) != 3 {
			t.Error("wrong")
		}
	})
}
`)
	return root
}

func breaks(t *testing.T, list string) []mutant {
	t.Helper()
	all, err := parse("sums.txt", list)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBreaks runs a break of each kind with the real go command.
func TestBreaks(t *testing.T) {
	t.Parallel()
	var printed strings.Builder
	root := sums(t)
	before, err := os.ReadFile(filepath.Join(root, "sums.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := goTest{dir: root, timeout: waittest.Limit()}
	h := harness{root: root, test: tests.run, out: &screen{w: &printed, color: true}}
	err = h.run(t.Context(), breaks(t, `
promise: sums are exact
file: sums.go
-	return a + b
+	return a - b

promise: differences are exact
file: sums.go
-	return a - b
+	return a + b

promise: it is Go
file: sums.go
-	return a - b
+	return a - c
`))
	if err == nil || !strings.Contains(err.Error(), "1 survived") ||
		!strings.Contains(err.Error(), "1 could not be tested") {
		t.Errorf("ended with %v", err)
	}
	for _, want := range []string{
		"./. without a break: green after ",
		"1/3 sums.txt:2: sums are exact: caught by TestAdd after ",
		"2/3 sums.txt:7: differences are exact: \x1b[31mSURVIVED after ",
		"3/3 sums.txt:12: it is Go: \x1b[31mDOES NOT COMPILE\n",
		"undefined: c",
		"\n1 of 3 caught\n",
	} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("not printed: %q", want)
		}
	}
	if t.Failed() {
		t.Log(printed.String())
	}
	if after, err := os.ReadFile(filepath.Join(root, "sums.go")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the working tree was changed: %s, %v", after, err)
	}
}

// TestEnds is about what ends a run before all breaks were tried, and what a break may do beside
// failing a test.
func TestEnds(t *testing.T) {
	root, twice := sums(t), breaks(t, "promise: p\nfile: sums.go\ntests: ./a ./b\n-\treturn a + b\n+\treturn a\n")
	enough := errors.New("enough")
	for _, tt := range []struct {
		name   string
		says   []result // one for each run of the tests, then the run is interrupted
		prints string
		err    string
	}{
		{
			"red without a break", []result{{outcome: failed, by: "TestA", output: "the output"}}, "not green",
			"the output",
		},
		{"no tests", []result{{outcome: passed}, {outcome: noTests}}, "not green", "./b must pass"},
		{"the second package notices", []result{{}, {}, {}, {outcome: failed, by: "TestB"}}, "caught by TestB", ""},
		{
			"the first package notices", []result{{}, {}, {outcome: failed, by: hang}},
			"caught by the timeout: the tests hang after", "",
		},
		{"neither notices", []result{{}, {}, {}, {}}, "SURVIVED", "1 survived"},
		{"the go command fails", []result{{}, {}, {outcome: notJudge}}, "COULD NOT RUN", "could not be tested"},
		{"interrupted before", []result{{}}, "./b without a break: stopped", "enough"},
		{"interrupted", []result{{}, {}, {}}, "stopped", "0 of 1 breaks were run: enough"},
	} {
		var printed strings.Builder
		h := harness{root: root, out: &screen{w: &printed}}
		h.test = func(context.Context, string, string, io.Writer) (result, error) {
			if len(tt.says) == 0 {
				return result{}, enough
			}
			r := tt.says[0]
			tt.says = tt.says[1:]
			return r, nil
		}
		err := h.run(t.Context(), twice)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: ended with %v, want %q", tt.name, err, tt.err)
		}
		if !strings.Contains(printed.String(), tt.prints) {
			t.Errorf("%s: printed %s, want %q", tt.name, printed.String(), tt.prints)
		}
	}
}

// TestInterrupted ends a run in the middle of a test, which must not outlive it.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	root := sums(t)
	pidFile := filepath.Join(root, "pid")
	write(t, filepath.Join(root, "sums_test.go"), `package sums

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func TestForEver(t *testing.T) {
	_ = os.WriteFile("pid.new", []byte(strconv.Itoa(os.Getpid())), 0o600)
	_ = os.Rename("pid.new", "pid")
	time.Sleep(time.Hour)
}
`)
	ctx, interrupt := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	ended := make(chan error, 1)
	go func() {
		_, err := goTest{dir: root, timeout: 2 * time.Hour}.run(ctx, ".", "", io.Discard)
		ended <- err
	}()
	var pid int
	waittest.Until(t, "the test to run", func() bool {
		text, err := os.ReadFile(pidFile)
		if err == nil {
			pid, err = strconv.Atoi(string(text))
		}
		return err == nil
	})
	interrupt(enough)
	if err := waittest.Receive(t, "the end of the run", ended); !errors.Is(err, enough) {
		t.Errorf("ended with %v", err)
	}
	waittest.Until(t, "the end of the test's process", func() bool { return syscall.Kill(pid, 0) != nil })
}

// TestJudge tells what go test may print apart.
func TestJudge(t *testing.T) {
	const began = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/b"}
`
	const end = `{"Action":"fail","Package":"p"}` + "\n"
	for _, tt := range []struct {
		name, printed string
		ok, hung      bool
		want          outcome
		by            string
	}{
		{
			name: "green", printed: began + `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n", ok: true,
			want: passed,
		},
		{name: "no tests", printed: `{"Action":"pass","Package":"p"}` + "\n", ok: true, want: noTests},
		{
			name: "a failed subtest", printed: began + `{"Action":"fail","Package":"p","Test":"TestA/b"}` + "\n" + end,
			want: failed, by: "TestA",
		},
		{name: "a crash in a test", printed: began + end, want: failed, by: "a crash in TestA"},
		{name: "a crash before any test", printed: end, want: failed, by: "a crash of the test binary"},
		{
			name: "a hang that go test ends", want: failed, by: hang,
			printed: began + `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: test timed out after 5m0s\n"}` + "\n" + end,
		},
		{name: "a hang that this program ends", printed: began, hung: true, want: failed, by: hang},
		{
			name: "a build that fails", printed: `{"Action":"fail","Package":"p","FailedBuild":"p"}` + "\n",
			want: unbuilt,
		},
		{
			name: "a build that can't begin", want: unbuilt,
			printed: `{"Action":"output","Package":"p","Output":"FAIL\tp [setup failed]\n"}` + "\n" + end,
		},
		{name: "no go test", printed: "pattern ./x: directory not found\n", want: notJudge},
	} {
		l := &eventLog{print: io.Discard}
		for _, b := range []byte(tt.printed) { // lines come in pieces
			_, _ = l.Write([]byte{b})
		}
		if got := l.judge(tt.ok, tt.hung); got.outcome != tt.want || got.by != tt.by {
			t.Errorf("%s: got %d by %q, want %d by %q", tt.name, got.outcome, got.by, tt.want, tt.by)
		}
	}
}
